import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ControlClient } from '../../../sandbox/framework/control-client.js';
import { ServiceNowState } from '../../../sandbox/servicenow/state.js';
import { Secret } from '../../../src/systems/secret.js';
import { ChangeRecords, type ServiceNowCredential } from '../../../src/systems/servicenow/change-records.js';
import { CHANGE_STATE, type ChangeType, type NewChange } from '../../../src/systems/servicenow/types.js';
import { answeringServer, json } from '../answering-server.js';
import { cleanTroubleFrom } from '../clean-trouble.js';
import { type StandIns, startStandIns } from '../stand-ins.js';

let standIns: StandIns;
let control: ControlClient;
let credential: ServiceNowCredential;
let records: ChangeRecords;
let password: string;
let count = 0;

beforeAll(async () => {
  standIns = await startStandIns('servicenow');
  control = standIns.control('servicenow');
  password = standIns.world.servicenow.password;
});

beforeEach(() => {
  credential = { kind: 'basic', username: 'gatehouse', password: new Secret(password) };
  records = recordsAt(standIns.origin('servicenow'));
});

afterEach(async () => {
  await control.removeFaults();
  await control.settings({ dropFields: [], ignoreQuery: false, groupNeeded: false });
  expect(await control.violations()).toEqual([]);
});

afterAll(() => standIns.close());

function recordsAt(baseUrl: string): ChangeRecords {
  return new ChangeRecords({ baseUrl, credential: async () => credential });
}

/** a change that no other test has */
function change(more: Partial<NewChange> = {}): NewChange {
  count += 1;
  return {
    correlationId: `promotion/shop/prod/req-${count}`,
    shortDescription: 'Promote shop 1.2.0 to prod',
    description: 'web@sha256:dbcf886a892b',
    ...more,
  };
}

async function stored(correlationId: string) {
  const { changes } = await control.objects(ServiceNowState);
  return changes.filter(({ fields }) => fields.correlation_id === correlationId);
}

async function writesOf(work: () => Promise<unknown>): Promise<readonly string[]> {
  const before = (await control.events()).at(-1)?.seq ?? 0;
  await work();
  const events = await control.events(before);
  return events.filter(({ phase }) => phase === 'effect').map(({ object = '' }) => object);
}

/** a change that people have approved */
async function approved(type: ChangeType = 'normal') {
  const wanted = change({ type });
  const { record } = await records.open(wanted);
  await records.requestApproval(record.sysId);
  if (type !== 'standard') await control.post('/approval', { change: record.number, approval: 'approved' });
  return records.read(record.sysId);
}

