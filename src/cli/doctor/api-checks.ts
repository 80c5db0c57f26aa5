/** The API, where GATEHOUSE_URL names one: it is ready, and its clock agrees. */
import { CliError } from '../cli-error.js';
import { clockState } from './clock.js';
import { type Finding, find } from './finding.js';

const TIMEOUT_MS = 10_000;

/** @param url value of GATEHOUSE_URL */
export async function apiChecks(url: string): Promise<readonly Finding[]> {
  const answer: { response?: Response } = {};
  const ready = await find('api', 'ready', async () => {
    const response = await readiness(url);
    answer.response = response;
    if (response.status === 200) return url;
    throw new CliError(
      `It answers ${response.status}: ${(await response.text()).slice(0, 200)}`,
      'Look at the log of the API: the ledger or Temporal does not answer there.',
    );
  });
  const date = answer.response?.headers.get('date');
  return date === null || date === undefined
    ? [ready]
    : [ready, await find('clock', 'api', async () => clockState(Date.parse(date), Date.now()))];
}

async function readiness(url: string): Promise<Response> {
  try {
    return await fetch(`${url.replace(/\/+$/, '')}/readyz`, {
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    throw new CliError(`Nothing answers at ${url}.`, 'Check GATEHOUSE_URL, and that the API runs.');
  }
}
