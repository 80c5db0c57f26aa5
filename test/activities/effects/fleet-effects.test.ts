import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Cluster } from '../../../sandbox/world.js';
import { effectKey } from '../../../src/domain/plan.js';
import { SECRET_NAMES } from '../../../src/planning/integration.js';
import type { SecretStore, StoredSecret } from '../../../src/systems/secret-store.js';
import { type Activity, leftBy, proveEffect, refOf, writesOf } from './effect-bench.js';
import type { Subject } from './effect-stage.js';
import { FleetStage } from './fleet-stage.js';

const ORGANISATION: Activity = { queue: 'otterize', name: 'ensureOrganisation' };
const INVITES: Activity = { queue: 'otterize', name: 'ensureInvites' };
const ENVIRONMENT: Activity = { queue: 'otterize', name: 'ensureEnvironment' };
const INTEGRATION: Activity = { queue: 'otterize', name: 'ensureIntegration' };
const VALUES: Activity = { queue: 'gitlab', name: 'ensureValues' };
const EFFECTS = [ORGANISATION, INVITES, ENVIRONMENT, INTEGRATION, VALUES];

/** Clusters of the world: one for each test that makes something. */
const CLUSTERS = 60;

let stage: FleetStage;
const stageOf = (): FleetStage => stage;

beforeAll(async () => {
  stage = await FleetStage.open(CLUSTERS);
});
afterEach(() => stage.mend());
afterAll(() => stage?.close());

proveEffect(
  {
    ...ORGANISATION,
    object: 'organisation',
    after: [],
    reads: ['otterize organizations_query', 'otterize organizations_query'],
    writes: ['otterize createOrganization_mutation'],
    leaves: { 'otterize organization': 1 },
  },
  stageOf,
);

proveEffect(
  {
    ...INVITES,
    object: 'invites',
    after: [ORGANISATION],
    reads: ['otterize invites_query', 'otterize users_query'],
    writes: ['otterize createInvite_mutation', 'otterize createInvite_mutation'],
    // two listed people and three members of the group on call
    leaves: { 'otterize invite': 5 },
    outcomeAfterCut: ['created', 'changed', 'unchanged'],
    again: { outcome: 'created', readBack: { invited: 0, missing: 0, people: 5 } },
  },
  stageOf,
);

proveEffect(
  {
    ...ENVIRONMENT,
    object: 'environment',
    after: [ORGANISATION],
    reads: ['otterize environments_query'],
    writes: ['otterize createEnvironment_mutation'],
    leaves: { 'otterize environment': 1 },
  },
  stageOf,
);

const INTEGRATION_SPEC = {
  ...INTEGRATION,
  object: 'integration',
  after: [ORGANISATION, ENVIRONMENT],
  reads: ['otterize integrations_query', 'key-vault GetSecret'],
  writes: ['otterize createKubernetesIntegration_mutation', 'key-vault SetSecret', 'key-vault SetSecret'],
  leaves: { 'otterize integration': 1, 'key-vault secret': 2 },
} as const;
proveEffect(INTEGRATION_SPEC, stageOf);
proveEffect(
  {
    ...INTEGRATION_SPEC,
    when: {
      words: 'the vendor shows the secret once',
      system: 'otterize',
      on: { secretReturned: 'once' },
      off: { secretReturned: 'always' },
    },
  },
  stageOf,
);

proveEffect(
  {
    ...VALUES,
    object: 'values',
    after: [ORGANISATION, ENVIRONMENT, INTEGRATION],
    reads: ['key-vault GetSecret', 'gitlab getFile'],
    writes: ['gitlab createCommit'],
    leaves: { 'gitlab commit': 1 },
    outcome: 'changed',
  },
  stageOf,
);

/** Runs effects one after the other. */
async function make(subject: Subject, ...activities: readonly Activity[]): Promise<unknown> {
  let last: unknown;
  for (const { queue, name } of activities) last = await stage.run(queue, name, refOf(subject));
  return last;
}

