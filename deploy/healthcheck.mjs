// node healthcheck.mjs URL [METRIC]: ends with 0 when a GET answers with 200 to 299 within 5 s, and, if a metric is named,
// when it is above zero in the answer (Prometheus' text format). The image has no curl.
const [, , url, metric] = process.argv;
const answer = await fetch(url, { signal: AbortSignal.timeout(5000) });
const text = await answer.text();
const isAboveZero = (line) => {
  const [name, value] = [line.split(/[{ ]/, 1)[0], Number(line.slice(line.lastIndexOf(' ') + 1))];
  return name === metric && value > 0;
};
const healthy = answer.ok && (metric === undefined || text.split('\n').some(isAboveZero));
process.exitCode = healthy ? 0 : 1;