describe('opening', () => {
  it('makes one change request, new and with no approval asked for', async () => {
    const wanted = change({
      plannedStart: '2026-11-26T22:00:00+02:00',
      plannedEnd: '2026-11-26T23:30:00+02:00',
      assignmentGroup: 'Platform',
    });
    const { record, outcome } = await records.open(wanted);
    expect(outcome).toBe('created');
    expect(record).toMatchObject({
      number: expect.stringMatching(/^CHG\d{7}$/),
      correlationId: wanted.correlationId,
      state: CHANGE_STATE.new,
      approval: 'not requested',
      type: 'normal',
    });
    const url = new URL(record.url);
    expect(url.origin).toBe(standIns.origin('servicenow'));
    expect(url.searchParams.get('uri')).toBe(`change_request.do?sys_id=${record.sysId}`);
    expect(await stored(wanted.correlationId)).toMatchObject([
      {
        fields: {
          correlation_display: 'Gatehouse',
          short_description: 'Promote shop 1.2.0 to prod',
          description: 'web@sha256:dbcf886a892b',
          // in UTC, whatever zone was written
          start_date: '2026-11-26 20:00:00',
          end_date: '2026-11-26 21:30:00',
          assignment_group: 'Platform',
        },
      },
    ]);
  });

  it('twice is once, also when somebody has worked on it meanwhile', async () => {
    const wanted = change();
    const { record } = await records.open(wanted);
    await records.requestApproval(record.sysId);
    const writes = await writesOf(async () => {
      const again = await records.open({ ...wanted, shortDescription: 'Other words' });
      expect(again).toMatchObject({
        outcome: 'adopted',
        record: { sysId: record.sysId, approval: 'requested' },
      });
    });
    expect(writes).toEqual([]);
    expect(await records.find(wanted.correlationId)).toEqual(await records.read(record.sysId));
  });

  it('whose answer was lost is found again', async () => {
    await control.addFault({ id: 'lost', match: { method: 'POST' }, when: 'after', kind: 'cut' });
    const wanted = change();
    expect(await cleanTroubleFrom(records.open(wanted), password)).toMatchObject({ kind: 'unavailable' });
    expect(await records.open(wanted)).toMatchObject({ outcome: 'adopted' });
    expect(await stored(wanted.correlationId)).toHaveLength(1);
  });

  it('cuts what the fields cannot hold, and keeps a title on one line', async () => {
    const wanted = change({ shortDescription: `a\n\tb ${'x'.repeat(300)}`, description: 'y'.repeat(5000) });
    await records.open(wanted);
    const [found] = await stored(wanted.correlationId);
    expect(found?.fields.short_description).toMatch(/^a b x{155}…$/);
    expect(found?.fields.description).toHaveLength(4000);
  });

  it('finds nothing where nothing is, and only what has exactly this id', async () => {
    const { correlationId } = change();
    await records.open(change({ correlationId: `${correlationId}0` }));
    expect(await records.find(correlationId)).toBeNull();
  });

  it('does not choose between several', async () => {
    const wanted = change();
    const { record } = await records.open(wanted);
    const other = await records.open(change());
    await control.post('/edit', {
      change: other.record.number,
      fields: { correlation_id: wanted.correlationId },
    });
    const trouble = await cleanTroubleFrom(records.open(wanted));
    expect(trouble.kind).toBe('conflict');
    expect(trouble.message).toContain(`${record.number}, ${other.record.number}`);
  });

  it('takes nothing for ours when the instance leaves the query out', async () => {
    await records.open(change());
    await control.settings({ ignoreQuery: true });
    const writes = await writesOf(async () => {
      const trouble = await cleanTroubleFrom(records.open(change()));
      expect(trouble).toMatchObject({ kind: 'malformed', message: expect.stringContaining('not asked for') });
    });
    expect(writes).toEqual([]);
  });

  it('says so when the mark by which it is found could not be written', async () => {
    await control.settings({ dropFields: ['correlation_id'] });
    const trouble = await cleanTroubleFrom(records.open(change()));
    expect(trouble).toMatchObject({ kind: 'forbidden', remedy: expect.stringContaining('correlation_id') });
  });

  it.each([[''], ['a^state=3'], ['a=b'], ['a b'], ['x'.repeat(101)], ['a,b']])(
    'sends no query with the id "%s"',
    async (correlationId) => {
      const before = (await control.events()).length;
      expect(await cleanTroubleFrom(records.open(change({ correlationId })))).toMatchObject({
        kind: 'invalid',
      });
      expect((await control.events()).length).toBe(before);
    },
  );

  it('sends no time that is none', async () => {
    expect(await cleanTroubleFrom(records.open(change({ plannedStart: 'tomorrow' })))).toMatchObject({
      kind: 'invalid',
    });
  });
});

describe('approval', () => {
  it.each([
    ['normal', CHANGE_STATE.assess, 'requested'],
    ['emergency', CHANGE_STATE.authorize, 'requested'],
    ['standard', CHANGE_STATE.scheduled, 'approved'],
  ] as const)('of a %s change is asked for where its type is approved', async (type, state, approval) => {
    const { record } = await records.open(change({ type }));
    expect(await records.requestApproval(record.sysId)).toMatchObject({ state, approval, type });
    expect(await writesOf(() => records.requestApproval(record.sysId))).toEqual([]);
  });

  it.each([
    ['approved', CHANGE_STATE.scheduled],
    ['rejected', CHANGE_STATE.new],
  ] as const)('%s is read', async (approval, state) => {
    const { record } = await records.open(change());
    await records.requestApproval(record.sysId);
    await control.post('/approval', { change: record.number, approval, by: 'Chi Nguyen' });
    expect(await records.read(record.sysId)).toMatchObject({ state, approval });
  });

  it.each([['not_required'], ['cancelled'], ['duplicate'], ['']])(
    'in another word is none: "%s"',
    async (approval) => {
      const { record } = await records.open(change());
      await control.post('/edit', { change: record.number, fields: { approval } });
      expect(await records.read(record.sysId)).toMatchObject({ approval: 'not requested' });
    },
  );

  it('is not asked for against a rule of the instance, and the rule is told', async () => {
    await control.settings({ groupNeeded: true });
    const { record } = await records.open(change());
    const trouble = await cleanTroubleFrom(records.requestApproval(record.sysId));
    expect(trouble).toMatchObject({ kind: 'invalid', status: 403 });
    expect(trouble.message).toContain('Assignment group');
    expect(await records.read(record.sysId)).toMatchObject({ state: CHANGE_STATE.new });
  });

  it('that was dropped without a word is not taken for asked', async () => {
    const { record } = await records.open(change());
    await control.settings({ dropFields: ['state'] });
    expect(await cleanTroubleFrom(records.requestApproval(record.sysId))).toMatchObject({
      kind: 'forbidden',
      message: expect.stringContaining('state'),
    });
  });
});

