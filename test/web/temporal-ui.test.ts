/** The real Temporal UI in a browser: payloads are read there by those who may, by its own login or by that of Gatehouse. */
import { randomBytes } from 'node:crypto';
import { request as forward } from 'node:http';
import { createServer, type Server } from 'node:https';
import { Client, Connection } from '@temporalio/client';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeAuthority, makeServerCertificate } from '../../sandbox/framework/certificates.js';
import { freePort } from '../../sandbox/stack/ports.js';
import type { RunningProcess } from '../../sandbox/stack/processes.js';
import { startTemporalUi, TEMPORAL_UI_CLIENT, temporalUiBinary } from '../../sandbox/stack/temporal-ui.js';
import { type TemporaryFolder, temporaryFolder } from '../../sandbox/stack/temporary-folder.js';
import { makeWorld } from '../../sandbox/world.js';
import { CodecKeys } from '../../src/security/codec-keys.js';
import { createDataConverter } from '../../src/security/data-converter.js';
import { EncryptionCodec } from '../../src/security/payload-codec.js';
import { sharedTemporal, uniqueName } from '../support/stack.js';
import { PageStack } from './page-stack.js';
import { signIn, visitorsOf } from './visitors.js';

const keys = CodecKeys.of({ current: 'k1', keys: { k1: randomBytes(32).toString('base64') } });
const SUMMARY = 'Set up otterize on 25 clusters, asked under CHG0042';
const AUTHORITY = 'test authority';

let stack: PageStack;
let folder: TemporaryFolder;
let withLogin: { readonly url: string; readonly process: RunningProcess<true> };
let withCookie: { readonly url: string; readonly process: RunningProcess<true> };
let proxy: { readonly url: string; readonly server: Server };
let history: string;
let connection: Connection;
beforeAll(async () => {
  const { address, namespace } = await sharedTemporal();
  const binary = await temporalUiBinary();
  if (binary === undefined) throw new Error('the Temporal UI cannot be built here');
  const [loginPort, cookiePort] = [await freePort(), await freePort()];
  const world = makeWorld();
  stack = await PageStack.start(world, {
    codec: new EncryptionCodec({ keys, namespace, binding: 'payload' }),
    namespace,
    origins: [loginPort, cookiePort].map((port) => `http://127.0.0.1:${port}`),
    uiClient: TEMPORAL_UI_CLIENT,
  });
  folder = await temporaryFolder('temporal-ui');
  proxy = await tlsProxy(new URL(stack.url));
  const common = { binary, temporalAddress: address, namespace };
  withLogin = {
    url: `http://127.0.0.1:${loginPort}`,
    process: await startTemporalUi({
      ...{ ...common, folder: `${folder.path}/login`, port: loginPort, gatehouseUrl: proxy.url },
      signIn: { issuer: stack.oidc.origin, world },
    }),
  };
  withCookie = {
    url: `http://127.0.0.1:${cookiePort}`,
    process: await startTemporalUi({
      ...{ ...common, folder: `${folder.path}/cookie`, port: cookiePort, gatehouseUrl: stack.url },
    }),
  };
  connection = await Connection.connect({ address });
  const client = new Client({
    connection,
    namespace,
    dataConverter: createDataConverter({ keys, namespace }),
  });
  const workflowId = uniqueName('shown');
  const { firstExecutionRunId } = await client.workflow.start('nobodyRunsIt', {
    workflowId,
    taskQueue: uniqueName('nobody'),
    staticSummary: SUMMARY,
    workflowExecutionTimeout: '10m',
  });
  history = `/namespaces/${namespace}/workflows/${workflowId}/${firstExecutionRunId}/history`;
});
afterAll(async () => {
  await connection?.close();
  await Promise.all([withLogin?.process.stop(), withCookie?.process.stop()]);
  proxy?.server.closeAllConnections();
  proxy?.server.close();
  await stack?.stop();
  await folder?.remove();
});
const visitors = visitorsOf(() => stack);

/** What stands before the API in production: the UI passes its token on over https only. */
async function tlsProxy(to: URL): Promise<{ url: string; server: Server }> {
  const tls = makeServerCertificate(makeAuthority(AUTHORITY), AUTHORITY, ['127.0.0.1']);
  const server = createServer(tls, (request, response) => {
    const { method, url: path, headers } = request;
    const ahead = forward({ host: to.hostname, port: to.port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    ahead.on('error', () => response.destroy());
    request.pipe(ahead);
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { url: `https://127.0.0.1:${port}`, server };
}

/** A window of somebody who signs in at the UI itself and looks at the workflow. */
async function signedInAtUi(name: string): Promise<Page> {
  const page = await visitors.stranger('/page/icon.svg', { ignoreHTTPSErrors: true });
  await page.goto(`${withLogin.url}${history}`);
  await page.getByRole('button', { name: 'Continue to SSO' }).click();
  await signIn(page, name);
  return page;
}

const decoded = (page: Page) =>
  page.waitForResponse(
    (answer) => answer.url().includes('/codec/decode') && answer.request().method() === 'POST',
  );

describe('the Temporal UI', () => {
  it('shows clear text to an operator who signed in to it', async () => {
    const page = await signedInAtUi('olga');
    await page.getByText(SUMMARY).first().waitFor();
    expect(await page.getByText(SUMMARY).count()).toBeGreaterThan(0);
  });

  it('shows it to nobody else', async () => {
    const page = await visitors.stranger('/page/icon.svg', { ignoreHTTPSErrors: true });
    await page.goto(`${withLogin.url}${history}`);
    await page.getByRole('button', { name: 'Continue to SSO' }).click();
    const [refused] = await Promise.all([decoded(page), signIn(page, 'ada')]);
    expect(refused.status()).toBe(403);
    expect(await page.getByText(SUMMARY).count()).toBe(0);
  });

  it('keeps a token in the browser that reads payloads and does nothing else', async () => {
    const page = await signedInAtUi('olga');
    const decoding = await decoded(page);
    expect(decoding.status()).toBe(200);
    const { authorization = '' } = await decoding.request().allHeaders();
    expect(authorization).toMatch(/^Bearer /);
    const answer = await fetch(`${stack.url}/v1/requests`, { headers: { authorization } });
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('only reads payloads');
  });

  it('without a login of its own, shows clear text to an operator who is signed in to Gatehouse', async () => {
    const page = await visitors.open('olga', '/');
    await page.goto(`${withCookie.url}${history}`);
    await page.getByText(SUMMARY).first().waitFor();
    expect(await page.getByText(SUMMARY).count()).toBeGreaterThan(0);

    // the same cookie from elsewhere is nobody's
    const [session] = await page.context().cookies(stack.url);
    const cookie = `${session?.name}=${session?.value}`;
    for (const headers of [{ cookie }, { cookie, origin: 'https://elsewhere.example.com' }]) {
      const answer = await fetch(`${stack.url}/codec/decode`, { method: 'POST', headers });
      expect([401, 403]).toContain(answer.status);
    }
  });

  it('without any sign-in, says where to sign in', async () => {
    const page = await visitors.stranger('/page/icon.svg');
    const [refused] = await Promise.all([decoded(page), page.goto(`${withCookie.url}${history}`)]);
    expect(refused.status()).toBe(401);
    await page.getByText('sign in to Gatehouse as an operator or auditor').first().waitFor();
    expect(await page.getByText(SUMMARY).count()).toBe(0);
  });
});
