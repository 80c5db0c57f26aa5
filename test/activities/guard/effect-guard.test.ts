/**
 * What somebody may try who can schedule every activity at any time, at the guard that all effects go through: real ledger,
 * real signatures, no Temporal. That each activity asks this guard is shown by test/activities/effects; that a worker
 * cannot be gone round, by test/hostile.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EffectRule, PermittedEffect } from '../../../src/activities/guard/effect-guard.js';
import type { PlaceGuard } from '../../../src/activities/guard/select-place.js';
import type { EntryBodies } from '../../../src/domain/ledger.js';
import type { PolicyManifest } from '../../../src/domain/manifest.js';
import { effectKey } from '../../../src/domain/plan.js';
import { type PlaceTarget, PROMOTION_OBJECT } from '../../../src/domain/promotion/request.js';
import { entriesOfType } from '../../../src/domain/record.js';
import type { PromotionRequest } from '../../../src/domain/request.js';
import type { PgWorkerLedger } from '../../../src/ledger/pg-worker.js';
import type { WorkerLedger } from '../../../src/ledger/ports.js';
import { digest } from '../../../src/security/canonical.js';
import { generateSigningKey } from '../../../src/security/key-generation.js';
import { parseSigner } from '../../../src/security/signer.js';
import { BreakableLedger, type Moment } from '../effects/breakable-ledger.js';
import { type AskedPromotion, type Asking, POLICY, PromotionStage, type Saying } from '../promotion-stage.js';

const { merge: MERGE, mergeRequest: MERGE_REQUEST, tags: TAGS, mergeRequestEnd: END } = PROMOTION_OBJECT;
/** of something else */
const OTHER = digest('something else');
const by = { kind: 'person', id: 'p-olga' } as const;

let stage: PromotionStage;
beforeAll(async () => {
  stage = await PromotionStage.open();
});
afterAll(() => stage?.close());

interface Attempt {
  readonly guard?: PlaceGuard;
  readonly object?: string;
  readonly target?: string;
  readonly rule?: EffectRule;
  readonly act?: (effect: PermittedEffect<PromotionRequest, PlaceTarget>) => Promise<unknown>;
}

/** Schedules an effect. @returns its result, and how often something was done at a system */
async function attempt(asked: AskedPromotion, { guard, object = MERGE, target, rule, act }: Attempt = {}) {
  let acts = 0;
  const ref = { requestId: asked.requestId, target: target ?? placeOf(asked) };
  const result = await stage
    .run(() =>
      (guard ?? stage.placeGuard).make(
        ref,
        'gitlab',
        object,
        async (effect) => {
          acts += 1;
          await act?.(effect);
          return { outcome: 'changed', readBack: { commit: `c${acts}` } };
        },
        rule,
      ),
    )
    .catch((error: unknown) => error);
  return { result, acts };
}

function placeOf({ places }: AskedPromotion): string {
  return places[0] ?? '';
}

async function expectRefused(asked: AskedPromotion, attempted: Attempt, detail: RegExp): Promise<void> {
  const { result, acts } = await attempt(asked, attempted);
  expect(result).toMatchObject({ name: 'StepFailed', type: 'EffectRefused' });
  expect(acts).toBe(0);
  const entries = await stage.entries(asked.requestId);
  const object = attempted.object ?? MERGE;
  const key = effectKey(attempted.target ?? placeOf(asked), object);
  expect(entriesOfType(entries, 'effect.reserved').map(({ body }) => body.key)).not.toContain(key);
  const alarms = entriesOfType(entries, 'alarm.raised').map(({ body }) => body.detail);
  expect(alarms.join('\n')).toMatch(detail);
}

/** Approved, unless the gate is said something else at. */
async function saidOf(sayings: readonly Saying[], asking: Asking = {}): Promise<AskedPromotion> {
  const asked = await stage.ask({ ...asking, approved: false });
  for (const saying of sayings) await stage.say(asked.request, 1, saying);
  await stage.ledger.worker.closeGate(asked.requestId, { gate: 'owner', epoch: 1, result: 'passed' });
  return asked;
}

