import { expect, it } from 'vitest';
import { challengeOf } from '../../../src/systems/registry/challenge.js';

const REALM = 'https://auth.example.com/token';

it.each([
  [
    `Bearer realm="${REALM}",service="registry.example.com",scope="repository:shop/web:pull,push"`,
    { realm: REALM, service: 'registry.example.com', scope: 'repository:shop/web:pull,push' },
  ],
  [`bearer realm=${REALM}, service=x`, { realm: REALM, service: 'x' }],
  [`Bearer error="invalid_token", realm="${REALM}"`, { realm: REALM }],
  // two schemes in one header: the second one's realm is not the token service
  [`Bearer realm="${REALM}", Basic realm="other"`, { realm: REALM }],
  [`Bearer realm="${REALM}",service="with \\"quotes\\""`, { realm: REALM, service: 'with "quotes"' }],
])('%s asks for a token', (header, parts) => {
  expect(challengeOf(header)).toEqual({ scheme: 'bearer', ...parts });
});

it('Basic asks for name and password', () => {
  expect(challengeOf('Basic realm="Harbor"')).toEqual({ scheme: 'basic' });
});

it.each([[null], [''], ['Negotiate'], ['Bearer service="x"'], ['Digest realm="x"']])(
  'what cannot be met is none: %s',
  (header) => {
    expect(challengeOf(header)).toBeUndefined();
  },
);
