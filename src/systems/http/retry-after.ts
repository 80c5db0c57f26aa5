/** Header names that vendors use to say when to come back, most exact first, and what one unit is in milliseconds. */
const HEADERS = [
  { name: 'retry-after-ms', unitMs: 1 },
  { name: 'x-ms-retry-after-ms', unitMs: 1 },
  { name: 'retry-after', unitMs: 1000 },
] as const;

/**
 * How long a server asks to wait, in whole milliseconds, rounded up; undefined when it does not say, or says nonsense.
 * Reads `Retry-After` as an integer, a fraction (Microsoft Graph sends 2.128) or an HTTP date, and Azure's two headers in
 * milliseconds (reference: saas-apis, sections 4, 5 and 9). A date in the past is 0.
 *
 * @param header looks a header up by its lower-case name
 * @param nowMs the present, needed for dates
 */
export function retryAfterMs(
  header: (name: string) => string | null | undefined,
  nowMs: number,
): number | undefined {
  for (const { name, unitMs } of HEADERS) {
    const text = header(name)?.trim();
    if (text === undefined || text === '') continue;
    if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * unitMs);
    const date = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
    if (!Number.isNaN(date)) return Math.max(0, date - nowMs);
  }
  return undefined;
}
