import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { SystemError } from '../../../src/domain/failure.js';
import { KubernetesClient, type ObjectRef } from '../../../src/systems/kubernetes/client.js';
import { KubernetesConnection } from '../../../src/systems/kubernetes/connection.js';
import { Secret } from '../../../src/systems/secret.js';
import { answeringServer, json } from '../answering-server.js';
import { cleanTroubleFrom } from '../clean-trouble.js';

const TOKEN = randomBytes(16).toString('hex');
const REF: ObjectRef = {
  group: 'argoproj.io',
  version: 'v1alpha1',
  plural: 'applications',
  namespace: 'argocd',
  name: 'harbour-01-dev-otterize',
};
const PATH = '/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/harbour-01-dev-otterize';
const OBJECT = { metadata: { name: REF.name } };

function clientOf(server: string, timeoutMs = 10_000): KubernetesClient {
  const connection = new KubernetesConnection({ server, token: async () => new Secret(TOKEN) });
  return new KubernetesClient({ system: 'argocd', connection, timeoutMs });
}

function status(code: number, reason: string, more: object = {}): object {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, ...more };
}

const troubleFrom = (call: Promise<unknown>) => cleanTroubleFrom(call, TOKEN);

describe('KubernetesClient', () => {
  it('reads an object below the path of the server address, with the token', async () => {
    await using server = await answeringServer((_, response) => json(response, 200, OBJECT));
    expect(await clientOf(`${server.url}/clusters/management/`).get(REF)).toEqual(OBJECT);
    expect(server.asked).toHaveLength(1);
    expect(server.asked[0]).toMatchObject({ method: 'GET', target: `/clusters/management${PATH}` });
    expect(server.asked[0]?.headers.authorization).toBe(`Bearer ${TOKEN}`);
  });

  it('sends an object as a merge patch, not as the JSON patch that the client prefers', async () => {
    await using server = await answeringServer((_, response) =>
      json(response, 200, OBJECT, { date: 'Mon, 01 Mar 2027 12:00:00 GMT' }),
    );
    const answer = await clientOf(server.url).mergePatch(REF, { metadata: { annotations: { a: 'b' } } });
    expect(answer).toEqual({ object: OBJECT, serverTime: '2027-03-01T12:00:00.000Z' });
    const asked = server.asked[0];
    expect(asked?.method).toBe('PATCH');
    expect(asked?.headers['content-type']).toBe('application/merge-patch+json');
    expect(JSON.parse(asked?.body ?? '')).toEqual({ metadata: { annotations: { a: 'b' } } });
    expect(asked?.target).toBe(`${PATH}?fieldManager=gatehouse`);
  });

  it('answers null for an object that does not exist, and says so when the kind does not', async () => {
    const answers: Record<string, object | string> = {
      [PATH]: status(404, 'NotFound', { details: { name: REF.name, kind: 'applications' } }),
      [PATH.replace(REF.name, 'other')]: status(404, 'NotFound', {
        message: 'applications.argoproj.io "other" not found',
      }),
      [PATH.replace(REF.plural, 'unknowns')]: status(404, 'NotFound', {
        message: 'the server could not find the requested resource',
        details: {},
      }),
    };
    await using server = await answeringServer((asked, response) => {
      const body = answers[asked.target];
      if (body === undefined) {
        response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n');
      } else json(response, 404, body);
    });
    const client = clientOf(server.url);
    expect(await client.get(REF)).toBeNull();
    expect(await client.get({ ...REF, name: 'other' })).toBeNull();
    for (const ref of [
      { ...REF, plural: 'unknowns' },
      { ...REF, group: 'unknown.example.com' },
    ]) {
      expect(await troubleFrom(client.get(ref))).toMatchObject({
        kind: 'not-found',
        remedy: expect.stringContaining('Install'),
      });
    }
    answers[`${PATH}?fieldManager=gatehouse`] = answers[PATH] ?? {};
    expect(await troubleFrom(client.mergePatch(REF, {}))).toMatchObject({
      kind: 'not-found',
      message: 'the object does not exist',
    });
  });

  it.each([
    [401, status(401, 'Unauthorized'), 'unauthenticated'],
    [
      403,
      status(403, 'Forbidden', {
        message: 'applications.argoproj.io is forbidden: User "gatehouse" cannot patch',
      }),
      'forbidden',
    ],
    [409, status(409, 'Conflict'), 'conflict'],
    [422, status(422, 'Invalid', { details: { causes: [{ field: 'spec.project' }] } }), 'invalid'],
    [410, status(410, 'Expired'), 'invalid'],
    [500, status(500, 'InternalError'), 'unavailable'],
    [503, 'no healthy upstream', 'unavailable'],
  ])('makes one attempt and turns %d into its kind', async (code, body, kind) => {
    await using server = await answeringServer((_, response) => json(response, code, body));
    expect(await troubleFrom(clientOf(server.url).get(REF))).toMatchObject({
      system: 'argocd',
      kind,
      status: code,
    });
    expect(server.asked).toHaveLength(1);
  });

  it('tells the whole of a missing right: the namespace comes last, after long names', async () => {
    const missing =
      'kustomizations.kustomize.toolkit.fluxcd.io "shop" is forbidden: User "system:serviceaccount:gatehouse:gatehouse-production" cannot get resource "kustomizations" in API group "kustomize.toolkit.fluxcd.io" in the namespace "shop-production"';
    await using server = await answeringServer((_, response) =>
      json(response, 403, status(403, 'Forbidden', { message: missing })),
    );
    expect((await troubleFrom(clientOf(server.url).get(REF))).message).toContain(missing);
  });

  it('passes on how long a throttled client should wait, without waiting itself', async () => {
    await using server = await answeringServer((_, response) =>
      json(response, 429, status(429, 'TooManyRequests'), { 'retry-after': '7' }),
    );
    expect(await troubleFrom(clientOf(server.url).get(REF))).toMatchObject({
      kind: 'throttled',
      retryAfterMs: 7000,
    });
    expect(server.asked).toHaveLength(1);
  });

  it('keeps bodies and headers of a refusal out of the error', async () => {
    const canary = randomBytes(12).toString('hex');
    await using server = await answeringServer((_, response) =>
      json(
        response,
        409,
        status(409, 'Conflict', {
          message: `the object has been modified: ${canary}`,
          data: { password: canary },
        }),
        { 'x-canary': canary },
      ),
    );
    const error: unknown = await clientOf(server.url)
      .mergePatch(REF, {})
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SystemError);
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(canary);
  });

  it.each([
    ['text', { 'content-type': 'text/html' }, '<html>login</html>'],
    ['broken JSON', { 'content-type': 'application/json' }, '{"kind":'],
    ['no content type', {}, '{}'],
    ['something that is no object', { 'content-type': 'application/json' }, '"yes"'],
  ])('calls %s a malformed answer', async (_, headers, body) => {
    await using server = await answeringServer((__, response) => response.writeHead(200, headers).end(body));
    expect(await troubleFrom(clientOf(server.url).get(REF))).toMatchObject({ kind: 'malformed' });
  });

  it('follows no redirect, so the token goes to no other host', async () => {
    await using other = await answeringServer((_, response) => json(response, 200, OBJECT));
    await using server = await answeringServer((_, response) =>
      response.writeHead(307, { location: `${other.url}${PATH}` }).end(),
    );
    expect(await troubleFrom(clientOf(server.url).get(REF))).toMatchObject({ kind: 'invalid', status: 307 });
    expect(other.asked).toHaveLength(0);
  });

  it('ends a call that nobody answers', async () => {
    await using server = await answeringServer(() => undefined);
    expect(await troubleFrom(clientOf(server.url, 100).get(REF))).toMatchObject({
      kind: 'unavailable',
      code: 'TIMEOUT',
    });
  });

  it('ends a call whose answer stops half-way', async () => {
    await using server = await answeringServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"kind"');
    });
    expect(await troubleFrom(clientOf(server.url, 100).get(REF))).toMatchObject({
      kind: 'unavailable',
      code: 'TIMEOUT',
    });
  });

  it('says that a cut connection leaves the effect unknown', async () => {
    await using server = await answeringServer((_, response) => response.socket?.destroy());
    expect(await troubleFrom(clientOf(server.url).mergePatch(REF, {}))).toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('unknown'),
    });
    expect(server.asked).toHaveLength(1);
  });

  it('hands the reason of a cancelled call back as it is', async () => {
    await using server = await answeringServer(() => controller.abort(reason));
    const controller = new AbortController();
    const reason = new Error('the activity was cancelled');
    await expect(clientOf(server.url).get(REF, controller.signal)).rejects.toBe(reason);
  });

  it.each(['..', 'a/b', 'A', '', 'a?b', 'a%2fb'])('refuses the name %j before any call', async (name) => {
    await using server = await answeringServer((_, response) => json(response, 200, OBJECT));
    expect(await troubleFrom(clientOf(server.url).get({ ...REF, name }))).toMatchObject({ kind: 'invalid' });
    expect(server.asked).toHaveLength(0);
  });

  it('says unauthenticated, and nothing more, when there is no token to be had', async () => {
    const connection = new KubernetesConnection({
      server: 'http://127.0.0.1:9',
      token: async () => {
        throw new Error(`vault said ${TOKEN}`);
      },
    });
    const client = new KubernetesClient({ system: 'argocd', connection });
    expect(await troubleFrom(client.get(REF))).toMatchObject({ kind: 'unauthenticated' });
  });
});