describe('makes', () => {
  it('what everybody has agreed on, once, and keeps what was read back', async () => {
    const asked = await stage.ask();
    const first = await attempt(asked);
    expect(first).toMatchObject({ acts: 1, result: { outcome: 'changed', readBack: { commit: 'c1' } } });
    const { requestId } = asked;
    const key = effectKey(placeOf(asked), MERGE);
    const entries = await stage.entries(requestId);
    expect(entriesOfType(entries, 'effect.completed').map(({ body }) => body)).toMatchObject([
      { key, outcome: 'changed', readBack: { commit: 'c1' } },
    ]);
  });

  it('what is proposed before anybody has agreed, and tidies it up after a revocation', async () => {
    const asked = await stage.ask({ approved: false, effects: [MERGE_REQUEST, END] });
    const proposal = { object: MERGE_REQUEST, rule: { phase: 'proposal' } } as const;
    expect(await attempt(asked, proposal)).toMatchObject({ acts: 1 });
    await stage.ledger.api.revokeRequest(asked.requestId, { by });
    const tidying = { object: END, rule: { phase: 'tidying' } } as const;
    expect(await attempt(asked, tidying)).toMatchObject({ acts: 1, result: { outcome: 'changed' } });
  });

  it('what was begun before the request was cancelled, or held: half of it would be worse', async () => {
    const asked = await stage.ask();
    const broken = await attempt(asked, { act: () => Promise.reject(new Error('the worker died')) });
    expect(broken).toMatchObject({ acts: 1, result: { message: 'the worker died' } });
    await stage.command(asked.requestId, 'cancel');
    const guard = stage.guardOf({ obstacles: async () => ({ state: 'held', detail: 'the till is down' }) });
    const seen: boolean[] = [];
    const act = async ({ resumed }: { readonly resumed: boolean }) => seen.push(resumed);
    expect(await attempt(asked, { guard, act })).toMatchObject({ acts: 1, result: { outcome: 'changed' } });
    expect(seen).toEqual([true]);
  });

  it.each<[Moment, 'reserveEffect' | 'completeEffect', number]>([
    ['before', 'reserveEffect', 0],
    ['after', 'reserveEffect', 0],
    ['before', 'completeEffect', 1],
    ['after', 'completeEffect', 1],
  ])('what the ledger was lost at, %s %s: the next attempt goes on', async (when, call, acts) => {
    const asked = await stage.ask();
    const breakable = new BreakableLedger(stage.ledger.worker);
    const guard = stage.guardOf({}, breakable.worker);
    breakable.breakAt(call, when);
    expect(await attempt(asked, { guard })).toMatchObject({ acts, result: { name: 'LedgerLost' } });
    expect(await attempt(asked, { guard })).toMatchObject({ acts: 1, result: { outcome: 'changed' } });
    const entries = await stage.entries(asked.requestId);
    expect(entriesOfType(entries, 'effect.reserved')).toHaveLength(1);
    expect(entriesOfType(entries, 'effect.completed')).toHaveLength(1);
  });

  it('one of two that are scheduled at once; the other is told to come again', async () => {
    const asked = await stage.ask();
    let arrived: () => void = () => undefined;
    let go: () => void = () => undefined;
    const isThere = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const first = attempt(asked, {
      act: async () => {
        arrived();
        await new Promise<void>((resolve) => {
          go = resolve;
        });
      },
    });
    await isThere;
    const second = await attempt(asked);
    go();
    expect(second).toMatchObject({ acts: 0, result: { name: 'SystemError', trouble: { kind: 'busy' } } });
    expect(await first).toMatchObject({ acts: 1, result: { outcome: 'changed' } });
    expect(await attempt(asked)).toMatchObject({ acts: 1 });
  });
});

