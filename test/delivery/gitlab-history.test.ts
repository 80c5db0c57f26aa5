import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { ControlClient } from '../../sandbox/framework/control-client.js';
import { GitLabHistory, type HeldFile } from '../../src/delivery/gitlab-history.js';
import type { Relation } from '../../src/delivery/history.js';
import { SystemError } from '../../src/domain/failure.js';
import { GitLabClient } from '../../src/systems/gitlab/client.js';
import { GitLabRepositories } from '../../src/systems/gitlab/repositories.js';
import { Secret } from '../../src/systems/secret.js';
import { type StandIns, startStandIns } from '../systems/stand-ins.js';

const PROJECT = 'shop-prod/ops';
const OURS = 'yaml/deployment.yaml';
const REMOVED = 'yaml/old.yaml';
const THEIRS = 'README.md';
const CONTENT = 'kind: Deployment # ours\n';
const FILES: readonly HeldFile[] = [
  { path: OURS, sha256: hash(CONTENT) },
  { path: REMOVED, sha256: null },
];
const NEVER = new AbortController().signal;

let standIns: StandIns;
let control: ControlClient;
let gitlab: GitLabClient;
let repositories: GitLabRepositories;

beforeAll(async () => {
  standIns = await startStandIns('gitlab');
  control = standIns.control('gitlab');
  const options = {
    baseUrl: standIns.origin('gitlab'),
    token: async () => new Secret(standIns.world.gitlab.token),
  };
  gitlab = new GitLabClient(options);
  repositories = new GitLabRepositories(options);
});
afterEach(async () => {
  await control.removeFaults();
  expect(await control.violations()).toEqual([]);
});
afterAll(() => standIns.close());

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Somebody's commit; null removes the file. */
async function commit(path: string, content: string | null, branch = 'main'): Promise<string> {
  const text = await control.post('/commit', { project: PROJECT, branch, path, content });
  const id = /"id":"([0-9a-f]{40})"/.exec(text)?.[1];
  if (id === undefined) throw new Error(`no commit was made: ${text}`);
  return id;
}

function historyOf(revision: string, now = Date.now, files = FILES): GitLabHistory {
  return new GitLabHistory({ gitlab, repositories, project: PROJECT, revision, files, now });
}

/** Calls to GitLab that a question costs. */
async function callsOf(ask: () => Promise<Relation>): Promise<readonly [Relation, number]> {
  const before = (await control.events()).length;
  const relation = await ask();
  return [relation, (await control.events()).length - before];
}

it('tells commits that hold our content from those that replaced it and those that never had it', async () => {
  const before = await commit(THEIRS, 'before\n');
  await commit(REMOVED, 'to be removed\n');
  await commit(REMOVED, null);
  const ours = await commit(OURS, CONTENT);
  const unrelated = await commit(THEIRS, 'later\n');
  const replaced = await commit(OURS, 'kind: Deployment # theirs\n');
  const restored = await commit(OURS, CONTENT);
  const cameBack = await commit(REMOVED, 'back again\n');
  const gone = await commit(OURS, null);
  const history = historyOf(ours);
  const relations: Record<string, Relation> = {};
  for (const [name, id] of Object.entries({
    before,
    ours,
    unrelated,
    replaced,
    restored,
    cameBack,
    gone,
    unknown: 'f'.repeat(40),
  })) {
    relations[name] = await history.relationOf(id, NEVER);
  }
  expect(relations).toEqual({
    before: 'other',
    ours: 'holds',
    unrelated: 'holds',
    replaced: 'replaced',
    // the files differ on the way, but not in the end
    restored: 'holds',
    cameBack: 'replaced',
    gone: 'replaced',
    unknown: 'unknown',
  });
});

it('looks at the files themselves when GitLab does not tell the whole difference', async () => {
  const ours = await commit(OURS, CONTENT);
  const later = await commit(THEIRS, 'later again\n');
  const replaced = await commit(OURS, 'kind: Deployment # other\n');
  const blind = {
    compare: async () => ({ complete: false, why: 'there are too many differences' }) as const,
    tree: repositories.tree.bind(repositories),
    blobs: repositories.blobs.bind(repositories),
  };
  const history = new GitLabHistory({
    gitlab,
    repositories: blind,
    project: PROJECT,
    revision: ours,
    files: [{ path: OURS, sha256: hash(CONTENT) }],
  });
  expect(await history.relationOf(later, NEVER)).toBe('holds');
  expect(await history.relationOf(replaced, NEVER)).toBe('replaced');
});

it('asks about a commit once, about our own never, and about one that is not there again after a while', async () => {
  const ours = await commit(OURS, CONTENT);
  const later = await commit(THEIRS, 'once more\n');
  const clock = { nowMs: 0 };
  const history = historyOf(ours, () => clock.nowMs);
  expect(await callsOf(() => history.relationOf(ours, NEVER))).toEqual(['holds', 0]);
  expect((await callsOf(() => history.relationOf(later, NEVER)))[1]).toBeGreaterThan(0);
  expect(await callsOf(() => history.relationOf(later, NEVER))).toEqual(['holds', 0]);
  const missing = '1'.repeat(40);
  expect((await callsOf(() => history.relationOf(missing, NEVER)))[1]).toBeGreaterThan(0);
  expect(await callsOf(() => history.relationOf(missing, NEVER))).toEqual(['unknown', 0]);
  clock.nowMs += 15_000;
  expect((await callsOf(() => history.relationOf(missing, NEVER)))[1]).toBeGreaterThan(0);
});

it('does not take a GitLab that stumbles for an answer', async () => {
  const ours = await commit(OURS, CONTENT);
  const later = await commit(THEIRS, 'and again\n');
  const history = historyOf(ours);
  await control.addFault({
    id: 'down',
    match: { path: '/repository/merge_base' },
    times: 1,
    when: 'before',
    kind: 'status',
    status: 502,
  });
  await expect(history.relationOf(later, NEVER)).rejects.toThrow(SystemError);
  expect(await history.relationOf(later, NEVER)).toBe('holds');
});
