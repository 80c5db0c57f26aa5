import { createHash } from 'node:crypto';

/** Room for the check's own name in a name of 63 characters. */
const LONGEST_NAME = 40;

/**
 * Name of the job that runs one check: the same for every attempt at the same run, so that it is found again; another one
 * after the place has failed and is tried again.
 */
export function jobNameOf(
  run: { readonly requestId: string; readonly target: string; readonly revert: boolean },
  check: string,
  failures: number,
): string {
  const { requestId, target, revert } = run;
  const id = createHash('sha256')
    .update(JSON.stringify([requestId, target, revert, check, failures]))
    .digest('hex')
    .slice(0, 12);
  const name = check
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, LONGEST_NAME)
    .replace(/^-+|-+$/g, '');
  return `gatehouse-${name === '' ? 'check' : name}-${id}`.slice(0, 63);
}
