import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { STREAM } from '../../src/api/limits.js';
import { Gatehouse } from './gatehouse.js';

let gatehouse: Gatehouse;
let address: string;
beforeAll(async () => {
  gatehouse = await Gatehouse.start();
  address = await gatehouse.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => gatehouse.stop());

interface Event {
  readonly event: string;
  readonly id: string;
  readonly data: unknown;
}

/** Reads a stream of server-sent events as a browser would. */
class EventReader {
  private readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  private readonly decoder = new TextDecoder();
  private held = '';

  constructor(response: Response) {
    if (response.body === null) throw new Error('no stream');
    this.reader = response.body.getReader();
  }

  /** The next event, or undefined when the stream has ended. */
  async next(): Promise<Event | undefined> {
    for (;;) {
      const end = this.held.indexOf('\n\n');
      if (end >= 0) {
        const block = this.held.slice(0, end);
        this.held = this.held.slice(end + 2);
        if (!block.startsWith(':')) return eventOf(block);
        continue;
      }
      const { done, value } = await this.reader.read();
      if (done) return undefined;
      this.held += this.decoder.decode(value, { stream: true });
    }
  }

  close(): Promise<void> {
    return this.reader.cancel();
  }
}

function eventOf(block: string): Event {
  const field = (name: string): string =>
    block
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2) ?? '';
  return { event: field('event'), id: field('id'), data: JSON.parse(field('data')) };
}

async function open(id: string): Promise<EventReader> {
  const response = await fetch(`${address}/v1/requests/${id}/events`, {
    headers: { authorization: `Bearer ${await gatehouse.token('ada')}` },
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  return new EventReader(response);
}

describe('live progress', () => {
  it('tells the status at once, after changes, and the end', async () => {
    const id = await gatehouse.ask('live');
    const stream = await open(id);
    expect(await stream.next()).toMatchObject({ event: 'status', data: { id, status: 'planning' } });
    await gatehouse.plan(id);
    let status = await stream.next();
    // plan and gates may be told of together or one after the other
    while (Object(Object(status?.data).waitingFor).length !== 2) status = await stream.next();
    expect(status).toMatchObject({ event: 'status', data: { status: 'waiting' } });
    await gatehouse.ledger.worker.endRequest(id, { outcome: 'cancelled', message: 'taken back' });
    expect(await stream.next()).toMatchObject({ data: { status: 'cancelled', message: 'taken back' } });
    expect(await stream.next()).toMatchObject({ event: 'end' });
    expect(await stream.next()).toBeUndefined();
  });

  it('tells nothing of other requests', async () => {
    const [mine, other] = [await gatehouse.ask('live-mine'), await gatehouse.ask('live-other')];
    const stream = await open(mine);
    await stream.next();
    await gatehouse.plan(other);
    await gatehouse.ledger.worker.endRequest(mine, { outcome: 'cancelled', message: 'taken back' });
    expect(await stream.next()).toMatchObject({ data: { id: mine, status: 'cancelled' } });
  });

  it('of a request that has ended is its last status', async () => {
    const id = await gatehouse.ask('live-ended');
    await gatehouse.ledger.worker.endRequest(id, { outcome: 'cancelled', message: 'taken back' });
    const stream = await open(id);
    expect(await stream.next()).toMatchObject({ event: 'status', data: { status: 'cancelled' } });
    expect(await stream.next()).toMatchObject({ event: 'end' });
    expect(await stream.next()).toBeUndefined();
  });

  it('is open a few times for one caller, not without end', async () => {
    const id = await gatehouse.ask('live-many');
    const headers = { authorization: `Bearer ${await gatehouse.token('olga')}` };
    const url = `${address}/v1/requests/${id}/events`;
    const streams: Response[] = [];
    for (let count = 0; count < STREAM.maxPerCaller; count += 1) streams.push(await fetch(url, { headers }));
    expect(streams.every(({ status }) => status === 200)).toBe(true);
    expect((await fetch(url, { headers })).status).toBe(503);
    await streams[0]?.body?.cancel();
    await expect
      .poll(async () => {
        const again = await fetch(url, { headers });
        streams.push(again);
        return again.status;
      })
      .toBe(200);
    for (const stream of streams.slice(1)) await stream.body?.cancel();
  });

  it('ends when the API ends, and does not keep it from ending', async () => {
    const other = await Gatehouse.start();
    const url = await other.app.listen({ host: '127.0.0.1', port: 0 });
    const id = await other.ask('live-closing');
    const response = await fetch(`${url}/v1/requests/${id}/events`, {
      headers: { authorization: `Bearer ${await other.token('ada')}` },
    });
    const stream = new EventReader(response);
    await stream.next();
    await Promise.all([other.stop(), expect(stream.next()).resolves.toBeUndefined()]);
  });
});
