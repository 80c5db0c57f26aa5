/** Runs every command of docs/wait.md by a shell, and holds its role against what the commands need. */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { application } from '../../bench/accidents/argocd-objects.js';
import { clock, Stage } from '../../bench/accidents/stage.js';
import { PIPELINE_RIGHTS } from '../../sandbox/kubernetes/example-objects.js';
import { runCommand } from '../../sandbox/stack/run-command.js';
import { type TemporaryFolder, temporaryFolder } from '../../sandbox/stack/temporary-folder.js';
import { ROOT } from '../../scripts/run-part.js';
import * as argocd from '../../src/systems/argocd/sync-state.js';
import { reportSystem } from '../support/report.js';

/** What the page says how to make: one file, and nothing beside it. */
const BUILD = 'src/build/wait-file-main.ts';
const page = readFileSync(new URL('../../docs/wait.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, kind = '', text = '']) => ({
  kind,
  text,
}));
const SHOWN = '9f31c2e4a7b80d15e6f2c3b4a5968778695a4b3c';
const DIGEST = `sha256:${'4'.repeat(64)}`;

/** Commands of the console blocks, and of the jobs. */
const commands = [
  ...blocks
    .filter(({ kind }) => kind === 'console')
    .flatMap(({ text }) => [...text.matchAll(/^\$ (.*)$/gm)].map(([, command = '']) => command)),
  ...[...page.matchAll(/^\s+- (?:run: )?(gatehouse wait .*)$/gm)].map(([, command = '']) => command),
];

let stage: Stage;
let folder: TemporaryFolder;
beforeAll(async () => {
  reportSystem('kubernetes', 'stand-in');
  stage = await Stage.open();
  folder = await temporaryFolder('docs-wait');
  await runCommand(process.execPath, ['--import', 'tsx', BUILD, join(folder.path, 'bin', 'gatehouse')], {
    cwd: ROOT,
  });
  writeFileSync(join(folder.path, 'token'), stage.pipelineToken, { mode: 0o600 });
  const { ours } = stage.story;
  await stage.show({
    objects: [
      application(ours, clock, { name: 'shop', labels: { team: 'shop' } }),
      application(ours, clock, { name: 'shop-canary', labels: { team: 'shop' } }),
      { ...application(ours, clock, { name: 'shop' }), namespace: 'team-a' },
      {
        plural: 'gitrepositories',
        namespace: 'flux-system',
        name: 'fleet',
        spec: { interval: '1m', url: 'https://git.example.com/ops/fleet.git' },
        status: (generation) => ({
          observedGeneration: generation,
          artifact: {
            revision: `main@sha1:${ours}`,
            digest: DIGEST,
            path: 'fleet.tar.gz',
            url: 'http://source-controller/fleet.tar.gz',
            lastUpdateTime: clock.ago(90),
          },
        }),
      },
      {
        plural: 'kustomizations',
        namespace: 'flux-system',
        name: 'shop',
        spec: {
          interval: '10m',
          prune: true,
          wait: true,
          sourceRef: { kind: 'GitRepository', name: 'fleet' },
        },
        status: (generation) => ({
          observedGeneration: generation,
          lastAttemptedRevision: `main@sha1:${ours}`,
          lastAppliedRevision: `main@sha1:${ours}`,
          conditions: [ready('ReconciliationSucceeded')],
        }),
      },
      {
        plural: 'helmreleases',
        namespace: 'shop',
        name: 'shop',
        spec: {
          interval: '10m',
          chart: {
            spec: { chart: 'shop', version: '1.4.2', sourceRef: { kind: 'HelmRepository', name: 'charts' } },
          },
        },
        status: (generation) => ({
          observedGeneration: generation,
          lastAttemptedGeneration: generation,
          lastAttemptedRevision: '1.4.2',
          history: [
            {
              name: 'shop',
              namespace: 'shop',
              chartName: 'shop',
              chartVersion: '1.4.2',
              configDigest: 'sha256:values',
              digest: 'sha256:release',
              firstDeployed: clock.ago(60),
              lastDeployed: clock.ago(60),
              status: 'deployed',
              version: 1,
            },
          ],
          conditions: [ready('InstallSucceeded')],
        }),
      },
      {
        plural: 'deployments',
        namespace: 'shop',
        name: 'web',
        spec: {
          replicas: 1,
          template: {
            spec: { containers: [{ name: 'web', image: `registry.example.com/shop/web@${DIGEST}` }] },
          },
        },
        status: (generation) => ({
          observedGeneration: generation,
          replicas: 1,
          updatedReplicas: 1,
          availableReplicas: 1,
        }),
      },
    ],
  });
});
afterAll(async () => {
  await stage.close();
  await folder.remove();
});

function ready(reason: string): object {
  return { type: 'Ready', status: 'True', reason, message: 'done', lastTransitionTime: clock.ago(60) };
}

/** In the clone of a pipeline, with the cluster of the stage. */
async function run(command: string): Promise<{ readonly code: number | null; readonly printed: string }> {
  const { ours, folder: clone } = stage.story;
  const text = command
    .replaceAll(SHOWN, ours)
    .replace('https://git.example.com/ops/prod.git', `file://${clone}`);
  const child = spawn('sh', ['-c', `${text} --server "$SERVER" --token-file "$TOKEN_FILE"`], {
    cwd: clone,
    env: {
      PATH: `${join(folder.path, 'bin')}:${process.env.PATH ?? ''}`,
      HOME: folder.path,
      CI_COMMIT_SHA: ours,
      GITHUB_SHA: ours,
      SERVER: stage.server,
      TOKEN_FILE: join(folder.path, 'token'),
    },
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      printed += chunk;
    });
  }
  return { code: await new Promise((resolve) => child.once('close', resolve)), printed };
}

describe('docs/wait.md', () => {
  it('has commands', () => {
    expect(commands.length).toBeGreaterThanOrEqual(9);
  });

  it.each(commands)('%s', async (command) => {
    const { code, printed } = await run(command);
    expect([code, printed]).toEqual([0, expect.stringMatching(/proven/)]);
  });

  it('shows jobs that are YAML', () => {
    for (const { text } of blocks.filter(({ kind }) => kind === 'yaml')) {
      for (const document of parseAllDocuments(text)) expect(document.errors).toEqual([]);
    }
  });

  it('shows the role that the commands above ran with', () => {
    const text = blocks.find((block) => block.text.includes('ClusterRole'))?.text ?? '';
    const role: { rules: { resources: string[]; verbs: string[] }[] } = parse(text);
    const shown = Object.fromEntries(
      role.rules.flatMap(({ resources, verbs }) => resources.map((resource) => [resource, verbs])),
    );
    expect(shown).toEqual(PIPELINE_RIGHTS);
  });

  it('keeps the default patience that it names', () => {
    expect(argocd.ERROR_PATIENCE_MS).toBe(180_000);
  });
});
