// node healthcheck.mjs URL: ends with 0 when a GET answers with 200 to 299 within 5 s. The image has no curl.
const answer = await fetch(process.argv[2], { signal: AbortSignal.timeout(5000) });
process.exitCode = answer.ok ? 0 : 1;
