/** How a secret may be written where it has leaked to. */

/** Shorter pieces would hit by chance. */
const SHORTEST = 10;

export type Spelling = 'raw' | 'base64' | 'base64url' | 'url-encoded' | 'json' | 'json in json' | 'hex';

/**
 * All spellings of a secret: as it is; in base64 and base64url at each of the three offsets that it can have in a longer
 * text (the characters that its neighbours change are cut off); percent-encoded; escaped in JSON, also twice; in hex.
 */
export function spellingsOf(
  secret: string,
): readonly { readonly spelling: Spelling; readonly text: string }[] {
  const bytes = Buffer.from(secret);
  const escaped = JSON.stringify(secret).slice(1, -1);
  const inBase64 = [0, 1, 2].map((offset) => base64At(bytes, offset));
  const all: readonly { readonly spelling: Spelling; readonly text: string }[] = [
    { spelling: 'raw', text: secret },
    ...inBase64.map((text) => ({ spelling: 'base64' as const, text })),
    ...inBase64.map((text) => ({
      spelling: 'base64url' as const,
      text: text.replaceAll('+', '-').replaceAll('/', '_'),
    })),
    { spelling: 'url-encoded', text: encodeURIComponent(secret) },
    { spelling: 'json', text: escaped },
    { spelling: 'json in json', text: JSON.stringify(escaped).slice(1, -1) },
    { spelling: 'hex', text: bytes.toString('hex') },
    { spelling: 'hex', text: bytes.toString('hex').toUpperCase() },
  ];
  const seen = new Set<string>();
  return all.filter(({ text }) => {
    if (text.length < SHORTEST || seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}

/** The part of the base64 text that depends on the secret alone, when `offset` bytes stand before it. */
function base64At(bytes: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  const whole = Math.floor((offset + bytes.length) / 3) * 4;
  return text.slice(offset === 0 ? 0 : 4, Math.min(whole, text.length));
}
