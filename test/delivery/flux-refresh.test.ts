import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { WrittenObject } from '../../bench/accidents/accident.js';
import { clock, Stage } from '../../bench/accidents/stage.js';
import { type TemporaryFolder, temporaryFolder } from '../../sandbox/stack/temporary-folder.js';
import { wait } from '../../src/cli/commands/wait.js';
import { Output } from '../../src/cli/output/output.js';

const REQUESTED = 'reconcile.fluxcd.io/requestedAt';
const WithAnnotations = Type.Object({
  metadata: Type.Object({ annotations: Type.Optional(Type.Record(Type.String(), Type.String())) }),
});

let stage: Stage;
let folder: TemporaryFolder;
beforeAll(async () => {
  stage = await Stage.open();
  folder = await temporaryFolder('flux-refresh');
  writeFileSync(join(folder.path, 'token'), stage.adminToken, { mode: 0o600 });
});
afterAll(async () => {
  await stage.close();
  await folder.remove();
});

/** What somebody has asked an object for; undefined when nobody has. */
async function askedOf(group: string, plural: string): Promise<string | undefined> {
  const path = `/apis/${group}/v1/namespaces/flux-system/${plural}/shop`;
  const answer = await fetch(`${stage.server}${path}`, {
    headers: { authorization: `Bearer ${stage.adminToken}` },
  });
  const object: unknown = await answer.json();
  return Value.Check(WithAnnotations, object) ? object.metadata.annotations?.[REQUESTED] : undefined;
}

function source(commit: string, handled?: string): WrittenObject {
  return {
    plural: 'gitrepositories',
    namespace: 'flux-system',
    name: 'shop',
    ...(handled === undefined ? {} : { annotations: { [REQUESTED]: handled } }),
    spec: { interval: '24h', url: 'https://git.example.com/ops/fleet.git' },
    status: (generation) => ({
      observedGeneration: generation,
      ...(handled === undefined ? {} : { lastHandledReconcileAt: handled }),
      artifact: {
        revision: `main@sha1:${commit}`,
        digest: `sha256:${'1'.repeat(64)}`,
        path: 'shop.tar.gz',
        url: 'http://source-controller/shop.tar.gz',
        lastUpdateTime: clock.ago(60),
      },
    }),
  };
}

function kustomization(commit: string, asked?: string, handled = asked): WrittenObject {
  return {
    plural: 'kustomizations',
    namespace: 'flux-system',
    name: 'shop',
    ...(asked === undefined ? {} : { annotations: { [REQUESTED]: asked } }),
    spec: { interval: '24h', prune: true, wait: true, sourceRef: { kind: 'GitRepository', name: 'shop' } },
    status: (generation) => ({
      observedGeneration: generation,
      lastAttemptedRevision: `main@sha1:${commit}`,
      lastAppliedRevision: `main@sha1:${commit}`,
      ...(handled === undefined ? {} : { lastHandledReconcileAt: handled }),
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'ReconciliationSucceeded',
          message: 'applied',
          lastTransitionTime: clock.ago(60),
        },
      ],
    }),
  };
}

it('asks the source first, the Kustomization once the source has our commit, and waits for both answers', async () => {
  const { before, ours, folder: repository } = stage.story;
  await stage.show({ objects: [source(before), kustomization(before)] });
  const seen: string[] = [];
  /** The controllers, one step of each between two looks. */
  const controllers = async (): Promise<void> => {
    const ofSource = await askedOf('source.toolkit.fluxcd.io', 'gitrepositories');
    const ofOwn = await askedOf('kustomize.toolkit.fluxcd.io', 'kustomizations');
    if (seen.length > 5) throw new Error(`The wait does not end: ${seen.join(', ')}`);
    seen.push(`${ofSource === undefined ? '-' : 'source'} ${ofOwn === undefined ? '-' : 'kustomization'}`);
    if (ofSource !== undefined && ofOwn === undefined)
      await stage.show({ objects: [source(ours, ofSource)] });
    if (ofOwn === undefined) return;
    // it had applied ours by its own interval: only the answer to a request counts, and somebody's has replaced ours
    const handled = seen.length === 2 ? 'an older one' : 'somebody-else';
    await stage.show({ objects: [kustomization(ours, 'somebody-else', handled)] });
  };
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const code = await wait(
    {
      env: {},
      output: new Output({ stdin, stdout, stderr }, true, {}),
      signal: new AbortController().signal,
      now: Date.now,
    },
    {
      ...{ flux: 'kustomization/shop', revision: ours, repository, refresh: true },
      ...{ server: stage.server, tokenFile: join(folder.path, 'token') },
      ...{ image: [], workload: [], stabilisation: 0, timeout: 60_000 },
    },
    controllers,
  );
  expect(code).toBe(0);
  expect(seen).toEqual(['source -', 'source kustomization', 'source kustomization']);
  const clauses = String(stdout.read()).match(/"clause":"[^"]+"/g);
  expect(clauses).toEqual(['"clause":"source-behind"', '"clause":"reconcile-pending"']);
});