function organisationOf({ name, stage: at }: Cluster): string {
  return `${name}-${at}`;
}

describe('what was there before', () => {
  it('an organisation that came up since the plan is nobody we know: a conflict, and nothing is written', async () => {
    const subject = await stage.ask();
    await stage.systems.otterize.createOrganization(organisationOf(subject.cluster));
    const before = await stage.marks();
    await expect(make(subject, ORGANISATION)).rejects.toMatchObject({
      name: 'StepFailed',
      type: 'NameTaken',
      fields: { remedy: expect.stringContaining('adopt: true') },
    });
    expect(writesOf(await stage.since(before))).toEqual([]);
  });

  it('a plan without adoption names the conflict and is refused', async () => {
    const cluster = stage.nextCluster();
    await stage.systems.otterize.createOrganization(organisationOf(cluster));
    const { requestId } = await stage.accept(cluster);
    const planned = await stage.run('plan', 'planFleet', { requestId });
    expect(planned).toMatchObject({ state: 'refused', message: expect.stringContaining('organisation') });
  });

  it('an organisation of a plan that says so is adopted without a write', async () => {
    const cluster = stage.nextCluster();
    await stage.systems.otterize.createOrganization(organisationOf(cluster));
    const subject = await stage.ask({ cluster, adopt: true });
    const before = await stage.marks();
    expect(await make(subject, ORGANISATION)).toMatchObject({ outcome: 'adopted' });
    expect(writesOf(await stage.since(before))).toEqual([]);
  });

  it('what an earlier request made is ours: a second request finds all of it and writes nothing', async () => {
    const first = await stage.ask();
    await make(first, ...EFFECTS);
    await stage.ledger.worker.endRequest(first.requestId, { outcome: 'done', message: 'done' });
    const before = await stage.marks();
    const { requestId } = await stage.accept(first.cluster);
    expect(await stage.run('plan', 'planFleet', { requestId })).toMatchObject({ state: 'empty' });
    expect(writesOf(await stage.since(before))).toEqual([]);
  });

  it('an environment with other labels gets those that were asked for, and stays one', async () => {
    const subject = await stage.ask();
    await make(subject, ORGANISATION);
    const name = organisationOf(subject.cluster);
    const [known] = (await stage.systems.otterize.listOrganizations()).filter((one) => one.name === name);
    const organisation = stage.systems.otterize.organization(known?.id ?? '');
    await organisation.createEnvironment(name, { team: 'somebody', old: 'yes' });
    const before = await stage.marks();
    expect(await make(subject, ENVIRONMENT)).toMatchObject({ outcome: 'changed' });
    expect(leftBy(await stage.since(before))).toEqual({});
    expect((await organisation.environmentByName(name))?.labels).toEqual({ team: 'platform' });
  });

  /** Another value stands where the client id is. @returns the store, what it should hold, and what is asked next */
  async function writtenOver(effect: (target: string) => string) {
    const subject = await stage.ask();
    await make(subject, ORGANISATION, ENVIRONMENT, INTEGRATION);
    await stage.ledger.worker.endRequest(subject.requestId, { outcome: 'cancelled', message: 'over' });
    const vault = stage.systems.secretStoreOf((await stage.targetOf(subject)).secretStore);
    const wanted = await known(vault, SECRET_NAMES.clientId);
    const { value } = await known(vault, SECRET_NAMES.clientSecret);
    const marker = { requestId: subject.requestId, effect: effect(subject.target) };
    await vault.write(SECRET_NAMES.clientId, value, marker, { replaces: wanted.version });
    return { vault, wanted, subject: await stage.ask({ cluster: subject.cluster }) };
  }

  it('an older value of ours is stored again', async () => {
    const { vault, wanted, subject } = await writtenOver((target) => effectKey(target, 'integration'));
    expect(await make(subject, ORGANISATION, ENVIRONMENT, INTEGRATION)).toMatchObject({ outcome: 'changed' });
    expect((await known(vault, SECRET_NAMES.clientId)).value.equals(wanted.value)).toBe(true);
  });

  it('credentials of another cluster are never written over', async () => {
    const { subject } = await writtenOver(() => 'other/prod:integration');
    await make(subject, ORGANISATION, ENVIRONMENT);
    const before = await stage.marks();
    await expect(make(subject, INTEGRATION)).rejects.toMatchObject({
      type: 'NameTaken',
      fields: { message: expect.stringContaining('other/prod') },
    });
    expect(writesOf(await stage.since(before))).toEqual([]);
  });

  it('a client secret in clear in the values file stops the effect with its remedy', async () => {
    const subject = await stage.ask();
    await make(subject, ORGANISATION, ENVIRONMENT, INTEGRATION);
    const { values } = await stage.targetOf(subject);
    await stage.control('gitlab').post('/commit', {
      project: values.project,
      path: values.file,
      content:
        'global:\n  otterizeCloud:\n    credentials:\n      clientId: ""\n      clientSecret: in-the-clear\n',
    });
    const before = await stage.marks();
    await expect(make(subject, VALUES)).rejects.toMatchObject({
      fields: { message: expect.stringContaining('in clear'), remedy: expect.stringContaining('Revoke') },
    });
    expect(writesOf(await stage.since(before))).toEqual([]);
  });
});

