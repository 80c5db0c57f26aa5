import { Refusal } from '../framework/refusal.js';

/** properties that the stand-in can filter by; Graph knows more */
const FILTERABLE = ['mail', 'userPrincipalName', 'employeeId', 'displayName', 'id'] as const;
export type Filterable = Readonly<Record<(typeof FILTERABLE)[number], string | null>>;

/**
 * The part of OData filters that Gatehouse needs: `property eq 'text'` or `property eq null`, joined by `or`. A quote
 * inside a text is doubled. Comparison ignores case, as Graph does for these properties.
 * @throws Refusal 400 as Graph words it
 */
export function parseFilter(filter: string): (candidate: Partial<Filterable>) => boolean {
  const clauses: { property: (typeof FILTERABLE)[number]; value: string | null }[] = [];
  let rest = filter.trim();
  for (;;) {
    const match = /^(\w+)\s+eq\s+(?:'((?:[^']|'')*)'|(null))/.exec(rest);
    const property = FILTERABLE.find((name) => name === match?.[1]);
    if (!match || !property) throw invalid(filter);
    clauses.push({ property, value: match[3] === 'null' ? null : (match[2] ?? '').replaceAll("''", "'") });
    rest = rest.slice(match[0].length);
    if (rest.trim() === '') break;
    const or = /^\s+or\s+/.exec(rest);
    if (!or) throw invalid(filter);
    rest = rest.slice(or[0].length);
  }
  return (candidate) =>
    clauses.some(({ property, value }) => {
      const actual = candidate[property] ?? null;
      return value === null || actual === null
        ? value === actual
        : actual.toLowerCase() === value.toLowerCase();
    });
}

function invalid(filter: string): Refusal {
  const quotes = filter.split("'").length - 1;
  return quotes % 2 === 1
    ? new Refusal(
        400,
        `There is an unterminated string literal at position ${filter.length} in '${filter}'.`,
        { code: 'BadRequest' },
      )
    : new Refusal(400, `Invalid filter clause: ${filter}`, { code: 'BadRequest' });
}
