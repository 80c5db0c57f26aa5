import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IdentityUnavailable } from '../../src/api/ports.js';
import { askBody, Gatehouse } from './gatehouse.js';

let gatehouse: Gatehouse;
let requestId: string;
beforeAll(async () => {
  gatehouse = await Gatehouse.start();
  requestId = await gatehouse.ask('private');
  await gatehouse.plan(requestId);
});
afterAll(() => gatehouse.stop());

const decision = { decision: 'approve', epoch: 1, planDigest: 'a'.repeat(64), evidence: {} };

/** Every route behind the sign-in, with a body that is of its shape. */
const routes = (id: string): readonly (readonly ['GET' | 'POST', string, object?])[] => [
  ['GET', '/v1/me'],
  ['GET', '/v1/inbox'],
  ['GET', '/v1/requests'],
  ['POST', '/v1/requests', askBody('unauthorised')],
  ['GET', `/v1/requests/${id}`],
  ['GET', `/v1/requests/${id}/plan`],
  ['GET', `/v1/requests/${id}/entries`],
  ['GET', `/v1/requests/${id}/events`],
  ['GET', `/v1/requests/${id}/bundle`],
  ['GET', `/v1/requests/${id}/decisions`],
  ['GET', `/v1/requests/${id}/gates/procurement`],
  ['POST', `/v1/requests/${id}/gates/procurement/decisions`, decision],
  ['POST', `/v1/requests/${id}/gates/procurement/decisions/check`, decision],
  ['GET', '/v1/holds'],
  ['POST', '/v1/holds', { scope: {}, reason: 'unauthorised' }],
  ['POST', '/v1/holds/hold-1/release', {}],
  ['POST', `/v1/requests/${id}/pause`, {}],
  ['POST', `/v1/requests/${id}/resume`, {}],
  ['POST', `/v1/requests/${id}/cancel`, {}],
  ['POST', `/v1/requests/${id}/retry`, {}],
  ['POST', `/v1/requests/${id}/skip`, { targets: ['harbour-01/dev'] }],
  ['POST', `/v1/requests/${id}/revoke`, {}],
];

