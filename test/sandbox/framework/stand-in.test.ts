import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Type from 'typebox';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ControlClient } from '../../../sandbox/framework/control-client.js';
import { Refusal } from '../../../sandbox/framework/refusal.js';
import { StandIn } from '../../../sandbox/framework/stand-in.js';

const Shelf = Type.Object({ books: Type.Array(Type.String()) });
const Book = Type.Object({ title: Type.String({ minLength: 1 }) });

function shelf(folder: string) {
  const standIn = new StandIn({
    system: 'shelf',
    folder,
    state: { schema: Shelf, initial: () => ({ books: [] }) },
    settings: {
      schema: Type.Object({ closed: Type.Boolean() }, { additionalProperties: false }),
      defaults: { closed: false },
    },
    errorBody: (refusal) => ({ message: refusal.message }),
  });
  standIn.operation({
    id: 'list books',
    method: 'GET',
    path: '/books',
    handle: () => ({ status: 200, body: standIn.state.books }),
  });
  standIn.operation({
    id: 'add book',
    method: 'POST',
    path: '/books',
    handle: (call) => {
      if (standIn.settings.closed) throw new Refusal(423, 'closed');
      const { title } = call.body(Book);
      call.change('created', `book ${title}`, () => standIn.state.books.push(title));
      return { status: 201, body: { title } };
    },
  });
  return standIn;
}

let folder: string;
let standIn: ReturnType<typeof shelf>;
let origin: string;
let control: ControlClient;

async function start() {
  standIn = shelf(folder);
  origin = await standIn.listen(0);
  control = new ControlClient(origin);
}

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-stand-in-'));
  await start();
});
afterEach(async () => {
  await standIn.close();
  rmSync(folder, { recursive: true });
});

function add(title: string): Promise<Response> {
  return fetch(`${origin}/books`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ title }),
  });
}

async function held() {
  return vi.waitFor(async () => {
    const waiting = await control.held();
    expect(waiting).toHaveLength(1);
    return waiting[0];
  });
}

describe('event log', () => {
  it('tells request, effect and answer in order', async () => {
    expect((await add('Emma')).status).toBe(201);
    const events = await control.events();
    expect(
      events.map((event) => [event.phase, event.operation, event.effect, event.object, event.status]),
    ).toEqual([
      ['request', 'add book', undefined, undefined, undefined],
      ['effect', 'add book', 'created', 'book Emma', undefined],
      ['answer', 'add book', undefined, undefined, 201],
    ]);
    expect(await control.events(2)).toHaveLength(1);
  });

  it('names an effect outside of a request', async () => {
    await standIn.act('created', 'book Dust', () => standIn.state.books.push('Dust'));
    expect(await control.events()).toMatchObject([{ phase: 'effect', requestIndex: 0, object: 'book Dust' }]);
  });

  it('keeps no events of the control routes', async () => {
    await control.objects(Shelf);
    expect(await control.events()).toEqual([]);
  });
});

describe('state', () => {
  it('is there again after a restart, with settings and event numbers', async () => {
    await add('Emma');
    await control.settings({ closed: true });
    await standIn.close();
    await start();
    expect(await control.objects(Shelf)).toEqual({ books: ['Emma'] });
    expect((await add('Persuasion')).status).toBe(423);
    const events = await control.events();
    expect(events.map((event) => event.seq)).toEqual([1, 2, 3, 4, 5]);
    expect(events.map((event) => event.requestIndex)).toEqual([1, 1, 1, 2, 2]);
  });

  it('answers many at once and keeps each', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => add(`book ${n}`)));
    expect(answers.every((answer) => answer.status === 201)).toBe(true);
    await standIn.close();
    await start();
    expect(standIn.state.books).toHaveLength(100);
  });

  it('forgets the logged effects that no kept state knows of', async () => {
    await add('Emma');
    // what a process leaves that dies between an effect and the write of the state
    standIn.events.add({
      method: 'POST',
      path: '/books',
      operation: 'add book',
      phase: 'request',
      requestIndex: 2,
    });
    standIn.events.add({
      method: 'POST',
      path: '/books',
      operation: 'add book',
      phase: 'effect',
      effect: 'created',
      object: 'book Lost',
      requestIndex: 2,
    });
    await standIn.close();
    await start();
    const effects = (await control.events()).filter((event) => event.phase === 'effect');
    expect(effects.map((event) => event.object)).toEqual(['book Emma']);
  });

  it('refuses a state file of another shape', async () => {
    await add('Emma');
    await standIn.close();
    expect(
      () =>
        new StandIn({
          system: 'shelf',
          folder,
          state: {
            schema: Type.Object({ films: Type.Array(Type.String()) }),
            initial: () => ({ films: [] }),
          },
          settings: { schema: Type.Object({}), defaults: {} },
          errorBody: () => ({}),
        }),
    ).toThrow(/holds no state of this stand-in/);
    await start();
  });
});