describe('the end of a target', () => {
  const close = (subject: Subject, outcome: string): Promise<unknown> =>
    stage.run('ledger', 'closeTarget', { ...refOf(subject), outcome });

  it('is believed when the ledger holds every effect and check, and the request ends as done', async () => {
    const subject = await stage.ask();
    await make(subject, ...EFFECTS);
    const wait = { ...refOf(subject), maxWaitMs: 120_000 };
    await expect(close(subject, 'done')).rejects.toMatchObject({ type: 'EffectRefused' });
    await stage.run('argocd', 'waitForSync', wait);
    await stage.run('external-secrets', 'waitForExternalSecret', wait);
    await expect(close(subject, 'done')).rejects.toMatchObject({
      fields: { message: expect.stringContaining('connected') },
    });
    await stage.run('otterize', 'waitForConnected', wait);
    await close(subject, 'done');
    expect(
      await stage.run('ledger', 'closeRequest', { requestId: subject.requestId, reason: 'all' }),
    ).toMatchObject({
      state: 'ended',
      outcome: 'done',
    });
  });

  it('skipped without a command is not believed, and the request stays open', async () => {
    const subject = await stage.ask();
    await expect(close(subject, 'skipped')).rejects.toMatchObject({
      fields: { message: expect.stringContaining('command to skip') },
    });
    expect(
      await stage.run('ledger', 'closeRequest', { requestId: subject.requestId, reason: 'all' }),
    ).toMatchObject({
      state: 'still-open',
    });
    expect((await stage.entries(subject.requestId)).map(({ type }) => type)).toContain('alarm.raised');
  });

  it.each([
    ['argocd', 'waitForSync'],
    ['external-secrets', 'waitForExternalSecret'],
    ['otterize', 'waitForConnected'],
  ] as const)('%s: %s asks the guard, and no system, when nobody has approved it', async (queue, name) => {
    const subject = await stage.ask({ untouched: true, approved: false });
    const before = await stage.marks();
    await expect(stage.run(queue, name, { ...refOf(subject), maxWaitMs: 1 })).rejects.toMatchObject({
      type: 'EffectRefused',
    });
    expect(await stage.since(before)).toEqual([]);
  });
});

async function known(store: SecretStore, name: string): Promise<StoredSecret> {
  const stored = await store.read(name);
  if (stored === null) throw new Error(`the store holds no ${name}`);
  return stored;
}
