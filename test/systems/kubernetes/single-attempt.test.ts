/** What the HTTP library that comes with the client does by itself, and the connections of ours. */
import { createServer, type Server } from 'node:http';
import { createConfiguration, HttpMethod, RequestContext } from '@kubernetes/client-node';
import { Agent } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KeptAgent } from '../../../src/systems/kubernetes/connection.js';
import { singleAttempt } from '../../../src/systems/kubernetes/single-attempt.js';
import { answeringServer } from '../answering-server.js';

let server: Server;
let address: string;
let connections: number;
beforeEach(async () => {
  connections = 0;
  server = createServer((_, response) => response.setHeader('x-seen', 'yes').end('{"kind":"Status"}'));
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const found = server.address();
  address = `http://127.0.0.1:${typeof found === 'object' && found !== null ? found.port : 0}/version`;
});
afterEach(async () => {
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
});

async function call(agent: Agent): Promise<string> {
  const context = new RequestContext(address, HttpMethod.GET);
  context.setDispatcher(agent);
  const answer = await singleAttempt(AbortSignal.timeout(10_000), () => undefined)
    .send(context)
    .toPromise();
  expect(answer.headers['x-seen']).toBe('yes');
  return answer.body.text();
}

it('keeps the connection of our own agent for the next call', async () => {
  const agent = new KeptAgent({ connections: 1 });
  expect(await call(agent)).toBe('{"kind":"Status"}');
  await call(agent);
  expect(connections).toBe(1);
  await agent.destroy();
});

it('ends the agent that a kubeconfig made for one call, and its connection', async () => {
  const agent = new Agent();
  expect(await call(agent)).toBe('{"kind":"Status"}');
  expect(agent.destroyed).toBe(true);
  await expect
    .poll(() => new Promise((resolve) => server.getConnections((_, count) => resolve(count))))
    .toBe(0);
});

describe('the HTTP library that comes with the client (positive control)', () => {
  const theirs = (url: string) => {
    const context = new RequestContext(url, HttpMethod.GET);
    context.setHeaderParam('authorization', 'Bearer of-the-cluster');
    return createConfiguration().httpApi.send(context).toPromise();
  };

  it('follows a redirect, with the token on the same host and without it to another', async () => {
    await using other = await answeringServer((_, response) => response.end('other'));
    await using asked = await answeringServer(({ target }, response) => {
      const location = target === '/first' ? '/second' : `${other.url}/third`;
      response.writeHead(307, { location }).end();
    });
    expect(await (await theirs(`${asked.url}/first`)).body.text()).toBe('other');
    expect(asked.asked.map(({ headers }) => headers.authorization)).toEqual(
      Array(2).fill('Bearer of-the-cluster'),
    );
    expect(other.asked.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  it('has no way to read an answer as bytes', async () => {
    const answer = await theirs(address);
    await expect(async () => answer.body.binary()).rejects.toThrow(TypeError);
  });
});
