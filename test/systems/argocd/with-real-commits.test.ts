import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ControlClient } from '../../../sandbox/framework/control-client.js';
import type { World } from '../../../sandbox/world.js';
import { commitsNamedBy } from '../../../src/systems/argocd/application.js';
import { Applications } from '../../../src/systems/argocd/applications.js';
import { ERROR_PATIENCE_MS, judgeSync, type SyncJudgement } from '../../../src/systems/argocd/sync-state.js';
import { GitLabClient } from '../../../src/systems/gitlab/client.js';
import { KubernetesConnection } from '../../../src/systems/kubernetes/connection.js';
import { Secret } from '../../../src/systems/secret.js';
import { cleanTroubleFrom } from '../clean-trouble.js';
import { type StandIns, startStandIns } from '../stand-ins.js';

const PROJECT = 'platform/clusters';

let standIns: StandIns;
let control: ControlClient;
let gitlab: GitLabClient;
let applications: Applications;

beforeAll(async () => {
  standIns = await startStandIns('gitlab', 'kubernetes');
  control = standIns.control('kubernetes');
  gitlab = new GitLabClient({
    baseUrl: standIns.origin('gitlab'),
    token: async () => new Secret(standIns.world.gitlab.token),
  });
  applications = applicationsWith(standIns.world.kubernetes.managementToken);
});

afterEach(async () => {
  await control.settings({ syncMs: 300, applications: {} });
  expect(await control.violations()).toEqual([]);
});

afterAll(() => standIns.close());

function applicationsWith(token: string): Applications {
  return new Applications({
    connection: new KubernetesConnection({
      server: `${standIns.origin('kubernetes')}/clusters/management`,
      token: async () => new Secret(token),
    }),
  });
}

/** each test takes a cluster of its own */
function clusterOf(index: number): World['clusters'][number] {
  const cluster = standIns.world.clusters[index];
  if (cluster === undefined) throw new Error(`The example world has no cluster ${index}.`);
  return cluster;
}

/** Changes the cluster's values file by a real commit. */
async function commitTo(cluster: World['clusters'][number]): Promise<string> {
  const path = `${cluster.path}/otterize.yaml`;
  const file = await gitlab.readFile({ project: PROJECT, branch: 'main', path });
  if (file === null) throw new Error(`${path} is missing`);
  const { commitSha } = await gitlab.commitFiles({
    project: PROJECT,
    branch: 'main',
    message: `Change ${path}`,
    effectKey: `${cluster.application}:values`,
    actions: [
      { action: 'update', path, content: `${file.content}# changed\n`, lastCommitId: file.lastCommitId },
    ],
  });
  return commitSha;
}

async function judge(name: string, revision: string, notBefore: string): Promise<SyncJudgement> {
  const application = await applications.read(name);
  const containing = new Set<string>();
  for (const commit of application === null ? [] : commitsNamedBy(application)) {
    if (await gitlab.isAncestor(PROJECT, revision, commit)) containing.add(commit);
  }
  const expectation = {
    revision,
    containing,
    notBefore,
    stabilisationMs: 0,
    errorPatienceMs: ERROR_PATIENCE_MS,
  };
  return judgeSync(application, expectation, new Date().toISOString());
}

/** Asks and judges until something else than waiting is said; asks again as long as the comparison is too early. */
async function outcomeOf(name: string, revision: string): Promise<SyncJudgement> {
  const { requestedAt } = await applications.requestRefresh(name, 'normal');
  let outcome: SyncJudgement | undefined;
  await expect
    .poll(
      async () => {
        outcome = await judge(name, revision, requestedAt);
        if (outcome.state === 'waiting' && outcome.clause === 'compared-too-early') {
          await applications.requestRefresh(name, 'normal');
        }
        return outcome.state;
      },
      { timeout: 60_000, interval: 200 },
    )
    .not.toBe('waiting');
  if (outcome === undefined) throw new Error('nothing was judged');
  return outcome;
}

describe('an Application that follows real commits', () => {
  it('waits while the old commit is Synced and Healthy, then sees ours', async () => {
    const cluster = clusterOf(0);
    await expect
      .poll(async () => (await applications.read(cluster.application))?.status, { timeout: 60_000 })
      .toMatchObject({ sync: { status: 'Synced' }, health: { status: 'Healthy' } });
    const revision = await commitTo(cluster);
    const started = new Date().toISOString();
    expect((await judge(cluster.application, revision, started)).state).toBe('waiting');
    expect(await outcomeOf(cluster.application, revision)).toMatchObject({
      state: 'synced',
      readBack: { revision, sync: 'Synced', health: 'Healthy', operation: 'Succeeded' },
    });
  });

  it('takes a later commit of somebody else that contains ours', async () => {
    const cluster = clusterOf(1);
    const ours = await commitTo(cluster);
    const later = await commitTo(cluster);
    expect(await outcomeOf(cluster.application, ours)).toMatchObject({
      state: 'synced',
      readBack: { revision: later },
    });
  });

  it('gives up on one that can never sync, and on one whose hook fails although it is Synced and Healthy', async () => {
    const [never, hook] = [clusterOf(1), clusterOf(2)];
    await control.settings({
      applications: { [never.application]: { neverSyncs: true }, [hook.application]: { hookFails: true } },
    });
    expect(await outcomeOf(never.application, await commitTo(never))).toMatchObject({
      state: 'hopeless',
      clause: expect.stringMatching(/^sync-(failed|error)$/),
    });
    expect(await outcomeOf(hook.application, await commitTo(hook))).toMatchObject({
      state: 'hopeless',
      clause: 'sync-failed',
      message: expect.stringContaining('PostSync hook'),
    });
  });

  it('says null for an Application that does not exist', async () => {
    expect(await applications.read('harbour-99-dev-otterize')).toBeNull();
    const { managementToken } = standIns.world.kubernetes;
    const refresh = applications.requestRefresh('harbour-99-dev-otterize', 'normal');
    expect(await cleanTroubleFrom(refresh, managementToken)).toMatchObject({ kind: 'not-found' });
  });

  it('tells a wrong token, and one of another cluster', async () => {
    const name = clusterOf(0).application;
    expect(await cleanTroubleFrom(applicationsWith('wrong').read(name), 'wrong-token')).toMatchObject({
      kind: 'unauthenticated',
    });
    const token = clusterOf(0).kubernetesToken;
    const { kind } = await cleanTroubleFrom(applicationsWith(token).read(name), token);
    expect(['unauthenticated', 'forbidden']).toContain(kind);
  });
});
