import type { Call } from '../framework/operation.js';
import { Refusal } from '../framework/refusal.js';

/** the most items a page (vendor: spec of secrets 7.6) */
const MOST_A_PAGE = 25;
/** the parameter of the links to further pages; the spec calls the whole link opaque and does not name it */
export const SKIP_TOKEN = '$skiptoken';

/**
 * Cuts one page out of a list that is sorted by key.
 * @throws Refusal 400 for `maxresults` outside of 1 to 25
 */
export function pageOf<T>(
  call: Call,
  items: readonly T[],
  keyOf: (item: T) => string,
  size: number,
  show: (item: T) => unknown,
): { readonly value: readonly unknown[]; readonly nextLink?: string } {
  const asked = call.query('maxresults');
  const most = asked === undefined ? size : Number(asked);
  if (!Number.isInteger(most) || most < 1 || most > MOST_A_PAGE) {
    throw new Refusal(400, `maxresults must be between 1 and ${MOST_A_PAGE}`, { code: 'BadParameter' });
  }
  const token = call.query(SKIP_TOKEN);
  const last = token === undefined ? undefined : Buffer.from(token, 'base64url').toString('utf8');
  const rest = last === undefined ? items : items.filter((item) => keyOf(item) > last);
  const page = rest.slice(0, most);
  const end = page.at(-1);
  const value = page.map(show);
  if (end === undefined || rest.length <= most) return { value };
  const next = new URL(call.request.url, `https://${call.header('host') ?? ''}`);
  next.searchParams.set(SKIP_TOKEN, Buffer.from(keyOf(end)).toString('base64url'));
  return { value, nextLink: next.href };
}
