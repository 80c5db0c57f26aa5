/** The sentinel's look at production branches, on real repositories and a real ledger. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSentinelActivities } from '../../../src/activities/sentinel/activities.js';
import { judgeRef, type SentinelDeps } from '../../../src/activities/sentinel/judge-ref.js';
import type { EntryBodies } from '../../../src/domain/ledger.js';
import type { PathManifest } from '../../../src/domain/promotion/path.js';
import { readManifests } from '../../../src/manifests/read.js';
import { exampleOf } from '../../manifests/examples.js';
import { PromotionStandIn } from '../../systems/gitlab/promotion-stand-in.js';
import { type AskedPromotion, PromotionStage } from '../promotion-stage.js';

const PROJECT = 'shop-prod/ops';
const REF = { project: PROJECT, branch: 'main' };
const OVERLAY = 'overlays/prd/shop';
const BASE = 'base/shop';

let stage: PromotionStage;
let gitlab: PromotionStandIn;
let asked: AskedPromotion;
let deps: SentinelDeps;
beforeAll(async () => {
  [stage, gitlab] = await Promise.all([PromotionStage.open(), PromotionStandIn.start()]);
  asked = await stage.ask();
  deps = {
    ledger: stage.ledger.worker,
    gitlab: gitlab.ours.files,
    repositories: gitlab.ours.repositories,
    paths: [pathOf(asked)],
    nowMs: () => Date.now(),
  };
  await commit(`${BASE}/deployment.yaml`, 'kind: Deployment\n');
  await commit(`${BASE}/kustomization.yaml`, 'resources: [deployment.yaml]\n');
  await commit(`${OVERLAY}/kustomization.yaml`, 'resources: [../../../base/shop]\n');
});
afterAll(async () => {
  await Promise.all([stage?.close(), gitlab?.standIns.close()]);
});

/** The example path, with the application of the stage and its places in shop-prod: `yaml`, and an overlay on a base. */
function pathOf({ environment }: AskedPromotion): PathManifest {
  const [application = ''] = environment.split('/');
  const [example] = readManifests([{ file: 'shop.yaml', text: exampleOf('Path', 'shop') }]).paths;
  if (example === undefined) throw new Error('the example path is gone');
  const { manifest } = example;
  const [first, second] = manifest.spec.environments;
  const [place] = second.places;
  if (place === undefined) throw new Error('the example path has no place');
  return {
    ...manifest,
    metadata: { name: application },
    spec: {
      ...manifest.spec,
      environments: [
        first,
        {
          ...second,
          name: 'prod',
          places: [
            { ...place, name: 'eu', ...REF, directory: 'yaml' },
            { ...place, name: 'us', ...REF, directory: OVERLAY },
          ],
        },
      ],
    },
  };
}

async function commit(path: string, content: string | null, as = 'somebody-else'): Promise<string> {
  await gitlab.control.post('/commit', { project: PROJECT, path, content, author: as, as });
  return await gitlab.ours.files.branchHead(PROJECT, 'main');
}

const look = () => judgeRef(deps, REF);

async function alarms(): Promise<readonly EntryBodies['alarm.raised'][]> {
  const entries = await stage.ledger.api.entriesAfter(0, 1_000);
  return entries.flatMap((entry) =>
    entry.type === 'alarm.raised' && entry.body.alarm === 'changed-around-the-path' ? [entry.body] : [],
  );
}

/** Alarms that a look adds. */
async function found(): Promise<readonly EntryBodies['alarm.raised'][]> {
  const before = (await alarms()).length;
  await look();
  return (await alarms()).slice(before);
}

