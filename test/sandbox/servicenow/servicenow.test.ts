import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ControlClient } from '../../../sandbox/framework/control-client.js';
import type { RunningStandIn } from '../../../sandbox/framework/running.js';
import { startServiceNow } from '../../../sandbox/servicenow/stand-in.js';
import { makeWorld } from '../../../sandbox/world.js';

const One = Type.Object({ result: Type.Record(Type.String(), Type.String()) });
const TABLE = '/api/now/table/change_request';

const world = makeWorld({ clusters: 1 });
let folder: string;
let servicenow: RunningStandIn;
let control: ControlClient;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'servicenow-stand-in-'));
  servicenow = await startServiceNow({ world, folder, port: 0, originOf: () => undefined });
  control = new ControlClient(servicenow.origin);
});
afterEach(async () => {
  const violations = await control.violations();
  await servicenow.close();
  await rm(folder, { recursive: true, force: true });
  expect(violations).toEqual([]);
});

async function api(method: string, path: string, body?: unknown, password = world.servicenow.password) {
  const answer = await fetch(`${servicenow.origin}${TABLE}${path}`, {
    method,
    headers: {
      authorization: `Basic ${btoa(`${world.servicenow.username}:${password}`)}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const found: unknown = await answer.json();
  return { status: answer.status, body: found };
}

async function made(fields: Record<string, string> = {}): Promise<Record<string, string>> {
  const { status, body } = await api('POST', '', fields);
  expect(status).toBe(201);
  return Value.Parse(One, body).result;
}

async function moved(sysId: string | undefined, fields: Record<string, string>) {
  return api('PATCH', `/${sysId}`, fields);
}

describe('change requests', () => {
  it('are made in state New, whatever else is wished, and every value is a text', async () => {
    const change = await made({ correlation_id: 'a', state: '3', approval: 'approved', bogus: 'x' });
    expect(change).toMatchObject({
      number: 'CHG0030042',
      sys_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      state: '-5',
      approval: 'not requested',
    });
    expect(change).not.toHaveProperty('bogus');
    expect((await made()).number).toBe('CHG0030043');
  });

  it('are found by a field, in an order, page by page, with the fields that were asked for', async () => {
    for (const id of ['a', 'b', 'a']) await made({ correlation_id: id });
    const query = '?sysparm_query=correlation_id=a^ORDERBYnumber&sysparm_fields=number,nothing';
    expect((await api('GET', query)).body).toEqual({
      result: [{ number: 'CHG0030042' }, { number: 'CHG0030044' }],
    });
    expect((await api('GET', `${query}&sysparm_limit=1&sysparm_offset=1`)).body).toEqual({
      result: [{ number: 'CHG0030044' }],
    });
    expect((await api('GET', '?sysparm_query=correlation_id=c')).body).toEqual({ result: [] });
    // the trap: a term that is not understood is left out
    expect((await api('GET', '?sysparm_query=corelation_id=c')).body).toMatchObject({
      result: { length: 3 },
    });
    await control.settings({ ignoreQuery: true });
    expect((await api('GET', '?sysparm_query=correlation_id=c')).body).toMatchObject({
      result: { length: 3 },
    });
  });

  it('have notes, which only the display value shows', async () => {
    const { sys_id: sysId } = await made();
    await moved(sysId, { work_notes: 'first' });
    await moved(sysId, { work_notes: 'second' });
    expect(Value.Parse(One, (await api('GET', `/${sysId}`)).body).result.work_notes).toBe('');
    const { result } = Value.Parse(One, (await api('GET', `/${sysId}?sysparm_display_value=true`)).body);
    expect(result.work_notes).toMatch(/gatehouse \(Work notes\)\nsecond\n\n[\s\S]*first\n\n$/);
  });

  it('drop fields without a word where that is set', async () => {
    await control.settings({ dropFields: ['state', 'work_notes'] });
    const { sys_id: sysId } = await made();
    const answer = await moved(sysId, { state: '-4', work_notes: 'lost', description: 'kept' });
    expect(answer).toMatchObject({ status: 200, body: { result: { state: '-5', description: 'kept' } } });
    expect(await control.objectsText()).not.toContain('lost');
  });

  it.each([
    ['GET', `/${'0'.repeat(32)}`, undefined, 404],
    ['PATCH', `/${'0'.repeat(32)}`, { state: '-4' }, 404],
    ['POST', '', { state: -4 }, 400],
    ['POST', '', ['x'], 400],
  ])('%s %s with %j is refused', async (method, path, body, status) => {
    expect(await api(method, path, body)).toMatchObject({ status, body: { status: 'failure' } });
  });

  it('are closed to a wrong password', async () => {
    expect(await api('GET', '', undefined, 'wrong')).toMatchObject({
      status: 401,
      body: { error: { message: 'User Not Authenticated' } },
    });
  });
});

describe('the state model', () => {
  it.each([
    ['normal', '-4'],
    ['emergency', '-3'],
  ])('a %s change is approved by people, then goes one step after the other', async (type, asks) => {
    const { sys_id: sysId, number } = await made({ type });
    await expect(control.post('/approval', { change: number, approval: 'approved' })).rejects.toThrow('409');
    expect((await moved(sysId, { state: '-2' })).status).toBe(403);
    expect(await moved(sysId, { state: asks })).toMatchObject({
      body: { result: { approval: 'requested' } },
    });
    expect((await moved(sysId, { state: '-1' })).status).toBe(403);
    await control.post('/approval', { change: number, approval: 'approved', by: 'Chi' });
    expect((await moved(sysId, { state: '3' })).status).toBe(403);
    for (const state of ['-1', '0']) expect((await moved(sysId, { state })).status).toBe(200);
    // Review cannot be cancelled, and closing needs a code and notes
    expect((await moved(sysId, { state: '4' })).status).toBe(403);
    expect((await moved(sysId, { state: '3', close_code: 'successful' })).status).toBe(403);
    expect(await moved(sysId, { state: '3', close_code: 'successful', close_notes: 'x' })).toMatchObject({
      status: 200,
      body: { result: { state: '3', approval: 'approved' } },
    });
    expect((await moved(sysId, { state: '-5' })).status).toBe(403);
  });

  it('a standard change is approved beforehand; a rejected one is new again', async () => {
    const standard = await made({ type: 'standard' });
    expect(await moved(standard.sys_id, { state: '-2' })).toMatchObject({
      body: { result: { approval: 'approved' } },
    });
    const rejected = await made();
    await moved(rejected.sys_id, { state: '-4' });
    await control.post('/approval', { change: rejected.number, approval: 'rejected' });
    expect(await api('GET', `/${rejected.sys_id}`)).toMatchObject({
      body: { result: { state: '-5', approval: 'rejected' } },
    });
  });

  it('wants a group before a change leaves New, where that is set', async () => {
    await control.settings({ groupNeeded: true });
    const { sys_id: sysId } = await made();
    expect((await moved(sysId, { state: '-4' })).status).toBe(403);
    expect((await moved(sysId, { state: '-4', assignment_group: 'Platform' })).status).toBe(200);
    const other = await made();
    expect((await moved(other.sys_id, { state: '4' })).status).toBe(200);
  });
});
