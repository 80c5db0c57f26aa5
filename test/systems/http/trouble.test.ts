import { describe, expect, it } from 'vitest';
import { quote } from '../../../src/systems/http/trouble.js';
import { Secret } from '../../../src/systems/secret.js';

describe("a vendor's words in an error", () => {
  it('are blotted where they repeat a secret that the call knows', () => {
    const said = quote('bad value s3cr3t-value, use another than s3cr3t-value', [new Secret('s3cr3t-value')]);
    expect(said).toBe('bad value [secret], use another than [secret]');
  });

  it.each([
    ['a bearer token', '{"authorization":"Bearer abc123-_.~+/="}', '{"authorization":"[secret]"}'],
    ['a login', 'authorization: Basic dXNlcjpwYXNz, host: x', 'authorization: [secret], host: x'],
    ['a JSON Web Token', 'token=eyJhbGciOi.eyJzdWIi.c2ln was refused', 'token=[secret] was refused'],
  ])('are blotted where they repeat %s that the call does not know', (_what, words, said) => {
    expect(quote(words, [])).toBe(said);
  });

  it('stay otherwise, on one line and short', () => {
    expect(quote('No rights\n  for   ada', [])).toBe('No rights for ada');
    expect(quote('x'.repeat(500), [])).toHaveLength(200);
  });
});
