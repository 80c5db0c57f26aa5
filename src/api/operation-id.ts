/** Names of operations in the description of the API: clients that are generated from it call their methods so. */

/** `requests` → `Request`, `holds` → `Hold`; what is no plural stays. */
const singular = (word: string): string =>
  isPlural(word) ? word.replace(/ies$/, 'y').replace(/s$/, '') : word;
const isPlural = (word: string): boolean => /[^s]s$/.test(word);
const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
const isParameter = (segment: string): boolean => segment.startsWith(':');

/**
 * The name of an operation by its method and path, e.g. `GET /v1/requests/:requestId/decisions` is `listRequestDecisions` and
 * `POST /v1/requests/:requestId/pause` is `pauseRequest`.
 */
export function operationIdOf(method: string, path: string): string {
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== 'v1');
  const words = segments.filter((segment) => !isParameter(segment)).map(wordOf);
  const last = words.at(-1) ?? '';
  const owners = words.slice(0, -1).map(singular).map(capital).join('');
  if (method === 'GET') {
    const isList = isPlural(last) && !isParameter(segments.at(-1) ?? '');
    return isList ? `list${owners}${capital(last)}` : `get${owners}${capital(singular(last))}`;
  }
  return isPlural(last) || owners === '' ? `create${owners}${capital(singular(last))}` : `${last}${owners}`;
}

/** `openapi.json` and `set-up` have to be one word. */
function wordOf(segment: string): string {
  const [first = '', ...more] = segment.split(/[^A-Za-z0-9]+/);
  return first + more.map(capital).join('');
}
