/**
 * Argo CD's globs (argo-cd 3.5, util/glob, which is gobwas/glob without separators): `*` and `**` for any text, `?` for one
 * character, `[abc]`, `[a-z]` and `[!abc]` for one of a class, `{one,other}` for alternatives, `\\` before a character that stands
 * for itself. What cannot be read matches nothing. Pure.
 */

/** Patterns and names of Kubernetes are short; longer ones are not looked at. */
const LONGEST = 1_024;

export function matchesGlob(glob: string, value: string): boolean {
  if (glob === '*') return true;
  if (glob.length > LONGEST || value.length > LONGEST) return false;
  const tokens = tokensOf(glob);
  if (tokens === undefined) return false;
  return ends(tokens, new Set([0]), value).has(value.length);
}

type Token =
  | { readonly kind: 'any' }
  | { readonly kind: 'one'; readonly takes: (character: string) => boolean }
  | { readonly kind: 'either'; readonly ways: readonly (readonly Token[])[] };

/** Where a value may have got to after tokens, from all places at once: no way back, so the work is bounded. */
function ends(tokens: readonly Token[], starts: ReadonlySet<number>, value: string): ReadonlySet<number> {
  let at = starts;
  for (const token of tokens) {
    if (at.size === 0) return at;
    at = endsOf(token, at, value);
  }
  return at;
}

function endsOf(token: Token, at: ReadonlySet<number>, value: string): ReadonlySet<number> {
  if (token.kind === 'any') {
    const first = Math.min(...at);
    return new Set(Array.from({ length: value.length - first + 1 }, (_, index) => first + index));
  }
  if (token.kind === 'either') return new Set(token.ways.flatMap((way) => [...ends(way, at, value)]));
  return new Set(
    [...at]
      .filter((place) => place < value.length && token.takes(value.charAt(place)))
      .map((place) => place + 1),
  );
}

function tokensOf(glob: string): readonly Token[] | undefined {
  const read = sequence(glob, 0, false);
  return read?.end === glob.length ? read.tokens : undefined;
}

interface Read {
  readonly tokens: readonly Token[];
  readonly end: number;
}

/** @param inside of braces: a comma or the closing brace ends it */
function sequence(glob: string, start: number, inside: boolean): Read | undefined {
  const tokens: Token[] = [];
  let at = start;
  while (at < glob.length) {
    const character = glob.charAt(at);
    if (inside && (character === ',' || character === '}')) break;
    const read = token(glob, at, character);
    if (read === undefined) return undefined;
    tokens.push(...read.tokens);
    at = read.end;
  }
  return { tokens, end: at };
}

function token(glob: string, at: number, character: string): Read | undefined {
  if (character === '*') return { tokens: [{ kind: 'any' }], end: at + 1 };
  if (character === '?') return { tokens: [{ kind: 'one', takes: () => true }], end: at + 1 };
  if (character === '[') return characterClass(glob, at);
  if (character === '{') return alternatives(glob, at);
  if (character !== '\\') return literal(character, at + 1);
  const escaped = glob.charAt(at + 1);
  return escaped === '' ? undefined : literal(escaped, at + 2);
}

function literal(wanted: string, end: number): Read {
  return { tokens: [{ kind: 'one', takes: (character) => character === wanted }], end };
}

function characterClass(glob: string, start: number): Read | undefined {
  const end = glob.indexOf(']', start + 1);
  if (end < 0) return undefined;
  const text = glob.slice(start + 1, end);
  const isNot = text.startsWith('!');
  const members = isNot ? text.slice(1) : text;
  if (members === '') return undefined;
  const range = /^(.)-(.)$/su.exec(members);
  const [, low = '', high = ''] = range ?? [];
  const has = (character: string): boolean =>
    range === null ? members.includes(character) : low <= character && character <= high;
  return {
    tokens: [{ kind: 'one', takes: (character) => has(character) !== isNot }],
    end: end + 1,
  };
}

function alternatives(glob: string, start: number): Read | undefined {
  const ways: (readonly Token[])[] = [];
  let at = start;
  do {
    const read = sequence(glob, at + 1, true);
    if (read === undefined || read.end >= glob.length) return undefined;
    ways.push(read.tokens);
    at = read.end;
  } while (glob.charAt(at) === ',');
  return { tokens: [{ kind: 'either', ways }], end: at + 1 };
}