describe('settings', () => {
  it('refuses an unknown switch', async () => {
    await expect(control.settings({ open: true })).rejects.toThrow(/400/);
  });
});

describe('faults', () => {
  it('answers a status before the effect, with headers, for the matching calls only', async () => {
    await control.addFault({
      id: 'busy',
      match: { operation: 'add book' },
      skip: 1,
      times: 2,
      when: 'before',
      kind: 'status',
      status: 429,
      headers: { 'retry-after': '2.5' },
    });
    const statuses = [];
    for (const title of ['a', 'b', 'c', 'd']) statuses.push((await add(title)).status);
    expect(statuses).toEqual([201, 429, 429, 201]);
    expect(standIn.state.books).toEqual(['a', 'd']);
  });

  it('gives the headers of the fault', async () => {
    await control.addFault({
      id: 'busy',
      match: { method: 'post' },
      when: 'before',
      kind: 'status',
      status: 429,
      headers: { 'retry-after': '2.5' },
    });
    const answer = await add('a');
    expect(answer.headers.get('retry-after')).toBe('2.5');
    expect(await answer.json()).toEqual({ message: 'made by fault busy' });
  });

  it('keeps the effect when the answer is spoilt after it', async () => {
    await control.addFault({
      id: 'x',
      match: { path: '^/books' },
      when: 'after',
      kind: 'status',
      status: 502,
    });
    expect((await add('Emma')).status).toBe(502);
    await control.addFault({ id: 'y', match: {}, when: 'after', kind: 'cut' });
    await expect(add('Persuasion')).rejects.toThrow();
    await control.addFault({ id: 'z', match: {}, when: 'after', kind: 'malformed' });
    await expect((await add('Sanditon')).json()).rejects.toThrow(SyntaxError);
    expect(standIn.state.books).toEqual(['Emma', 'Persuasion', 'Sanditon']);
  });

  it('has no effect when the connection is cut before', async () => {
    await control.addFault({ id: 'y', match: {}, when: 'before', kind: 'cut', times: 0 });
    await expect(add('Emma')).rejects.toThrow();
    await control.removeFaults('y');
    expect(standIn.state.books).toEqual([]);
    const answers = (await control.events()).filter((event) => event.phase === 'answer');
    expect(answers[0]).not.toHaveProperty('status');
  });

  it('holds before the effect until released', async () => {
    await control.addFault({ id: 'h', match: {}, when: 'before', kind: 'hold' });
    const answer = add('Emma');
    expect(await held()).toMatchObject({ id: 'h', when: 'before', operation: 'add book' });
    expect(standIn.state.books).toEqual([]);
    expect(await control.release('h')).toBe(1);
    expect((await answer).status).toBe(201);
    expect(standIn.state.books).toEqual(['Emma']);
  });

  it('has no effect when the client hangs up while held before it', async () => {
    await control.addFault({ id: 'h', match: {}, when: 'before', kind: 'hold' });
    const request = http.request(`${origin}/books`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    request.on('error', () => {});
    request.end('{"title":"Emma"}');
    await held();
    request.destroy();
    await vi.waitFor(async () => expect(await control.held()).toEqual([]));
    expect((await add('Persuasion')).status).toBe(201);
    expect(standIn.state.books).toEqual(['Persuasion']);
  });

  it('keeps the answer back after the effect, which stays when the client hangs up', async () => {
    await control.addFault({ id: 'h', match: {}, when: 'after', kind: 'hold' });
    const request = http.request(`${origin}/books`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    request.on('error', () => {});
    request.end('{"title":"Emma"}');
    await held();
    expect(standIn.state.books).toEqual(['Emma']);
    request.destroy();
    await vi.waitFor(async () => expect(await control.held()).toEqual([]));
    expect(standIn.state.books).toEqual(['Emma']);
  });

  it('refuses a fault it does not understand', async () => {
    await expect(control.post('/faults', { id: 'x', match: {}, when: 'never', kind: 'cut' })).rejects.toThrow(
      /400/,
    );
    await expect(
      control.post('/faults', { id: 'x', match: { path: '(' }, when: 'before', kind: 'cut' }),
    ).rejects.toThrow(/400/);
  });
});

describe('bad requests', () => {
  it('are refused in the words of the stand-in', async () => {
    const answer = await add('');
    expect(answer.status).toBe(400);
    const broken = await fetch(`${origin}/books`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{',
    });
    expect([broken.status, await broken.json()]).toEqual([400, { message: 'the body is not JSON' }]);
    expect((await fetch(`${origin}/films`)).status).toBe(404);
    expect(await control.violations()).toEqual([]);
  });
});
