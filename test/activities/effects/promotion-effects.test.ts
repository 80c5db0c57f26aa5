import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { directoryOf, PROD_PROJECT } from '../../../bench/promotion/services.js';
import { exampleImage } from '../../../sandbox/harbor/example-artifacts.js';
import { PROMOTION_TRAILER } from '../../../src/activities/gitlab/landing.js';
import { type Activity, proveEffect, refOf, writesOf } from './effect-bench.js';
import type { Subject } from './effect-stage.js';
import { PromotionEffectStage } from './promotion-effect-stage.js';

const environmentOf = ({ target }: Subject): string => target.split('/').slice(0, 2).join('/');
const MERGE_REQUEST: Activity = { queue: 'gitlab', name: 'ensureMergeRequest' };
const ASKED_CHANGE: Activity = {
  queue: 'change-records',
  name: 'ensureChangeRecord',
  targetOf: environmentOf,
};
const CHANGE_RECORD: Activity = { ...ASKED_CHANGE, then: approvedChange };
const MERGE: Activity = { queue: 'gitlab', name: 'ensureMerge' };
const REVERT: Activity = { queue: 'gitlab', name: 'ensureRevert' };
const CLOSE: Activity = { queue: 'gitlab', name: 'closeMergeRequest' };
const CLOSE_CHANGE: Activity = {
  queue: 'change-records',
  name: 'ensureChangeRecordEnd',
  targetOf: environmentOf,
};

/** Services of the world: one for each test that makes something. */
const SERVICES = 80;
/** Each service has an Application in two environments, which Argo CD compares one after the other. */
const SEEDED_WITHIN_MS = 240_000;
/** what every look at a place's files asks of GitLab */
const LOOK = ['gitlab getBranch', 'gitlab listTree', 'gitlab getBlob'] as const;

let stage: PromotionEffectStage;
const stageOf = (): PromotionEffectStage => stage;

beforeAll(async () => {
  stage = await PromotionEffectStage.open(SERVICES);
}, SEEDED_WITHIN_MS);
afterEach(() => stage.mend());
afterAll(() => stage?.close());

proveEffect(
  {
    ...MERGE_REQUEST,
    object: 'merge-request',
    phase: 'proposal',
    after: [],
    reads: [...LOOK, 'gitlab listMergeRequests', 'gitlab getBranch'],
    writes: ['gitlab createCommit', 'gitlab createMergeRequest'],
    leaves: { 'gitlab commit': 1, 'gitlab merge request': 1 },
    proof: (subject) => runs(subject, '1.0.0'),
  },
  stageOf,
);
proveEffect(
  {
    ...ASKED_CHANGE,
    object: 'change-record',
    phase: 'proposal',
    after: [],
    reads: [
      'servicenow list change requests',
      'servicenow list change requests',
      'servicenow get change request',
    ],
    writes: ['servicenow create change request', 'servicenow update change request'],
    leaves: { 'servicenow change request': 1 },
  },
  stageOf,
);
proveEffect(
  {
    ...MERGE,
    object: 'merge',
    after: [MERGE_REQUEST, CHANGE_RECORD],
    reads: [
      ...LOOK,
      'gitlab listMergeRequests',
      'gitlab listMergeRequests',
      'gitlab listFreezePeriods',
      'gitlab getCommit',
      'gitlab compareRefs',
      'gitlab getMergeRequest',
      'gitlab getProject',
      'kubernetes read object',
      'servicenow get change request',
    ],
    writes: ['gitlab acceptMergeRequest'],
    leaves: { 'gitlab merge': 1 },
    outcome: 'changed',
    proof: (subject) => runs(subject, '1.1.0'),
  },
  stageOf,
);
proveEffect(
  {
    ...REVERT,
    object: 'revert',
    after: [MERGE_REQUEST, CHANGE_RECORD, MERGE],
    given: (subject) => stage.command(subject, 'rollback'),
    reads: [
      ...LOOK,
      'gitlab getFile',
      'gitlab getFile',
      'gitlab listMergeRequests',
      'gitlab getMergeRequest',
      'gitlab getProject',
    ],
    writes: ['gitlab createCommit', 'gitlab createMergeRequest', 'gitlab acceptMergeRequest'],
    leaves: { 'gitlab commit': 1, 'gitlab merge request': 1, 'gitlab merge': 1 },
    outcome: 'changed',
    proof: (subject) => runs(subject, '1.0.0'),
  },
  stageOf,
);
proveEffect(
  {
    ...CLOSE,
    object: 'merge-request-end',
    phase: 'tidying',
    after: [MERGE_REQUEST],
    given: (subject) => stage.command(subject, 'cancel'),
    reads: ['gitlab listMergeRequests'],
    writes: ['gitlab updateMergeRequest', 'gitlab deleteBranch'],
    leaves: { 'gitlab branch': -1 },
    outcome: 'changed',
    proof: (subject) => runs(subject, '1.0.0'),
  },
  stageOf,
);
proveEffect(
  {
    ...CLOSE_CHANGE,
    object: 'change-record-end',
    phase: 'tidying',
    after: [CHANGE_RECORD],
    given: (subject) => stage.command(subject, 'cancel'),
    reads: ['servicenow get change request'],
    writes: ['servicenow update change request'],
    leaves: {},
    outcome: 'changed',
  },
  stageOf,
);