describe('a work note', () => {
  it('is added once, also when the answer was lost', async () => {
    const wanted = change();
    const { record } = await records.open(wanted);
    const text = 'Merged as 9f31c2e.\nSee https://gitlab.example.com/shop/-/merge_requests/7';
    await control.addFault({ id: 'lost', match: { method: 'PATCH' }, when: 'after', kind: 'cut' });
    expect(await cleanTroubleFrom(records.addWorkNote(record.sysId, text))).toMatchObject({
      kind: 'unavailable',
    });
    expect(await records.addWorkNote(record.sysId, text)).toBe('unchanged');
    expect(await records.addWorkNote(record.sysId, 'Delivered.')).toBe('created');
    const [found] = await stored(wanted.correlationId);
    expect(found?.workNotes.map((note) => note.text)).toEqual([text, 'Delivered.']);
  });

  it('that was dropped without a word is not taken for added', async () => {
    const { record } = await records.open(change());
    await control.settings({ dropFields: ['work_notes'] });
    expect(await cleanTroubleFrom(records.addWorkNote(record.sysId, 'Merged.'))).toMatchObject({
      kind: 'forbidden',
      message: expect.stringContaining('work_notes'),
    });
  });

  it('needs a text and a record', async () => {
    const { record } = await records.open(change());
    expect(await cleanTroubleFrom(records.addWorkNote(record.sysId, '  '))).toMatchObject({
      kind: 'invalid',
    });
    expect(await cleanTroubleFrom(records.addWorkNote('0'.repeat(32), 'x'))).toMatchObject({
      kind: 'not-found',
    });
  });
});

describe('closing', () => {
  it.each([
    ['normal', 'successful'],
    ['emergency', 'unsuccessful'],
    ['standard', 'successful_issues'],
  ] as const)(
    'a %s change as %s goes through Implement and Review, which cannot be skipped',
    async (type, outcome) => {
      const { sysId, correlationId } = await approved(type);
      const closed = await records.close(sysId, { outcome, notes: 'Ran for 4 minutes.' });
      expect(closed).toMatchObject({ state: CHANGE_STATE.closed, outcome });
      expect(await stored(correlationId)).toMatchObject([
        { fields: { close_code: outcome, close_notes: 'Ran for 4 minutes.' } },
      ]);
      // the instance refuses the short way
      const other = await approved(type);
      const jump = await fetch(
        `${standIns.origin('servicenow')}/api/now/table/change_request/${other.sysId}`,
        {
          method: 'PATCH',
          headers: {
            authorization: `Basic ${btoa(`gatehouse:${password}`)}`,
            'content-type': 'application/json',
          },
          body: JSON.stringify({ state: '3', close_code: 'successful', close_notes: 'x' }),
        },
      );
      expect(jump.status).toBe(403);
    },
  );

  it('goes on where it was cut off, and twice is once', async () => {
    const { sysId } = await approved();
    const end = { outcome: 'successful', notes: 'Done.' } as const;
    await control.addFault({ id: 'cut', match: { method: 'PATCH' }, skip: 1, when: 'after', kind: 'cut' });
    expect(await cleanTroubleFrom(records.close(sysId, end))).toMatchObject({ kind: 'unavailable' });
    expect(await records.read(sysId)).toMatchObject({ state: CHANGE_STATE.review });
    expect(await writesOf(() => records.close(sysId, end))).toHaveLength(1);
    expect(await writesOf(() => records.close(sysId, end))).toEqual([]);
    expect(await records.read(sysId)).toMatchObject({ state: CHANGE_STATE.closed, outcome: 'successful' });
  });

  it('does not change how somebody else has closed or cancelled it', async () => {
    const { sysId } = await approved();
    await records.close(sysId, { outcome: 'unsuccessful', notes: 'Rolled back.' });
    const trouble = await cleanTroubleFrom(records.close(sysId, { outcome: 'successful', notes: 'x' }));
    expect(trouble).toMatchObject({ kind: 'conflict', message: expect.stringContaining('unsuccessful') });
    const { record } = await records.open(change());
    await records.cancel(record.sysId, 'Superseded by req-2.');
    expect(
      await cleanTroubleFrom(records.close(record.sysId, { outcome: 'successful', notes: 'x' })),
    ).toMatchObject({ kind: 'conflict', message: expect.stringContaining('cancelled') });
  });

  it('is not possible without approval, and says why', async () => {
    const { record } = await records.open(change());
    const trouble = await cleanTroubleFrom(
      records.close(record.sysId, { outcome: 'successful', notes: 'x' }),
    );
    expect(trouble).toMatchObject({ kind: 'invalid', message: expect.stringContaining('transition') });
  });

  it('whose outcome was dropped without a word is not taken for closed so', async () => {
    const { sysId, number } = await approved();
    await control.post('/edit', {
      change: number,
      fields: { state: '0', close_code: 'successful_issues', close_notes: 'by hand' },
    });
    await control.settings({ dropFields: ['close_code'] });
    expect(await cleanTroubleFrom(records.close(sysId, { outcome: 'successful', notes: 'x' }))).toMatchObject(
      {
        kind: 'forbidden',
        message: expect.stringContaining('close_code'),
      },
    );
  });

  it('from a state of the installation’s own tries the last step', async () => {
    const { sysId, number } = await approved();
    await control.post('/edit', { change: number, fields: { state: '7' } });
    expect(await cleanTroubleFrom(records.close(sysId, { outcome: 'successful', notes: 'x' }))).toMatchObject(
      {
        kind: 'invalid',
        message: expect.stringContaining('from 7 to 3'),
      },
    );
  });
});