describe('refuses with an alarm, and nothing is done', () => {
  it.each<[string, RegExp, Saying[]]>([
    ['nobody has agreed', /owner is open \(0 of 1\)/, []],
    ['somebody said no after a yes', /owner is rejected/, [{}, { personId: 'p-chi', decision: 'reject' }]],
    ['only the requester agreed', /owner is open \(0 of 1\)/, [{ personId: 'p-ada' }]],
    ['only an author agreed, however the id is spelt', /owner is open/, [{ personId: ' P-ADA ' }]],
    ['the yes is of another epoch', /bound to another plan/, [{ claims: { epoch: 2 } }]],
    ['the yes is for another plan', /bound to another plan/, [{ claims: { planDigest: OTHER } }]],
    ['the yes is for another content', /bound to another content/, [{ claims: { requestHash: OTHER } }]],
    ['the yes is for another policy', /bound to another policy/, [{ claims: { policyDigest: OTHER } }]],
    ['the yes is for another request', /bound to another request/, [{ claims: { requestId: 'req-other' } }]],
    [
      'the yes is for another workflow',
      /bound to another workflow/,
      [{ claims: { workflowId: 'promotion/other/prod' } }],
    ],
    ['the yes is for another gate', /bound to another gate/, [{ claims: { gate: 'other' } }]],
    ['a no stands there as a yes', /bound to another decision/, [{ claims: { decision: 'reject' } }]],
    [
      'the yes is signed for somebody else',
      /bound to another person/,
      [{ personId: 'p-chi', claims: { approver: approver('p-ben') } }],
    ],
  ])('when %s', async (_, detail, sayings) => {
    await expectRefused(await saidOf(sayings), {}, detail);
  });

  it('when the yes is signed by a key that the ring does not hold', async () => {
    const signer = await parseSigner(JSON.stringify(await generateSigningKey('decision')));
    await expectRefused(await saidOf([{ signer }]), {}, /a key that the ring does not hold/);
  });

  it('when only an author of what is promoted agreed, signed with the real key', async () => {
    await expectRefused(await saidOf([{}], { authors: ['p-ben'] }), {}, /owner is open \(0 of 1\)/);
  });

  it('when the yes was signed with a stolen key after its revocation, whatever time it claims', async () => {
    const other = await PromotionStage.open();
    try {
      const before = await other.ask();
      await other.ledger.api.revokeKey({ kid: other.decisionKey });
      const after = await other.ask({ approved: false });
      await other.say(after.request, 1, { claims: { issuedAt: '2020-01-01T00:00:00.000Z' } });
      await other.ledger.worker.closeGate(after.requestId, { gate: 'owner', epoch: 1, result: 'passed' });
      const make = ({ requestId, places }: AskedPromotion): Promise<unknown> =>
        other.run(() =>
          other.placeGuard.make({ requestId, target: places[0] ?? '' }, 'gitlab', MERGE, async () => ({
            outcome: 'changed',
            readBack: {},
          })),
        );
      await expect(make(after)).rejects.toMatchObject({ type: 'EffectRefused' });
      const alarms = entriesOfType(await other.entries(after.requestId), 'alarm.raised');
      expect(alarms.map(({ body }) => body.alarm)).toEqual(['invalid-signature', 'effect-refused']);
      // what was decided before stands
      expect(await make(before)).toMatchObject({ outcome: 'changed' });
    } finally {
      await other.close();
    }
  });

  it.each<[string, RegExp, (asked: AskedPromotion) => Promise<unknown>]>([
    [
      'the request has ended',
      /the request has ended/,
      ({ requestId }) => stage.ledger.worker.endRequest(requestId, { outcome: 'done', message: 'done' }),
    ],
    [
      'the request was revoked',
      /the request was revoked/,
      ({ requestId }) => stage.ledger.api.revokeRequest(requestId, { by }),
    ],
    [
      'the request was cancelled',
      /the request was cancelled/,
      ({ requestId }) => stage.command(requestId, 'cancel'),
    ],
    [
      'a gate was not decided in time',
      /gate-not-passed/,
      ({ requestId }) =>
        stage.ledger.worker.closeGate(requestId, { gate: 'late', epoch: 1, result: 'expired' }),
    ],
    ['it was planned anew', /owner is open \(0 of 1\)/, ({ request }) => stage.plan(request, 2)],
  ])('when %s', async (_, detail, meanwhile) => {
    const asked = await stage.ask();
    await meanwhile(asked);
    await expectRefused(asked, {}, detail);
  });

  it.each<[string, RegExp, Attempt, Asking?]>([
    ['is in shadow', /in shadow/, {}, { shadow: true, approved: false }],
    ['does not hold the effect', /does not hold this effect/, { object: TAGS }],
    ['does not name the target', /does not name this target/, { target: 'shop/prod/elsewhere' }],
    [
      'only proposes it, and it is made as if it were agreed on',
      /does not hold this effect/,
      { object: MERGE_REQUEST },
      { effects: [MERGE_REQUEST] },
    ],
    [
      'wants it after the gates, and it is made as a proposal',
      /does not hold this effect/,
      { rule: { phase: 'proposal' } },
      { approved: false },
    ],
    ['says something against it', /somebody waits/, { rule: { whyNot: () => 'somebody waits' } }],
  ])('when the request %s', async (_, detail, attempted, asking = {}) => {
    await expectRefused(await stage.ask(asking), attempted, detail);
  });

  const strengthened = (gates: PolicyManifest['spec']['gates']): PolicyManifest => ({
    ...POLICY,
    spec: { ...POLICY.spec, gates },
  });
  const [owner] = POLICY.spec.gates;
  if (owner === undefined) throw new Error('the policy of the stage has no gate');
  it.each<[string, RegExp, Parameters<PromotionStage['guardOf']>[0]]>([
    ['no policy is in force any more', /no policy is in force/, { policyFor: () => undefined }],
    [
      'the policy has a gate more by now',
      /now has the gate security/,
      { policyFor: () => strengthened([owner, { ...owner, name: 'security' }]) },
    ],
    [
      'the policy asks two people by now',
      /under the policy in force now, gate owner is open \(1 of 2\)/,
      { policyFor: () => strengthened([{ ...owner, approvers: { group: 'owners', need: 2 } }]) },
    ],
    [
      'who agreed has left the group',
      /owner is open \(0 of 1\)/,
      { membership: { isMember: async () => false, personIdOf: async () => 'p-ben' } },
    ],
    [
      'who agreed turns out to be somebody else',
      /owner is open \(0 of 1\)/,
      { membership: { isMember: async () => true, personIdOf: async () => 'p-ada' } },
    ],
    [
      'the account of who agreed is gone',
      /owner is open \(0 of 1\)/,
      { membership: { isMember: async () => true, personIdOf: async () => null } },
    ],
    [
      'its place belongs to somebody else by now',
      /belongs to shop/,
      { obstacles: async () => ({ state: 'refused', detail: 'it belongs to shop' }) },
    ],
  ])('when %s', async (_, detail, facts) => {
    await expectRefused(await stage.ask(), { guard: stage.guardOf(facts) }, detail);
  });

  it('a check, too, of a request that nobody has agreed to or that has ended', async () => {
    const permitted = (asked: AskedPromotion): Promise<unknown> =>
      stage.run(() => stage.placeGuard.permitted({ requestId: asked.requestId, target: placeOf(asked) }));
    const refused = { name: 'StepFailed', type: 'EffectRefused' };
    await expect(permitted(await stage.ask({ approved: false }))).rejects.toMatchObject(refused);
    const asked = await stage.ask();
    expect(await permitted(asked)).toMatchObject({ target: { key: placeOf(asked) } });
    await stage.ledger.worker.endRequest(asked.requestId, { outcome: 'done', message: 'done' });
    await expect(permitted(asked)).rejects.toMatchObject(refused);
  });

  it('what builds on an effect that the ledger does not hold, and reads what it does hold', async () => {
    const asked = await stage.ask({ effects: [TAGS] });
    const readBacks: unknown[] = [];
    const act = async (effect: PermittedEffect<PromotionRequest, PlaceTarget>) =>
      readBacks.push(await effect.readBackOf(TAGS));
    expect((await attempt(asked, { act })).result).toMatchObject({ type: 'EffectRefused' });
    const alarms = entriesOfType(await stage.entries(asked.requestId), 'alarm.raised');
    expect(alarms.map(({ body }) => body.alarm)).toEqual(['result-contradicts-ledger']);
    await stage.completed(asked.requestId, placeOf(asked), TAGS, { tag: 'v1' });
    expect((await attempt(asked, { act })).result).toMatchObject({ outcome: 'changed' });
    expect(readBacks).toEqual([{ tag: 'v1' }]);
  });
});

