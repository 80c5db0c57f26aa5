import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ControlClient } from '../../../sandbox/framework/control-client.js';
import { shopFiles } from '../../../sandbox/gitlab/promotion-files.js';
import {
  createDeliveryActivities,
  type DeliveryActivityDeps,
  deliveryTools,
} from '../../../src/activities/delivery/activities.js';
import { PROMOTION_OBJECT } from '../../../src/domain/promotion/request.js';
import { Applications } from '../../../src/systems/argocd/applications.js';
import { Flux } from '../../../src/systems/flux/flux.js';
import { GitLabClient } from '../../../src/systems/gitlab/client.js';
import { GitLabRepositories } from '../../../src/systems/gitlab/repositories.js';
import { KubernetesConnection } from '../../../src/systems/kubernetes/connection.js';
import { Workloads } from '../../../src/systems/kubernetes/workloads.js';
import { Secret } from '../../../src/systems/secret.js';
import { type StandIns, startStandIns } from '../../systems/stand-ins.js';
import { type AskedPromotion, PromotionStage, WEB } from '../promotion-stage.js';

const PROJECT = 'shop-prod/ops';
const FILE = 'yaml/deployment.yaml';
const APPLICATION = 'shop-prod';
/** Longer than everything takes on a busy machine: only what never comes meets it. */
const MAX_WAIT_MS = 90_000;

let standIns: StandIns;
let gitlabControl: ControlClient;
let kubernetes: ControlClient;
let stage: PromotionStage;
let deps: DeliveryActivityDeps;
let cluster: string;

beforeAll(async () => {
  [standIns, stage] = await Promise.all([startStandIns('gitlab', 'kubernetes'), PromotionStage.open()]);
  gitlabControl = standIns.control('gitlab');
  kubernetes = standIns.control('kubernetes');
  const third = standIns.world.clusters[2];
  if (third === undefined) throw new Error('The example world has no third cluster.');
  cluster = third.name;
  const connectionOf = (name: string): KubernetesConnection =>
    new KubernetesConnection({
      server: `${standIns.origin('kubernetes')}/clusters/${name}`,
      token: async () =>
        new Secret(name === 'management' ? standIns.world.kubernetes.managementToken : third.kubernetesToken),
    });
  const options = {
    baseUrl: standIns.origin('gitlab'),
    token: async () => new Secret(standIns.world.gitlab.token),
  };
  deps = {
    ledger: stage.ledger.worker,
    guard: stage.placeGuard,
    gitlab: new GitLabClient(options),
    repositories: new GitLabRepositories(options),
    repositoryOf: (project) => `${standIns.origin('gitlab')}/${project}.git`,
    registry: undefined,
    changeRecords: undefined,
    clusters: {
      applicationsOf: ({ connection, namespace }) =>
        new Applications({ connection: connectionOf(connection), namespace }),
      fluxOf: (connection) => new Flux({ connection: connectionOf(connection) }),
      workloadsOf: (connection) => new Workloads(connectionOf(connection)),
    },
    stabilisationMs: 0,
    maxWaitMs: MAX_WAIT_MS,
  };
});
beforeEach(async () => {
  await kubernetes.settings({ syncMs: 100, applications: {} });
});
afterEach(async () => {
  for (const control of [gitlabControl, kubernetes]) {
    await control.removeFaults();
    expect(await control.violations()).toEqual([]);
  }
});
afterAll(async () => {
  await Promise.all([standIns.close(), stage.close()]);
});

let versions = 0;

/** A version that no other test has. */
function newVersion(): { readonly digest: string; readonly text: string } {
  versions += 1;
  const digest = `sha256:${createHash('sha256').update(`delivery ${versions}`).digest('hex')}`;
  const text = shopFiles({ image: `${WEB}@${digest}` })[FILE];
  if (text === undefined) throw new Error('the shop has no Deployment');
  return { digest, text };
}

