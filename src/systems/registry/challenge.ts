/** What a registry wants before it answers, from `WWW-Authenticate` (RFC 9110, 11.6.1; token flow of the distribution project). */
export type Challenge =
  | { readonly scheme: 'basic' }
  | {
      readonly scheme: 'bearer';
      /** address of the token service */
      readonly realm: string;
      readonly service?: string;
      readonly scope?: string;
    };

const PARAMETER = /([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi;

/** Reads the first challenge of a header that we can meet; undefined when there is none. */
export function challengeOf(header: string | null): Challenge | undefined {
  const [, scheme = '', rest = ''] = /(?:^|,\s*)(Bearer|Basic)\b\s*(.*)$/is.exec(header ?? '') ?? [];
  if (scheme.toLowerCase() === 'basic') return { scheme: 'basic' };
  if (scheme.toLowerCase() !== 'bearer') return undefined;
  const values = parametersOf(rest);
  const realm = values.get('realm');
  if (realm === undefined) return undefined;
  const service = values.get('service');
  const scope = values.get('scope');
  return {
    scheme: 'bearer',
    realm,
    ...(service === undefined ? {} : { service }),
    ...(scope === undefined ? {} : { scope }),
  };
}

/** The first value of each name: a second challenge may follow in the same header. */
function parametersOf(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [, name = '', quoted, plain] of text.matchAll(PARAMETER)) {
    const key = name.toLowerCase();
    if (!values.has(key)) values.set(key, quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? '');
  }
  return values;
}