describe('what somebody else did meanwhile', () => {
  const make = async (subject: Subject, ...activities: readonly Activity[]): Promise<unknown> => {
    let last: unknown;
    for (const activity of activities) {
      last = await stage.run(activity.queue, activity.name, inputOf(subject, activity));
      await activity.then?.(subject);
    }
    return last;
  };
  const inputOf = (subject: Subject, activity: Activity) =>
    activity.name === 'holdEnvironment' ? { requestId: subject.requestId } : refOf(subject, activity);
  /** Tried, it writes nothing, and says why. */
  const expectStopped = async (subject: Subject, activity: Activity, error: object): Promise<void> => {
    const before = await stage.marks();
    await expect(make(subject, activity)).rejects.toMatchObject(error);
    expect(writesOf(await stage.since(before))).toEqual([]);
  };
  const push = (
    subject: Subject,
    branch: string,
    message = 'by hand',
    content = 'kind: Pod\n',
  ): Promise<unknown> => {
    const [service = ''] = subject.target.split('/');
    const path = `${directoryOf(service)}/deployment.yaml`;
    return stage.control('gitlab').post('/commit', { project: PROD_PROJECT, branch, path, message, content });
  };
  const saying = (text: string) => ({ fields: { message: expect.stringContaining(text) } });

  it.each([
    ['a push to our branch', () => 'by hand'],
    [
      'a push to our branch in our name',
      ({ requestId }: Subject) => `as if by us\n\n${PROMOTION_TRAILER}: ${requestId}`,
    ],
  ])('%s is neither merged nor thrown away', async (_, messageOf) => {
    const subject = await stage.ask();
    await make(subject, MERGE_REQUEST, CHANGE_RECORD);
    const branch = `promote/${subject.target}/${subject.requestId}`;
    await push(subject, branch, messageOf(subject));
    for (const activity of [MERGE_REQUEST, MERGE]) {
      await expectStopped(subject, activity, saying('somebody else pushed'));
    }
    await runs(subject, '1.0.0');
  });

  it('production that changed since it was planned makes the approval void', async () => {
    const subject = await stage.ask();
    await make(subject, MERGE_REQUEST, CHANGE_RECORD);
    await push(subject, 'main');
    await expectStopped(subject, MERGE, { type: 'ApprovalVoid' });
  });

  it('what has come into the way since makes the approval void, and is what a later plan says', async () => {
    const subject = await stage.ask();
    const { requestId } = subject;
    await make(subject, MERGE_REQUEST, CHANGE_RECORD);
    await push(subject, 'main', 'by hand', 'apiVersion: v1\nkind: Pod\nmetadata: [\n');
    for (const activity of [MERGE_REQUEST, MERGE]) {
      await expectStopped(subject, activity, { type: 'ApprovalVoid' });
    }
    expect(await stage.run('plan', 'confirmPromotion', { requestId })).toEqual({
      state: 'changed',
      epoch: 2,
    });
    expect(await stage.run('plan', 'planPromotion', { requestId })).toMatchObject({
      state: 'refused',
      message: expect.stringContaining('deployment.yaml'),
    });
  });

  it('a hold, and a change record that nobody has approved, keep it from being merged', async () => {
    const subject = await stage.ask();
    await make(subject, MERGE_REQUEST, ASKED_CHANGE);
    await expectStopped(subject, MERGE, { name: 'SystemError', trouble: { kind: 'busy' } });
    await approvedChange(subject);
    const holdId = `hold-${subject.requestId}`;
    const by = { kind: 'person', id: 'p-olga' } as const;
    const [application = ''] = subject.target.split('/');
    await stage.ledger.api.placeHold(null, { holdId, scope: { application }, by });
    await expectStopped(subject, MERGE, { name: 'SystemError', trouble: { kind: 'busy' } });
    await stage.ledger.api.releaseHold({ holdId, by });
    await make(subject, MERGE);
    await runs(subject, '1.1.0');
  });

  it('a change on top of ours is not taken back with it', async () => {
    const subject = await stage.ask();
    await make(subject, MERGE_REQUEST, CHANGE_RECORD, MERGE);
    await stage.command(subject, 'rollback');
    await push(subject, 'main');
    await expectStopped(subject, REVERT, saying('somebody changed the same values since'));
  });

  it('nothing is taken back that nobody wants back, and nothing closed that is still open', async () => {
    const subject = await stage.ask();
    await make(subject, MERGE_REQUEST, CHANGE_RECORD);
    for (const activity of [CLOSE, CLOSE_CHANGE]) {
      await expectStopped(subject, activity, { type: 'EffectRefused', ...saying('still open') });
    }
    const hold: Activity = { queue: 'ledger', name: 'holdEnvironment' };
    await expectStopped(subject, hold, { type: 'EffectRefused', ...saying('nobody has asked') });
    const soak = { ...refOf(subject), revert: false };
    await expect(stage.run('ledger', 'passSoak', soak)).rejects.toMatchObject({ trouble: { kind: 'busy' } });
    await make(subject, MERGE);
    await expectStopped(subject, REVERT, { type: 'EffectRefused', ...saying('nobody has asked') });
    await runs(subject, '1.1.0');
  });
});

/** Change management agrees. */
async function approvedChange({ requestId }: Subject): Promise<void> {
  await stage.control('servicenow').post('/approval', { change: requestId, approval: 'approved' });
}

/** Production's branch asks for this version of the service. */
async function runs(subject: Subject, version: '1.0.0' | '1.1.0'): Promise<void> {
  expect(await stage.production(subject)).toContain(exampleImage('shop/web', version).content.top.digest);
}