describe('KubernetesConnection', () => {
  const kubeconfig = (cluster: string) => `apiVersion: v1
kind: Config
current-context: c
clusters: [{name: one, cluster: {${cluster}}}]
users: [{name: u, user: {token: ${TOKEN}}}]
contexts: [{name: c, context: {cluster: one, user: u}}]
`;

  it('takes address and credential from a kubeconfig', () => {
    const connection = new KubernetesConnection({
      kubeconfig: kubeconfig('server: "https://harbour-01.example.com:6443"'),
    });
    expect(connection.server).toBe('https://harbour-01.example.com:6443');
  });

  it.each([
    ['switched-off checks', kubeconfig('server: "https://a.example.com", insecure-skip-tls-verify: true')],
    ['a server without TLS', kubeconfig('server: "http://a.example.com"')],
    ['no server', kubeconfig('')],
    ['no YAML', `{${TOKEN}`],
    ['an empty text', ''],
  ])('refuses a kubeconfig with %s', (_, text) => {
    const error = capture(() => new KubernetesConnection({ kubeconfig: text }));
    expect(error).toBeInstanceOf(TypeError);
    expect(inspect(error)).not.toContain(TOKEN);
  });

  it.each([
    'ftp://a.example.com',
    'https://user:pass@a.example.com',
    'https://a.example.com/?x=1',
    'a.example.com',
  ])('refuses the address %j', (server) => {
    expect(() => new KubernetesConnection({ server, token: async () => new Secret(TOKEN) })).toThrow(
      TypeError,
    );
  });
});

function capture(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}
