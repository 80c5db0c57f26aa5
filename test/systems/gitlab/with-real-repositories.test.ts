import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ControlClient } from '../../../sandbox/framework/control-client.js';
import { setScalars } from '../../../src/planning/edits/yaml-edit.js';
import { GitLabClient } from '../../../src/systems/gitlab/client.js';
import { Secret } from '../../../src/systems/secret.js';
import { cleanTroubleFrom } from '../clean-trouble.js';
import { type StandIns, startStandIns } from '../stand-ins.js';

const PROJECT = 'platform/clusters';
const CLIENT_ID = 'global.otterizeCloud.credentials.clientId';

let standIns: StandIns;
let control: ControlClient;
let client: GitLabClient;

beforeAll(async () => {
  standIns = await startStandIns('gitlab');
  control = standIns.control('gitlab');
  client = clientWith(standIns.world.gitlab.token);
});

afterEach(async () => {
  await control.removeFaults();
  expect(await control.violations()).toEqual([]);
});

afterAll(() => standIns.close());

function clientWith(token: string): GitLabClient {
  return new GitLabClient({ baseUrl: standIns.origin('gitlab'), token: async () => new Secret(token) });
}

const troubleFrom = (call: Promise<unknown>) => cleanTroubleFrom(call, standIns.world.gitlab.token);

/** a values file of a cluster; each test takes its own cluster */
function valuesOf(index: number) {
  const cluster = standIns.world.clusters[index];
  if (cluster === undefined) throw new Error(`The example world has no cluster ${index}.`);
  return { project: PROJECT, branch: 'main', path: `${cluster.path}/otterize.yaml` };
}

async function commitsMade(): Promise<number> {
  const events = await control.events();
  return events.filter((event) => event.effect === 'created' && event.object?.startsWith('commit ') === true)
    .length;
}

describe('GitLabClient against real repositories', () => {
  it('changes one line of a values file by a commit that is found again by its trailer', async () => {
    const place = valuesOf(0);
    const effectKey = 'req-1/harbour-01/dev:values';
    expect(await client.findCommitByTrailer({ ...place, effectKey })).toBeNull();
    const before = await client.readFile(place);
    if (before === null) throw new Error('the values file is missing');
    const head = await client.branchHead(PROJECT, 'main');

    const content = setScalars(before.content, { [CLIENT_ID]: 'cli_42' });
    const { commitSha } = await client.commitFiles({
      project: PROJECT,
      branch: 'main',
      message: 'Onboard harbour-01/dev to otterize',
      effectKey,
      actions: [{ action: 'update', path: place.path, content, lastCommitId: before.lastCommitId }],
    });

    const after = await client.readFile(place);
    expect(after?.lastCommitId).toBe(commitSha);
    expect(
      after?.content.split('\n').filter((line, index) => line !== before.content.split('\n')[index]),
    ).toEqual(['      clientId: "cli_42"']);
    expect(await client.branchHead(PROJECT, 'main')).toBe(commitSha);
    expect(await client.findCommitByTrailer({ ...place, effectKey })).toMatchObject({ commitSha });
    expect(await client.isAncestor(PROJECT, head, commitSha)).toBe(true);
    expect(await client.isAncestor(PROJECT, commitSha, head)).toBe(false);
  });

  it('overwrites nobody: a change that came between reading and writing is a conflict', async () => {
    const place = valuesOf(1);
    const read = await client.readFile(place);
    if (read === null) throw new Error('the values file is missing');
    const theirs = `${read.content}# theirs\n`;
    await control.post('/commit', { project: PROJECT, path: place.path, content: theirs });
    const made = await commitsMade();
    const update = {
      action: 'update',
      path: place.path,
      content: 'a: 1\n',
      lastCommitId: read.lastCommitId,
    } as const;
    const trouble = await troubleFrom(
      client.commitFiles({
        project: PROJECT,
        branch: 'main',
        message: 'x',
        effectKey: 'k',
        actions: [update],
      }),
    );
    expect(trouble).toMatchObject({ kind: 'conflict', code: 'file-changed', status: 400 });
    expect(await commitsMade()).toBe(made);
    expect((await client.readFile(place))?.content).toBe(theirs);
  });

  it('tells a file that is there, one that is not, and a branch that is not', async () => {
    const place = valuesOf(2);
    const commit = { project: PROJECT, branch: 'main', message: 'x', effectKey: 'k' };
    const create = { action: 'create', path: place.path, content: 'a: 1\n' } as const;
    expect(await troubleFrom(client.commitFiles({ ...commit, actions: [create] }))).toMatchObject({
      kind: 'conflict',
      code: 'file-exists',
    });
    const update = {
      action: 'update',
      path: 'nowhere.yaml',
      content: 'a: 1\n',
      lastCommitId: 'f'.repeat(40),
    } as const;
    expect(await troubleFrom(client.commitFiles({ ...commit, actions: [update] }))).toMatchObject({
      kind: 'conflict',
      code: 'file-missing',
    });
    expect(await client.readFile({ ...place, path: 'nowhere.yaml' })).toBeNull();
    expect(await troubleFrom(client.readFile({ ...place, branch: 'nowhere' }))).toMatchObject({
      kind: 'not-found',
    });
    expect(await troubleFrom(client.branchHead(PROJECT, 'nowhere'))).toMatchObject({
      kind: 'not-found',
      code: 'branch-not-found',
    });
    expect(await troubleFrom(client.branchHead('platform/nowhere', 'main'))).toMatchObject({
      kind: 'not-found',
      code: 'project-not-found',
    });
  });

  it('finds the commit whose answer was lost, so that it is made once', async () => {
    const place = valuesOf(2);
    const read = await client.readFile(place);
    if (read === null) throw new Error('the values file is missing');
    const made = await commitsMade();
    await control.addFault({
      id: 'lost',
      match: { method: 'POST', path: '/repository/commits' },
      when: 'after',
      kind: 'cut',
    });
    const effectKey = 'req-2/harbour-03/prod:values';
    const trouble = await troubleFrom(
      client.commitFiles({
        project: PROJECT,
        branch: 'main',
        message: 'Onboard',
        effectKey,
        actions: [
          {
            action: 'update',
            path: place.path,
            content: `${read.content}# ours\n`,
            lastCommitId: read.lastCommitId,
          },
        ],
      }),
    );
    expect(trouble.kind).toBe('unavailable');
    expect(await commitsMade()).toBe(made + 1);
    expect(await client.findCommitByTrailer({ ...place, effectKey })).toMatchObject({
      commitSha: (await client.readFile(place))?.lastCommitId,
    });
  });

  it('tells a token that is not known, and one that may not write', async () => {
    const place = valuesOf(0);
    expect(await troubleFrom(clientWith('glpat-unknown').readFile(place))).toMatchObject({
      kind: 'unauthenticated',
    });
    const reader = clientWith(standIns.world.gitlab.readToken);
    const read = await reader.readFile(place);
    const actions = [
      { action: 'update', path: place.path, content: 'a: 1\n', lastCommitId: read?.lastCommitId ?? '' },
    ] as const;
    const commit = { project: PROJECT, branch: 'main', message: 'x', effectKey: 'k', actions };
    expect(await troubleFrom(reader.commitFiles(commit))).toMatchObject({ kind: 'forbidden' });
  });

  it('shows that the server answers and takes the token', async () => {
    expect(await client.ping()).toMatch(/^\d+\.\d+/);
  });
});