it('what is held is neither made nor refused: it is tried again', async () => {
  const asked = await stage.ask();
  const guard = stage.guardOf({ obstacles: async () => ({ state: 'held', detail: 'the till is down' }) });
  const { result, acts } = await attempt(asked, { guard });
  expect({ result, acts }).toMatchObject({
    acts: 0,
    result: { name: 'SystemError', trouble: { kind: 'busy' } },
  });
  const types = (await stage.entries(asked.requestId)).map(({ type }) => type);
  expect(types).not.toContain('effect.reserved');
  expect(types).not.toContain('alarm.raised');
});

describe('between judgement and reservation', () => {
  /** Something happens right before the first reservation. */
  const meanwhile = (happens: () => Promise<unknown>): WorkerLedger => {
    let first = true;
    return altered({
      reserveEffect: async (...args) => {
        if (first) await happens();
        first = false;
        return await stage.ledger.worker.reserveEffect(...args);
      },
    });
  };

  const gate = { gate: 'review', epoch: 1 } as const;

  it('another gate that opens counts, although all were passed a moment ago', async () => {
    const asked = await stage.ask();
    const ledger = meanwhile(() =>
      stage.ledger.worker.openGate(asked.requestId, { ...gate, openedAt: new Date().toISOString() }),
    );
    await expectRefused(asked, { guard: stage.guardOf({}, ledger) }, /gate-not-passed/);
  });

  it('a cancellation counts', async () => {
    const asked = await stage.ask();
    const ledger = meanwhile(() => stage.command(asked.requestId, 'cancel'));
    await expectRefused(asked, { guard: stage.guardOf({}, ledger) }, /the request was cancelled/);
  });

  it('a hold counts: it is tried again until somebody releases it', async () => {
    const asked = await stage.ask();
    const { application } = asked.request.content;
    const ledger = meanwhile(() =>
      stage.ledger.api.placeHold(null, { holdId: `hold-${asked.requestId}`, scope: { application }, by }),
    );
    const isHeld = async () =>
      (await stage.ledger.worker.holds()).some(({ body }) => body.scope.application === application);
    const guard = stage.guardOf(
      {
        obstacles: async () => ((await isHeld()) ? { state: 'held', detail: 'the till is down' } : undefined),
      },
      ledger,
    );
    expect(await attempt(asked, { guard })).toMatchObject({
      acts: 0,
      result: { name: 'SystemError', trouble: { kind: 'busy' } },
    });
  });

  it('what says nothing against it only has it judged anew', async () => {
    const asked = await stage.ask();
    const { requestId } = asked;
    const ledger = meanwhile(async () => {
      await stage.ledger.worker.openGate(requestId, { ...gate, openedAt: new Date().toISOString() });
      await stage.ledger.worker.closeGate(requestId, { ...gate, result: 'passed' });
    });
    expect(await attempt(asked, { guard: stage.guardOf({}, ledger) })).toMatchObject({
      acts: 1,
      result: { outcome: 'changed' },
    });
  });
});

