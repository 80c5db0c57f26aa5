import { format, inspect } from 'node:util';
import { expect, it } from 'vitest';
import { Secret } from '../../src/systems/secret.js';

const VALUE = 'canary-7c1f';

it.each([
  ['text', (secret: Secret) => `${secret}`],
  ['JSON', (secret: Secret) => JSON.stringify({ credentials: { secret } })],
  ['util.inspect', (secret: Secret) => inspect({ secret }, { depth: null, showHidden: true, getters: true })],
  ['console.log', (secret: Secret) => format('%s %o %O %j', secret, secret, { secret }, [secret])],
  ['an error', (secret: Secret) => inspect(new Error(`failed with ${secret}`, { cause: secret }))],
])('does not show its value as %s', (_way, show) => {
  const shown = show(new Secret(VALUE));
  expect(shown).not.toContain(VALUE);
  expect(shown).toContain('[secret]');
});

it('gives its value to whoever asks for it by name', () => {
  expect(new Secret(VALUE).reveal()).toBe(VALUE);
});

it('compares values', () => {
  expect(new Secret(VALUE).equals(new Secret(VALUE))).toBe(true);
  expect(new Secret(VALUE).equals(new Secret('other'))).toBe(false);
});
