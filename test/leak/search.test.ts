import { describe, expect, it } from 'vitest';
import { findTokens, LeakSearch } from '../../bench/leak/search.js';

const SECRET = 'q7/Zk+"3_nine-lives~of=a&cat';
const search = new LeakSearch([{ name: 'canary', value: SECRET }]);

function found(text: string | Buffer): readonly string[] {
  return search.find({ name: 'log', bytes: Buffer.from(text) }).map(({ spelling }) => spelling);
}

describe('the search for secrets', () => {
  it.each([
    ['raw', `before ${SECRET} after`],
    ['url-encoded', `?token=${encodeURIComponent(SECRET)}&x=1`],
    ['json', JSON.stringify({ token: SECRET })],
    ['json in json', JSON.stringify({ body: JSON.stringify({ token: SECRET }) })],
    ['hex', Buffer.from(SECRET).toString('hex')],
    ['hex', Buffer.from(SECRET).toString('hex').toUpperCase()],
  ])('finds it %s', (spelling, text) => {
    expect(found(text)).toContain(spelling);
  });

  it.each([0, 1, 2, 3, 4])('finds it in base64 with %i bytes before it and others after', (offset) => {
    const bytes = Buffer.from(`${'x'.repeat(offset)}${SECRET}and more`);
    expect(found(`data:${bytes.toString('base64')}`)).toContain('base64');
    expect(found(`data:${bytes.toString('base64url')}`).length).toBeGreaterThan(0);
  });

  it('finds nothing in text that only begins or ends like it', () => {
    expect(found(SECRET.slice(0, -1))).toEqual([]);
    expect(found(`${SECRET.slice(1)} ${SECRET.slice(0, -1)}`)).toEqual([]);
    expect(found('')).toEqual([]);
  });

  it('leaves alone what stands where it belongs, and there only', () => {
    const allowed = new LeakSearch([{ name: 'id', value: SECRET, allowedIn: 'git' }]);
    expect(allowed.find({ name: 'git platform/clusters', bytes: Buffer.from(SECRET) })).toEqual([]);
    expect(allowed.find({ name: 'log worker', bytes: Buffer.from(SECRET) })).toHaveLength(1);
  });

  it('knows access tokens by their issuer', () => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const token = (issuer: string): string =>
      `${part({ alg: 'RS256', kid: '1' })}.${part({ iss: issuer, sub: 'ada' })}.c2lnbmF0dXJl`;
    const sink = {
      name: 'log',
      bytes: Buffer.from(`a ${token('https://id.example.com')} b ${token('gatehouse')}`),
    };
    expect(findTokens(sink, ['https://id.example.com'])).toMatchObject([{ sink: 'log', at: 2 }]);
  });
});