describe('a look at a branch that production reads', () => {
  it('begins where nobody has looked before, and finds nothing where nothing came', async () => {
    expect(await look()).toEqual({ state: 'first', strays: 0 });
    expect(await look()).toEqual({ state: 'unchanged', strays: 0 });
    expect(await alarms()).toEqual([]);
  });

  it('raises one alarm for a commit that no promotion made: who, when, which files, which places', async () => {
    const id = await commit('yaml/deployment.yaml', 'kind: Deployment\nmetadata: {name: web}\n');
    const [alarm, ...others] = await found();
    expect(others).toEqual([]);
    expect(alarm).toMatchObject({
      detail: expect.stringContaining(`commit ${id.slice(0, 12)} was made by no promotion`),
      stray: { ...REF, commit: id, files: ['yaml/deployment.yaml'], places: [`${asked.environment}/eu`] },
    });
    const by = alarm?.stray?.by ?? '';
    expect(by).toMatch(/^p_/);
    expect((await stage.ledger.worker.personal([by])).get(by)).toBe('somebody-else');
    expect(await found()).toEqual([]);
  });

  it('passes over what touches no place', async () => {
    await commit('README.md', 'hello\n');
    await commit('yaml-of-somebody/deployment.yaml', 'kind: Deployment\n');
    expect(await found()).toEqual([]);
  });

  it('counts the base that a place is built from', async () => {
    const id = await commit(`${BASE}/deployment.yaml`, 'kind: Deployment\nmetadata: {name: other}\n');
    expect(await found()).toMatchObject([{ stray: { commit: id, places: [`${asked.environment}/us`] } }]);
  });

  it('tells of each commit of a push, and of none twice when two look at once', async () => {
    const first = await commit('yaml/service.yaml', 'kind: Service\n');
    const second = await commit('yaml/service.yaml', null);
    const before = (await alarms()).length;
    await Promise.all([look(), look(), look()]);
    const added = (await alarms()).slice(before);
    expect(added.map(({ stray }) => stray?.commit)).toEqual([first, second]);
  });

  it('knows what promotions landed, and waits for what is being landed', async () => {
    const { worker } = stage.ledger;
    const key = `${asked.places[0]}:merge`;
    const seq = await worker.lastSeq();
    const effect = { key, epoch: 1, system: 'gitlab' } as const;
    expect((await worker.reserveEffect(asked.requestId, effect, seq)).state).toBe('reserved');
    const { branch } = await gitlab.branch(PROJECT, {
      path: 'yaml/configmap.yaml',
      content: 'kind: ConfigMap\n',
      trailer: asked.requestId,
    });
    const head = await merged(branch);
    expect(await look()).toEqual({ state: 'waiting', strays: 0 });
    const readBack = { ...REF, commit: head.landed, head: head.source };
    await worker.completeEffect(asked.requestId, { ...effect, outcome: 'changed', readBack });
    expect(await look()).toEqual({ state: 'judged', strays: 0 });
  });

  it('does not wait for ever for a landing: what nobody accounts for is told', async () => {
    const other = await stage.ask();
    const later = { ...deps, paths: [pathOf(other)], nowMs: () => Date.now() + 2 * 3_600_000 };
    const { worker } = stage.ledger;
    const effect = { key: `${other.places[0]}:merge`, epoch: 1, system: 'gitlab' } as const;
    const seq = await worker.lastSeq();
    await worker.reserveEffect(other.requestId, effect, seq);
    const { branch } = await gitlab.branch(PROJECT, {
      path: 'yaml/configmap.yaml',
      content: 'kind: ConfigMap\nmetadata: {name: x}\n',
      trailer: other.requestId,
    });
    await merged(branch);
    expect(await judgeRef({ ...later, nowMs: () => Date.now() }, REF)).toMatchObject({ state: 'waiting' });
    expect(await judgeRef(later, REF)).toEqual({ state: 'judged', strays: 2 });
  });

  it('tells when the history that it knew is gone, whatever the new one changes', async () => {
    const known = (await stage.ledger.worker.lastJudged(REF))?.commit ?? '';
    const before = await gitlab.ours.repositories.commit(PROJECT, known);
    const { token } = gitlab.standIns.world.gitlab;
    const project = `/projects/${encodeURIComponent(PROJECT)}`;
    await gitlab.rest(token, 'DELETE', `${project}/protected_branches/main`);
    const { status, text } = await gitlab.rest(token, 'POST', `${project}/repository/commits`, {
      branch: 'main',
      start_sha: before.parentIds[0],
      force: true,
      commit_message: 'Another past',
      actions: [{ action: 'create', file_path: 'notes.md', content: 'nothing of a place\n' }],
    });
    expect(status, text).toBe(201);
    const head = await gitlab.ours.files.branchHead(PROJECT, 'main');
    const places = ['eu', 'us'].map((name) => `${asked.environment}/${name}`);
    expect(await found()).toMatchObject([
      {
        detail: expect.stringContaining('history was rewritten'),
        stray: { commit: head, files: [], places },
      },
    ]);
  });

  it('is made at no branch that a path does not have, whoever asks for it', async () => {
    const activities = createSentinelActivities(deps);
    expect(await activities.listProductionRefs()).toEqual([REF]);
    await expect(
      stage.run(() => activities.judgeRef({ project: 'platform/clusters', branch: 'main' })),
    ).rejects.toMatchObject({ type: 'EffectRefused' });
    expect(await stage.ledger.worker.lastJudged({ project: 'platform/clusters', branch: 'main' })).toBeNull();
  });

  async function merged(branch: string): Promise<{ readonly landed: string; readonly source: string }> {
    const { iid } = await gitlab.open(PROJECT, branch);
    const { sha } = await gitlab.computed(PROJECT, iid);
    const { status, text } = await gitlab.rest(
      gitlab.standIns.world.gitlab.token,
      'PUT',
      `/projects/${encodeURIComponent(PROJECT)}/merge_requests/${iid}/merge`,
      { sha },
    );
    expect(status, text).toBe(200);
    return { landed: await gitlab.ours.files.branchHead(PROJECT, 'main'), source: sha ?? '' };
  }
});
