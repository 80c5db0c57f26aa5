import { createServer, type RequestListener } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { ApiClient } from '../../src/cli/api/api-client.js';
import { eventsOf } from '../../src/cli/api/event-stream.js';
import { statusUpdates, type Update } from '../../src/cli/status/status-updates.js';
import { listening } from '../api/listening.js';
import { at, status } from './statuses.js';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A server that behaves as the network may: only for what the real API never does on purpose. */
async function serving(listener: RequestListener): Promise<ApiClient> {
  const { url, close } = await listening(createServer(listener));
  closers.push(close);
  return new ApiClient({ baseUrl: url, token: async () => 'token' });
}

async function all(api: ApiClient): Promise<Update[]> {
  const updates: Update[] = [];
  for await (const update of statusUpdates(api, 'req-1', new AbortController().signal, 1))
    updates.push(update);
  return updates;
}

const running = status({ id: 'req-1' });
const ended = status({ id: 'req-1', status: 'done', endedAt: at(0) });
const problem = (code: number): string =>
  JSON.stringify({ type: 't', title: 'Problem', status: code, detail: 'said the API' });

describe('following a request', () => {
  it('asks again and again where events do not come through', async () => {
    let asked = 0;
    const api = await serving((request, response) => {
      if (request.url?.endsWith('/events') === true) {
        response.writeHead(502, { 'content-type': 'text/html' }).end('<html>proxy</html>');
        return;
      }
      asked += 1;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(asked < 3 ? running : ended));
    });
    const updates = await all(api);
    expect(updates.map((update) => ('status' in update ? update.status.status : 'trouble'))).toEqual([
      'running',
      'running',
      'done',
    ]);
  });

  it('tells of trouble and goes on when the connection is cut in the middle', async () => {
    let calls = 0;
    const api = await serving((request, response) => {
      calls += 1;
      if (calls === 1) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(`event: status\ndata: ${JSON.stringify(running)}\n\n`, () => request.socket.destroy());
      } else if (calls === 2) request.socket.destroy();
      else {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(
          `: still here\n\nevent: status\ndata: ${JSON.stringify(ended)}\n\nevent: end\ndata: {}\n\n`,
        );
      }
    });
    const updates = await all(api);
    expect(updates).toMatchObject([
      { status: { status: 'running' } },
      { trouble: expect.stringContaining('Trying again') },
      { status: { status: 'done' } },
    ]);
  });

  it.each([401, 403, 404])('gives up at once on %i', async (code) => {
    let calls = 0;
    const api = await serving((_, response) => {
      calls += 1;
      response.writeHead(code, { 'content-type': 'application/problem+json' }).end(problem(code));
    });
    await expect(all(api)).rejects.toThrow('said the API');
    expect(calls).toBe(1);
  });

  it('never takes a redirect along with the token', async () => {
    const seen: (string | undefined)[] = [];
    const { url, close } = await listening(
      createServer((request, response) => {
        seen.push(request.headers.authorization);
        response.end('{}');
      }),
    );
    closers.push(close);
    const api = await serving((_, response) => response.writeHead(307, { location: url }).end());
    await expect(api.status('req-1')).rejects.toThrow('does not answer');
    expect(seen).toEqual([]);
  });

  it('says so when something else answers at the address', async () => {
    const api = await serving((_, response) => response.end('<html>hello</html>'));
    await expect(api.status('req-1')).rejects.toThrow('is not of its shape');
  });
});

describe('server-sent events', () => {
  async function read(...chunks: readonly string[]): Promise<unknown[]> {
    async function* body(): AsyncGenerator<Uint8Array> {
      for (const chunk of chunks) yield Buffer.from(chunk, 'latin1');
    }
    const events: unknown[] = [];
    for await (const event of eventsOf(body())) events.push(event);
    return events;
  }

  it.each([
    ['one event', ['event: a\ndata: 1\n\n'], [{ event: 'a', data: '1' }]],
    ['cut anywhere', ['eve', 'nt: a\nda', 'ta: 1\n', '\n'], [{ event: 'a', data: '1' }]],
    ['other line ends', ['event: a\r\ndata: 1\r\n\r\n'], [{ event: 'a', data: '1' }]],
    ['several lines', ['data: 1\ndata:2\n\n'], [{ event: 'message', data: '1\n2' }]],
    ['comments', [': still here\n\n'], []],
    ['half an event at the end', ['event: a\ndata: 1'], []],
    ['letters cut in the middle', ['data: \xc3', '\xbc\n\n'], [{ event: 'message', data: 'ü' }]],
  ])('%s', async (_, chunks, events) => {
    expect(await read(...chunks)).toEqual(events);
  });
});