describe('a ledger in which somebody has changed a text', () => {
  type Changed = 'request.accepted' | 'policy.pinned' | 'plan.recorded';
  it.each<[string, RegExp, Changed, (body: never) => unknown]>([
    [
      'of the request',
      /does not match its hash/,
      'request.accepted',
      (body: EntryBodies['request.accepted']) => ({
        ...body,
        document: body.document.replace('"shop', '"shOp'),
      }),
    ],
    [
      'of the request, with its hash',
      /not signed as it must be|for another request|does not match/,
      'request.accepted',
      (body: EntryBodies['request.accepted']) => ({
        ...body,
        envelope: `${body.envelope.slice(0, -8)}AAAAAAAA`,
      }),
    ],
    [
      'of the pinned policy',
      /pinned policy does not match/,
      'policy.pinned',
      (body: EntryBodies['policy.pinned']) => ({
        ...body,
        document: body.document.replace('"need":1', '"need":2'),
      }),
    ],
    [
      'of the plan',
      /plan does not match its digest/,
      'plan.recorded',
      (body: EntryBodies['plan.recorded']) => ({
        ...body,
        plan: { ...body.plan, beneficiary: { personId: 'p-eve' } },
      }),
    ],
  ])('%s permits nothing', async (_, detail, type, change) => {
    const asked = await stage.ask();
    const ledger = altered({
      entriesOf: async (requestId) =>
        (await stage.ledger.worker.entriesOf(requestId)).map((entry) =>
          entry.type === type
            ? Object.assign({}, entry, { body: Reflect.apply(change, undefined, [entry.body]) })
            : entry,
        ),
    });
    await expectRefused(asked, { guard: stage.guardOf({}, ledger) }, detail);
  });
});

function approver(personId: string) {
  return { issuer: 'https://id.example.com', subject: personId, accountId: `a-${personId}`, personId };
}

/** The ledger, but some of its calls. */
function altered(calls: Partial<PgWorkerLedger>): WorkerLedger {
  const { worker } = stage.ledger;
  return new Proxy(worker, {
    get: (target, name) => {
      const other: unknown = Reflect.get(calls, name);
      if (other !== undefined) return other;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