describe('cancelling', () => {
  it('keeps the reason, and twice is once', async () => {
    const wanted = change();
    const { record } = await records.open(wanted);
    expect(await records.cancel(record.sysId, 'Superseded by req-2.')).toMatchObject({
      state: CHANGE_STATE.canceled,
    });
    expect(await writesOf(() => records.cancel(record.sysId, 'Superseded by req-2.'))).toEqual([]);
    expect(await stored(wanted.correlationId)).toMatchObject([
      { workNotes: [{ text: 'Superseded by req-2.' }] },
    ]);
  });

  it('is not possible once it is closed', async () => {
    const { sysId } = await approved();
    await records.close(sysId, { outcome: 'successful', notes: 'Done.' });
    expect(await cleanTroubleFrom(records.cancel(sysId, 'x'))).toMatchObject({ kind: 'conflict' });
  });
});

describe('trouble', () => {
  it('of a wrong password or token names neither', async () => {
    for (const wrong of [
      { kind: 'basic', username: 'gatehouse', password: new Secret('canary-wrong') },
      { kind: 'bearer', token: new Secret('canary-wrong') },
    ] as const) {
      credential = wrong;
      expect(await cleanTroubleFrom(records.find('x'), 'canary-wrong')).toMatchObject({
        kind: 'unauthenticated',
        status: 401,
      });
      expect(await cleanTroubleFrom(records.ping(), 'canary-wrong')).toMatchObject({
        kind: 'unauthenticated',
      });
    }
  });

  it('a token opens it as well as a password', async () => {
    credential = { kind: 'bearer', token: new Secret(password) };
    await expect(records.ping()).resolves.toBeUndefined();
    expect(await records.find('nothing-of-this-name')).toBeNull();
  });

  it('of a limit carries the time to wait', async () => {
    const headers = { 'retry-after': '12' };
    await control.addFault({ id: 'limit', match: {}, when: 'before', kind: 'status', status: 429, headers });
    expect(await cleanTroubleFrom(records.find('x'))).toMatchObject({
      kind: 'throttled',
      retryAfterMs: 12_000,
    });
  });

  it('of an instance that sleeps is malformed, although it says 200', async () => {
    await using server = await answeringServer((_asked, response) => {
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<html>Your instance is hibernating</html>');
    });
    expect(await cleanTroubleFrom(recordsAt(server.url).find('x'))).toMatchObject({ kind: 'malformed' });
  });

  it('of a record that is not of the documented shape is malformed, and does not quote it', async () => {
    const result = { sys_id: '../x', number: 'CHG1', correlation_id: 'x', state: 'canary-4b', approval: '' };
    await using server = await answeringServer((_asked, response) =>
      json(response, 200, { result: [result] }),
    );
    const trouble = await cleanTroubleFrom(recordsAt(server.url).find('x'), 'canary-4b');
    expect(trouble.kind).toBe('malformed');
  });

  it.each([['not-an-id'], ['../../x'], ['']])('no call is made with the sys_id "%s"', async (sysId) => {
    const before = (await control.events()).length;
    expect(await cleanTroubleFrom(records.read(sysId))).toMatchObject({ kind: 'invalid' });
    expect((await control.events()).length).toBe(before);
  });

  it('a record that is not there is not found', async () => {
    expect(await cleanTroubleFrom(records.read('0'.repeat(32)))).toMatchObject({ kind: 'not-found' });
  });
});
