import Type from 'typebox';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { ControlClient } from '../../../sandbox/framework/control-client.js';
import { createChangeRecordActivities } from '../../../src/activities/change-records/activities.js';
import { SystemError } from '../../../src/domain/failure.js';
import { effectKey } from '../../../src/domain/plan.js';
import { afterRevert, PROMOTION_CHECK, PROMOTION_OBJECT } from '../../../src/domain/promotion/request.js';
import { Secret } from '../../../src/systems/secret.js';
import { ChangeRecords } from '../../../src/systems/servicenow/change-records.js';
import { CHANGE_STATE } from '../../../src/systems/servicenow/types.js';
import { type StandIns, startStandIns } from '../../systems/stand-ins.js';
import { type AskedPromotion, DIGEST, PromotionStage } from '../promotion-stage.js';

const Kept = Type.Object({
  changes: Type.Array(
    Type.Object({
      sysId: Type.String(),
      number: Type.String(),
      fields: Type.Record(Type.String(), Type.String()),
      workNotes: Type.Array(Type.Object({ text: Type.String() })),
    }),
  ),
});
const RULES = { changeRecord: true };

let standIns: StandIns;
let control: ControlClient;
let stage: PromotionStage;
let changeRecords: ChangeRecords;

beforeAll(async () => {
  [standIns, stage] = await Promise.all([startStandIns('servicenow'), PromotionStage.open()]);
  control = standIns.control('servicenow');
  const { username, password } = standIns.world.servicenow;
  changeRecords = new ChangeRecords({
    baseUrl: standIns.origin('servicenow'),
    credential: async () => ({ kind: 'basic', username, password: new Secret(password) }),
  });
});
afterEach(async () => {
  await control.removeFaults();
  expect(await control.violations()).toEqual([]);
});
afterAll(async () => {
  await Promise.all([standIns.close(), stage.close()]);
});

function activities() {
  return createChangeRecordActivities({
    ledger: stage.ledger.worker,
    guard: stage.environmentGuard,
    changeRecords,
    publicUrl: 'https://gatehouse.example.com/',
  });
}

function open({ requestId, environment }: AskedPromotion) {
  return stage.run(() => activities().ensureChangeRecord({ requestId, target: environment }));
}

function end({ requestId, environment }: AskedPromotion) {
  return stage.run(() => activities().ensureChangeRecordEnd({ requestId, target: environment }));
}

/** The records of a request, as the instance has them: there must never be two. */
async function recordsOf({ requestId }: AskedPromotion) {
  const { changes } = await control.objects(Kept);
  return changes.filter(({ fields }) => fields.correlation_id === requestId);
}

async function recordOf(asked: AskedPromotion) {
  const [record, ...others] = await recordsOf(asked);
  expect(others).toEqual([]);
  if (record === undefined) throw new Error('there is no change record');
  return record;
}

async function approve({ requestId }: AskedPromotion): Promise<void> {
  await control.post('/approval', { change: requestId, approval: 'approved' });
}

/** The places are merged, proven and done, or failed. */
async function carriedOut(asked: AskedPromotion, outcome: 'done' | 'failed' = 'done'): Promise<void> {
  const { requestId, places } = asked;
  for (const place of places) {
    await stage.completed(requestId, place, PROMOTION_OBJECT.merge, { commit: 'c'.repeat(40) });
    await stage.ledger.worker.passCheck(requestId, {
      key: effectKey(place, PROMOTION_CHECK.delivered('eu')),
      system: 'argocd',
      readBack: { revision: 'c'.repeat(40) },
    });
    await stage.ledger.worker.endTarget(requestId, { target: place, outcome });
  }
}

const DELIVERIES = [
  {
    kind: 'argocd',
    name: 'eu',
    cluster: 'harbour-01',
    connection: 'management',
    namespace: 'argocd',
    application: 'shop',
    workloads: [],
  },
] as const;

it('opens one record before anybody has approved, asks for its approval, and twice is once', async () => {
  const asked = await stage.ask({ rules: RULES, approved: false });
  const first = await open(asked);
  expect(first).toMatchObject({ outcome: 'created', readBack: { approval: 'requested' } });
  expect(await open(asked)).toMatchObject({ outcome: 'created', readBack: first.readBack });
  const { number, fields } = await recordOf(asked);
  expect(first.readBack.number).toBe(number);
  expect(fields).toMatchObject({ state: String(CHANGE_STATE.assess), type: 'normal' });
  expect(fields.description).toContain(`https://gatehouse.example.com/r/${asked.requestId}`);
  expect(fields.description).toContain('- owner: 1 of group owners');
  expect(`${fields.short_description}${fields.description}`).not.toMatch(/p-ada|p-ben/);
});

it('finds the record whose answer was lost', async () => {
  const asked = await stage.ask({ rules: RULES });
  await control.addFault({
    id: 'lost',
    match: { method: 'POST', path: '/change_request' },
    times: 1,
    when: 'after',
    kind: 'cut',
  });
  await expect(open(asked)).rejects.toThrow(SystemError);
  expect(await open(asked)).toMatchObject({ outcome: 'created' });
  await recordOf(asked);
});