async function commit(path: string, content: string): Promise<string> {
  const answer = await gitlabControl.post('/commit', { project: PROJECT, path, content });
  const id = /"id":"([0-9a-f]{40})"/.exec(answer)?.[1];
  if (id === undefined) throw new Error(`no commit was made: ${answer}`);
  return id;
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

interface Merging {
  /** what the release says that runs; default: what is merged */
  readonly released?: string;
}

/** A promotion of a new version that is approved and merged. */
async function merged({ released }: Merging = {}) {
  const before = newVersion();
  const { digest, text } = newVersion();
  await commit(FILE, before.text);
  const asked = await ask(released ?? digest, before.text, text);
  const landed = await commit(FILE, text);
  await stage.completed(asked.requestId, place(asked), PROMOTION_OBJECT.merge, { commit: landed });
  return { asked, digest, before, text, landed };
}

async function ask(digest: string, before: string, after: string): Promise<AskedPromotion> {
  return await stage.ask({
    release: { images: [{ repository: WEB, digest }] },
    placePlans: [
      {
        files: [{ path: FILE, before: hash(before), after: hash(after) }],
        images: [`${WEB}@${digest}`],
      },
    ],
    places: [
      {
        project: PROJECT,
        deliveries: [
          {
            kind: 'argocd',
            name: 'eu',
            cluster,
            connection: 'management',
            namespace: 'argocd',
            application: APPLICATION,
            workloads: [{ kind: 'Deployment', namespace: 'shop', name: 'web' }],
          },
        ],
      },
    ],
  });
}

function place({ places: [first = ''] }: AskedPromotion): string {
  return first;
}

interface Waiting {
  readonly revert?: boolean;
  readonly maxWaitMs?: number;
  readonly onHeartbeat?: (details: unknown) => void;
}

function wait(asked: AskedPromotion, more: Waiting = {}) {
  const { revert = false, maxWaitMs = MAX_WAIT_MS, onHeartbeat } = more;
  const { waitForDelivery } = createDeliveryActivities(deliveryTools({ ...deps, maxWaitMs }));
  const { requestId } = asked;
  return stage.run(
    () => waitForDelivery({ requestId, target: place(asked), delivery: 'eu', revert }),
    onHeartbeat,
  );
}

function confirm(asked: AskedPromotion, revert = false) {
  const { confirmDelivery } = createDeliveryActivities(deliveryTools(deps));
  const { requestId } = asked;
  return stage.run(() => confirmDelivery({ requestId, target: place(asked), delivery: 'eu', revert }));
}

describe('waitForDelivery', () => {
  it('proves commit, operation and digest, and writes the chain down', async () => {
    const { asked, digest, landed } = await merged();
    const { readBack } = await wait(asked);
    expect(readBack).toMatchObject({
      commit: landed,
      revision: landed,
      application: APPLICATION,
      project: PROJECT,
      delivery: 'eu',
      cluster,
      sync: 'Synced',
      health: 'Healthy',
      operation: 'Succeeded',
      images: `${WEB}@${digest}`,
      'deployment/web': `rolled out with ${digest}`,
      since: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
    expect(await stage.passed(asked.requestId, place(asked), 'delivered/eu')).toEqual(readBack);
  });

  it('takes a later commit of somebody else that holds our content', async () => {
    const { asked, landed } = await merged();
    const later = await commit('README.md', `# later ${landed}\n`);
    expect((await wait(asked)).readBack).toMatchObject({ commit: landed, revision: later });
  });

  it('does not take one that has replaced it', async () => {
    const { asked } = await merged();
    await commit(FILE, newVersion().text);
    await expect(wait(asked)).rejects.toMatchObject({
      type: 'CannotSucceed',
      fields: {
        system: 'argocd',
        message: expect.stringContaining('superseded'),
        remedy: expect.stringContaining('Promote again'),
      },
    });
    expect(await stage.passed(asked.requestId, place(asked), 'delivered/eu')).toBeUndefined();
  });

  it('does not take another digest than the release has', async () => {
    const { asked } = await merged({ released: newVersion().digest });
    await expect(wait(asked)).rejects.toMatchObject({
      type: 'CannotSucceed',
      fields: {
        message: expect.stringContaining('other-image'),
        remedy: expect.stringContaining('admission webhook'),
      },
    });
  });

  it('gives up at once on a failed hook, although it is Synced and Healthy', async () => {
    await kubernetes.settings({ syncMs: 100, applications: { [APPLICATION]: { hookFails: true } } });
    const { asked } = await merged();
    await expect(wait(asked)).rejects.toMatchObject({
      type: 'CannotSucceed',
      fields: { message: expect.stringMatching(/sync-failed.*PostSync hook/) },
    });
  });

  it('waits through trouble that passes', async () => {
    const { asked, landed } = await merged();
    for (const [control, path] of [
      [kubernetes, '/applications'],
      [kubernetes, '/deployments'],
      [gitlabControl, '/repository'],
    ] as const) {
      const fault = { match: { path }, times: 2, when: 'before', kind: 'status', status: 503 } as const;
      await control.addFault({ id: path, ...fault });
    }
    expect((await wait(asked)).readBack).toMatchObject({ commit: landed });
  });

  it('proves what ran before by its commit and its roll-out, after a rollback', async () => {
    const { asked, before } = await merged();
    await wait(asked);
    const revert = await commit(FILE, before.text);
    await stage.completed(asked.requestId, place(asked), PROMOTION_OBJECT.revert, { commit: revert });
    const { readBack } = await wait(asked, { revert: true });
    expect(readBack).toMatchObject({ commit: revert, 'deployment/web': 'rolled out' });
    expect(await stage.passed(asked.requestId, place(asked), 'reverted/delivered/eu')).toEqual(readBack);
  });

  it('refuses when the ledger holds no commit, when nobody has approved, and for a delivery that is not there', async () => {
    const asked = await ask(newVersion().digest, 'before', 'after');
    await expect(wait(asked)).rejects.toMatchObject({ type: 'EffectRefused' });
    const alarms = (await stage.entries(asked.requestId)).filter(({ type }) => type === 'alarm.raised');
    expect(alarms).toHaveLength(1);
    const open = await stage.ask({ approved: false });
    await expect(wait(open)).rejects.toMatchObject({ type: 'EffectRefused' });
    await expect(wait(await stage.ask())).rejects.toThrow(/no delivery eu/);
  });
});

describe('confirmDelivery', () => {
  it('holds while it runs, also under a later commit of somebody else', async () => {
    const { asked, landed } = await merged();
    await wait(asked);
    expect(await confirm(asked)).toMatchObject({ state: 'holds' });
    await commit('README.md', `# still ${landed}\n`);
    expect(await confirm(asked)).toMatchObject({ state: 'holds' });
  });

  it('sees that somebody has taken it back', async () => {
    const { asked, before } = await merged();
    await wait(asked);
    await commit(FILE, before.text);
    expect(await confirm(asked)).toMatchObject({
      state: 'regressed',
      message: expect.stringContaining('superseded: application argocd/shop-prod'),
    });
  });

  it('sees that it is Degraded', async () => {
    const { asked, landed } = await merged();
    await wait(asked);
    await kubernetes.settings({ syncMs: 100, applications: { [APPLICATION]: { degraded: true } } });
    await commit('yaml/configmap.yaml', `# ${landed}\n`);
    expect(await confirm(asked)).toMatchObject({
      state: 'regressed',
      message: expect.stringMatching(/not-healthy.*Degraded/),
    });
  });

  it('takes a cluster that cannot be asked for no regression', async () => {
    const { asked } = await merged();
    await wait(asked);
    await kubernetes.addFault({
      id: 'down',
      match: { path: '/applications' },
      times: 0,
      when: 'before',
      kind: 'status',
      status: 503,
    });
    await expect(confirm(asked)).rejects.toMatchObject({ trouble: { kind: 'unavailable' } });
    await kubernetes.removeFaults();
    expect(await confirm(asked)).toMatchObject({ state: 'holds' });
  });
});

// the last one: a refresh that nobody takes up stays on the Application
describe('a wait for what never comes', () => {
  it('says what it waited for when its time is over', async () => {
    const { asked } = await merged();
    await kubernetes.settings({ syncMs: 100, applications: { [APPLICATION]: { scripted: true } } });
    const told: unknown[] = [];
    const waiting = wait(asked, { maxWaitMs: 500, onHeartbeat: (details) => told.push(details) });
    await expect(waiting).rejects.toMatchObject({
      type: 'WaitOverdue',
      fields: {
        object: `application argocd/${APPLICATION} on ${cluster}`,
        message: expect.stringMatching(/unmet: [a-z-]+: application argocd\/shop-prod: /),
      },
    });
    expect(told[0]).toEqual({
      waitingFor: expect.stringMatching(/^[a-z-]+: application argocd\/shop-prod: /),
      since: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
  });
});