describe('an unauthenticated call', () => {
  it('covers every route that the API describes', async () => {
    const { body } = await gatehouse.call({ method: 'GET', url: '/v1/openapi.json' });
    const paths = Reflect.get(Object(body), 'paths');
    const described = Object.entries(Object(paths))
      .flatMap(([path, methods]) =>
        Object.keys(Object(methods)).map((method) => `${method.toUpperCase()} ${path}`),
      )
      .filter((route) => route.includes('/v1/') && !route.includes('/webhooks/'));
    const listed = routes('{requestId}').map(
      ([method, url]) =>
        `${method} ${url.replace('/gates/procurement', '/gates/{gate}').replace('/hold-1/', '/{holdId}/')}`,
    );
    expect(listed.sort()).toEqual(described.sort());
  });

  it('does nothing and learns nothing, whether or not the request exists', async () => {
    for (const id of [requestId, 'req-nothing']) {
      for (const [method, url, payload] of routes(id)) {
        const answer = await gatehouse.call({ method, url, ...(payload === undefined ? {} : { payload }) });
        expect([url, answer.status]).toEqual([url, 401]);
        expect(answer.headers['www-authenticate']).toBe('Bearer');
        expect(answer.raw).not.toContain('otterize');
        const { instance: _, ...same } = Object(answer.body);
        expect(same).toEqual({
          type: 'urn:gatehouse:problem:unauthenticated',
          title: 'Nobody is signed in',
          status: 401,
          detail: 'Nobody is signed in, or the token does not hold.',
          remedy: expect.any(String),
        });
      }
    }
    expect(gatehouse.workflows.commands).toEqual([]);
    expect(await gatehouse.entries(requestId, 'command.given')).toEqual([]);
  });

  it.each<[string, () => Promise<string>]>([
    ['not a token', async () => 'abc'],
    [
      'for another audience',
      () => gatehouse.provider.token({ sub: 'x', oid: 'x', person_id: 'x' }, 'somebody-else'),
    ],
    ['without a person', () => gatehouse.provider.token({ sub: 'x', oid: 'x' })],
    [
      'unsigned',
      async () => {
        const [, claims] = (await gatehouse.token('olga')).split('.');
        return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${claims}.`;
      },
    ],
    [
      'with changed claims',
      async () => {
        const [header, claims, signature] = (await gatehouse.token('ada')).split('.');
        const forged = Buffer.from(claims ?? '', 'base64url')
          .toString()
          .replace('p-ada', 'p-olga');
        return `${header}.${Buffer.from(forged).toString('base64url')}.${signature}`;
      },
    ],
  ])('with a token that is %s is refused', async (_, make) => {
    const answer = await gatehouse.call({
      method: 'GET',
      url: `/v1/requests/${requestId}`,
      headers: { authorization: `Bearer ${await make()}` },
    });
    expect(answer.status).toBe(401);
  });

  it('is told apart from a provider that does not answer', async () => {
    const other = await Gatehouse.start({
      verifyToken: async () => {
        throw new IdentityUnavailable('The provider does not answer.');
      },
    });
    try {
      expect((await other.as('ada', 'GET', '/v1/inbox')).status).toBe(503);
    } finally {
      await other.stop();
    }
  });
});

describe('an unauthorised call', () => {
  it('learns the same of a request that exists as of one that does not', async () => {
    for (const [method, url, payload] of routes(requestId)) {
      if (!url.includes(requestId)) continue;
      const hidden = await gatehouse.as('stranger', method, url, payload);
      const absent = await gatehouse.as('stranger', method, url.replace(requestId, 'req-nothing'), payload);
      expect([url, hidden.status]).toEqual([url, 404]);
      const { instance: _, ...what } = Object(hidden.body);
      const { instance: __, ...nothing } = Object(absent.body);
      expect(what).toEqual(nothing);
    }
    const audited = await gatehouse.entries(requestId, 'call.refused');
    expect(audited.map(({ body }) => body.reason)).toContain('not-visible');
    expect(audited.every(({ body }) => body.by?.id === 'p-stranger')).toBe(true);
  });

  it('asks for nothing', async () => {
    const answer = await gatehouse.as('ben', 'POST', '/v1/requests', askBody('forbidden'));
    expect([answer.status, answer.text('type')]).toEqual([403, 'urn:gatehouse:problem:forbidden']);
    // refused before the body is judged
    expect((await gatehouse.as('ben', 'POST', '/v1/requests', { nonsense: true })).status).toBe(403);
    expect(await gatehouse.ledger.api.findOpenByWorkflowId('fleet/otterize/forbidden')).toBeNull();
    expect(await gatehouse.refusals()).toContainEqual({
      route: 'POST /v1/requests',
      status: 403,
      reason: 'forbidden',
      by: { kind: 'person', id: 'p-ben' },
    });
  });

  it('commands nothing', async () => {
    for (const command of ['pause', 'resume', 'retry']) {
      expect((await gatehouse.as('ada', 'POST', `/v1/requests/${requestId}/${command}`, {})).status).toBe(
        403,
      );
    }
    expect(await gatehouse.entries(requestId, 'command.given')).toEqual([]);
  });
});

describe('machines', () => {
  it('ask by their client id when they are listed', async () => {
    const ask = async (client: string) =>
      gatehouse.call({
        method: 'POST',
        url: '/v1/requests',
        headers: { authorization: `Bearer ${await gatehouse.machineToken(client)}` },
        payload: askBody(`by-${client}`),
      });
    const listed = await ask('ticketing');
    expect(listed.status).toBe(202);
    const [accepted] = await gatehouse.entries(listed.text('id'), 'request.accepted');
    expect(JSON.parse(accepted?.body.document ?? '').requester).toEqual({ kind: 'machine', id: 'ticketing' });
    expect((await ask('other')).status).toBe(403);
  });
});

describe('every answer', () => {
  it('tells browsers to trust nothing but us', async () => {
    for (const url of ['/healthz', '/v1/inbox', '/nothing']) {
      const { headers } = await gatehouse.call({ method: 'GET', url });
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['strict-transport-security']).toContain('max-age');
      expect(headers['cache-control']).toBe('no-store');
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('says who I am', async () => {
    expect((await gatehouse.as('olga', 'GET', '/v1/me')).body).toMatchObject({
      kind: 'person',
      name: 'olga',
      personId: 'p-olga',
      roles: ['operator'],
    });
  });
});