it('an exception is an emergency', async () => {
  const asked = await stage.ask({ rules: RULES, exception: 'hotfix' });
  await open(asked);
  expect((await recordOf(asked)).fields).toMatchObject({
    type: 'emergency',
    state: String(CHANGE_STATE.authorize),
  });
});

it('goes on with the same record under a later plan, and notes what is asked now', async () => {
  const asked = await stage.ask({ rules: RULES });
  await open(asked);
  const other = `sha256:${'7'.repeat(64)}`;
  await stage.plan(asked.request, 2, {
    release: { images: [{ repository: 'registry.example.com/shop/web', digest: other }] },
  });
  expect(await open(asked)).toMatchObject({ outcome: 'unchanged' });
  await open(asked);
  const notes = (await recordOf(asked)).workNotes.filter(({ text }) => text.startsWith('Planned anew'));
  expect(notes).toHaveLength(1);
  expect(notes[0]?.text).toContain('sha256:777777777777');
});

it('closes it as successful, with the evidence, once', async () => {
  const asked = await stage.ask({ rules: RULES, places: [{ deliveries: DELIVERIES }] });
  await open(asked);
  await approve(asked);
  await carriedOut(asked);
  expect(await end(asked)).toMatchObject({ outcome: 'changed', readBack: { outcome: 'successful' } });
  expect(await end(asked)).toMatchObject({ outcome: 'changed', readBack: { outcome: 'successful' } });
  const { fields, workNotes } = await recordOf(asked);
  expect(fields).toMatchObject({ state: String(CHANGE_STATE.closed), close_code: 'successful' });
  const notes = workNotes.filter(({ text }) => text.startsWith('Outcome:'));
  expect(notes).toHaveLength(1);
  expect(notes[0]?.text).toContain('Approved by one person');
  expect(notes[0]?.text).toContain(DIGEST);
  expect(notes[0]?.text).toContain(`eu proven at`);
  expect(notes[0]?.text).not.toMatch(/p-ada|p-ben/);
});

it('notes the evidence once, also when the answer to the note was lost', async () => {
  const asked = await stage.ask({ rules: RULES });
  await open(asked);
  await approve(asked);
  await carriedOut(asked);
  await control.addFault({
    id: 'lost',
    match: { method: 'PATCH', path: '/change_request' },
    times: 1,
    when: 'after',
    kind: 'cut',
  });
  await expect(end(asked)).rejects.toThrow(SystemError);
  await end(asked);
  const { workNotes } = await recordOf(asked);
  expect(workNotes.filter(({ text }) => text.startsWith('Outcome:'))).toHaveLength(1);
});

it('closes it as unsuccessful after a rollback', async () => {
  const asked = await stage.ask({ rules: RULES });
  await open(asked);
  await approve(asked);
  await carriedOut(asked, 'failed');
  await stage.command(asked.requestId, 'rollback');
  await expect(end(asked)).rejects.toMatchObject({ type: 'EffectRefused' });
  for (const place of asked.places) {
    const key = effectKey(place, afterRevert(PROMOTION_CHECK.soaked));
    await stage.ledger.worker.passCheck(asked.requestId, { key, system: 'gatehouse', readBack: {} });
  }
  expect(await end(asked)).toMatchObject({ readBack: { outcome: 'unsuccessful' } });
});

it('cancels it when nothing was changed', async () => {
  const asked = await stage.ask({ rules: RULES, approved: false });
  await open(asked);
  await stage.ledger.worker.closeGate(asked.requestId, { gate: 'owner', epoch: 1, result: 'rejected' });
  expect(await end(asked)).toMatchObject({ outcome: 'changed', readBack: { outcome: 'cancelled' } });
  const { fields, workNotes } = await recordOf(asked);
  expect(fields.state).toBe(String(CHANGE_STATE.canceled));
  expect(workNotes.at(-1)?.text).toContain('gate owner was rejected');
});

it('does not write over what somebody has closed otherwise', async () => {
  const asked = await stage.ask({ rules: RULES });
  await open(asked);
  await control.post('/edit', {
    change: asked.requestId,
    fields: { state: String(CHANGE_STATE.closed), close_code: 'unsuccessful' },
  });
  await carriedOut(asked);
  await expect(end(asked)).rejects.toMatchObject({ trouble: { kind: 'conflict' } });
});

it('refuses a record that the plan does not hold, and says what is missing when none is configured', async () => {
  const plain = await stage.ask();
  await expect(open(plain)).rejects.toMatchObject({ type: 'EffectRefused' });
  expect(await recordsOf(plain)).toEqual([]);
  const asked = await stage.ask({ rules: RULES });
  const unconfigured = createChangeRecordActivities({
    ledger: stage.ledger.worker,
    guard: stage.environmentGuard,
    changeRecords: undefined,
    publicUrl: 'https://gatehouse.example.com',
  });
  const { requestId, environment } = asked;
  await expect(
    stage.run(() => unconfigured.ensureChangeRecord({ requestId, target: environment })),
  ).rejects.toThrow(/names no system/);
});
