/** The command as pipelines run it: a process, an Argo CD that follows real commits, a Git server, a token. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ControlClient } from '../../../sandbox/framework/control-client.js';
import { wait } from '../../../src/cli/commands/wait.js';
import { type StandIns, startStandIns } from '../../systems/stand-ins.js';
import { CliFolder, type Ran, terminal } from '../run-cli.js';

const PROJECT = 'platform/clusters';

let standIns: StandIns;
let kubernetes: ControlClient;
let gitlab: ControlClient;
let folder: CliFolder;
let cluster: readonly string[];
let repository: string;
beforeAll(async () => {
  standIns = await startStandIns('gitlab', 'kubernetes');
  kubernetes = standIns.control('kubernetes');
  gitlab = standIns.control('gitlab');
  folder = new CliFolder();
  const server = `${standIns.origin('kubernetes')}/clusters/management`;
  cluster = ['--server', server, '--token-file', folder.file('token', token('kubernetesPipelineToken'))];
  folder.file('patching-token', standIns.world.kubernetes.managementToken);
  folder.file('no-token', 'wrong');
  const address = new URL(standIns.origin('gitlab'));
  address.username = 'oauth2';
  address.password = standIns.world.gitlab.readToken;
  repository = `${address.href}${PROJECT}.git`;
});
afterEach(async () => {
  await kubernetes.settings({ applications: {} });
  expect(await kubernetes.violations()).toEqual([]);
});
afterAll(async () => {
  folder.remove();
  await standIns.close();
});

function token(name: string): string {
  const found = standIns.addresses[name];
  if (found === undefined) throw new Error(`There is no ${name}.`);
  return found;
}

function application(index: number): { readonly name: string; readonly path: string } {
  const found = standIns.world.clusters[index];
  if (found === undefined) throw new Error(`The example world has no cluster ${index}.`);
  return { name: found.application, path: found.path };
}

/** Somebody commits; @returns the commit */
async function commit(path: string): Promise<string> {
  const text = await gitlab.post('/commit', {
    project: PROJECT,
    path,
    content: `changed: ${Math.random()}\n`,
  });
  return /"id":"([0-9a-f]{40})"/.exec(text)?.[1] ?? '';
}

/** With the right to patch, so that nothing waits for Argo CD's own interval. */
const PATCHING = ['--token-file', 'patching-token', '--refresh', '--stabilisation', '0s'];

function run(...args: readonly string[]): Promise<Ran> {
  return folder.run(['wait', ...cluster, ...args]);
}

describe('gatehouse wait', () => {
  it('is red about nothing and green about our commit, though the one before is Synced and Healthy', async () => {
    const { name, path } = application(0);
    const revision = await commit(`${path}/otterize.yaml`);
    const later = await commit('README.md');
    const ran = await run(
      '--application',
      name,
      '--revision',
      revision,
      '--repository',
      repository,
      ...PATCHING,
      '--json',
    );
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    const documents = ran.documents();
    expect(documents.at(-1)).toMatchObject({
      target: `application argocd/${name}`,
      state: 'proven',
      evidence: { revision: later, sync: 'Synced', health: 'Healthy', operation: 'Succeeded' },
    });
    expect(documents.slice(0, -1)).not.toContainEqual(expect.objectContaining({ state: 'proven' }));

    const again = await run(
      '--application',
      name,
      '--revision',
      revision,
      '--repository',
      repository,
      '--stabilisation',
      '0s',
    );
    expect(again).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^✓ application argocd\/\S+ {2}proven/),
    });
  });

  it('ends at once on a failed hook, with its name and what to do', async () => {
    const { name, path } = application(1);
    await kubernetes.settings({ applications: { [name]: { hookFails: true } } });
    const revision = await commit(`${path}/otterize.yaml`);
    const ran = await run('--application', name, '--revision', revision, ...PATCHING);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/✗ application argocd\/\S+ {2}sync-failed[\s\S]*PostSync hook[\s\S]*retry\./);
  });

  it('says what it still waits for when its time is up, a line per change', async () => {
    const { name, path } = application(2);
    await kubernetes.settings({ applications: { [name]: { suspended: true } } });
    const revision = await commit(`${path}/otterize.yaml`);
    const ran = await run('--application', name, '--revision', revision, ...PATCHING, '--timeout', '8s');
    expect(ran.code).toBe(3);
    expect(ran.stdout).toMatch(
      /… application argocd\/\S+ {2}still waiting, the time is up after \d+s\n {2}suspended for/,
    );
    const news = ran.stdout
      .split('\n')
      .filter((line) => line.startsWith('+'))
      .map((line) => line.replace(/^\S+\s+/, ''));
    expect(news.length).toBeGreaterThan(0);
    expect(news.filter((line, index) => line === news[index - 1])).toEqual([]);
  });

  it('may do nothing but read: --refresh needs more, and a wrong token is told', async () => {
    const { name } = application(0);
    const revision = 'a'.repeat(40);
    const refresh = await run('--application', name, '--revision', revision, '--refresh');
    expect(refresh).toMatchObject({ code: 1, stderr: expect.stringContaining('403') });
    const wrong = await run(
      '--application',
      name,
      '--revision',
      revision,
      '--token-file',
      'no-token',
      '--json',
    );
    expect(wrong.code).toBe(1);
    expect(wrong.documents()).toMatchObject([{ error: { message: expect.stringContaining('401') } }]);
  });

  it('refuses to send a token in clear, and says where a cluster could come from', async () => {
    const clear = await folder.run([
      ...['wait', '--application', 'a', '--revision', 'a'.repeat(40)],
      ...['--server', 'http://cluster.example.com', '--token-file', 'token'],
    ]);
    expect(clear).toMatchObject({ code: 1, stderr: expect.stringContaining('not sent in clear') });
    const none = await folder.run(['wait', '--application', 'a', '--revision', 'a'.repeat(40)]);
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('--kubeconfig') });
  });

  it('shows one live line with the clause and its age on a terminal, and gives the cursor back', async () => {
    const person = terminal({ HOME: folder.path });
    const [, server = '', , tokenFile = ''] = cluster;
    const waited = wait(person.session, {
      ...{ application: application(0).name, revision: 'b'.repeat(40), server, tokenFile },
      ...{ image: [], workload: [], stabilisation: 0, timeout: 60_000 },
    });
    await person.until('other-revision');
    person.interrupt();
    expect(await waited).toBe(3);
    expect(person.seen()).toMatch(/application argocd\/\S+ .*other-revision.* \d+s/);
    expect(person.seen()).toContain('\u001b[?25h');
    expect(person.seen()).toContain('interrupted');
  });
});
