import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../sandbox/stack/temporary-folder.js';
import { workflowBundleCode } from '../src/worker/bundle.js';
import { atLeast, atMost, type Bench, counted, type Figure } from './bench.js';
import { tryAll } from './crash/campaign.js';
import { cleanRun } from './crash/clean-run.js';
import { CrashStack } from './crash/crash-stack.js';
import { type Finished, findingsOf, repeatedNotices } from './crash/findings.js';
import type { KillPoint } from './crash/kill-points.js';
import { readObjects } from './crash/objects.js';
import { type CrashCluster, crashCluster, onboarding } from './crash/onboarding.js';
import { closeTemporal } from './crash/temporal-closed.js';

/** More than there are points, with room for points that need several tries. */
const CLUSTERS = 260;
const SLOWEST_RESUME_S = 15;

export const bench: Bench = {
  describe:
    'kill -9 of the worker before and after every external call of one cluster, counted at all systems afterwards',

  async run() {
    const folder = await temporaryFolder('crash-bench');
    const workflowBundle = join(folder.path, 'workflows.js');
    await writeFile(workflowBundle, await workflowBundleCode());
    const crash = await CrashStack.start({ clusters: CLUSTERS, workflowBundle });
    try {
      return await campaigns(crash);
    } finally {
      await closeTemporal(crash.stack);
      await crash.dispose();
      await folder.remove();
    }
  },
};

async function campaigns(crash: CrashStack): Promise<readonly Figure[]> {
  const job = onboarding(crash);
  const fresh = crash.stack.world.clusters.map(crashCluster);
  const next = (): CrashCluster => {
    const cluster = fresh.shift();
    if (cluster === undefined) throw new RangeError(`${CLUSTERS} clusters are not enough for the points`);
    return cluster;
  };

  say('clean run, secret readable again');
  const clean = await cleanRun(crash, job, next());
  const always = await tryAll(crash, job, clean.points, next, say);

  say('clean run, secret shown once');
  await crash.control('otterize').settings({ secretReturned: 'once' });
  await crash.freshWorker();
  const cleanOnce = await cleanRun(crash, job, next());
  const once = await tryAll(crash, job, fromIntegrationToStore(cleanOnce.points), next, say);

  const kills = [...always.kills, ...once.kills];
  const finished: Finished[] = [
    { cluster: clean.subject, requestId: clean.requestId },
    { cluster: cleanOnce.subject, requestId: cleanOnce.requestId },
    ...always.all.map(({ subject, requestId }) => ({ cluster: subject, requestId })),
    ...once.all.map(({ subject, requestId }) => ({ cluster: subject, requestId, remade: true })),
  ];
  const objects = await readObjects(crash);
  const findings = findingsOf(objects, { cluster: clean.subject, requestId: clean.requestId }, finished);
  for (const { kind, target, what } of findings) say(`${kind}: ${target}: ${what}`);
  const done = [...always.all, ...once.all].filter(({ status }) => status === 'done').length;
  const runs = always.all.length + once.all.length;
  const of = (kind: string): number => findings.filter((finding) => finding.kind === kind).length;
  // a run that never came back is as slow as can be
  const slowestMs = Math.max(...kills.map(({ resumedMs }) => resumedMs ?? Number.POSITIVE_INFINITY));
  return [
    counted('external calls of one cluster', clean.points.length / 2, 'calls'),
    counted('kill points, secret readable again', clean.points.length, 'points'),
    counted('kill points, secret shown once', once.kills.length, 'points'),
    atMost('points that no kill hit', kills.filter(({ held }) => !held).length, 'points', 0),
    atLeast('finished', (100 * done) / runs, '%', 100),
    atMost('duplicates', of('duplicate'), 'objects', 0),
    atMost('lost', of('lost'), 'objects', 0),
    atMost('orphans', of('orphan'), 'objects', 0),
    atMost('slowest resume', slowestMs / 1000, 's', SLOWEST_RESUME_S),
    counted('notices sent again under the same id', repeatedNotices(objects), 'notices'),
  ];
}

/** Where the two behaviours of the vendor differ: from the integration's creation until both secrets are stored. */
function fromIntegrationToStore(points: readonly KillPoint[]): readonly KillPoint[] {
  const own = points.filter((point) => point.caller.endsWith(' ensureIntegration'));
  const created = own.findIndex((point) => point.operation === 'createKubernetesIntegration_mutation');
  return own.slice(created);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
