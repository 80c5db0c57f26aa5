import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { GitLabClient } from '../../../src/systems/gitlab/client.js';
import { Secret } from '../../../src/systems/secret.js';
import { answeringServer, json } from '../answering-server.js';
import { cleanTroubleFrom } from '../clean-trouble.js';

const TOKEN = `glpat-${randomBytes(12).toString('hex')}`;
const SHA = 'a'.repeat(40);
const OTHER = 'b'.repeat(40);
const PLACE = { project: 'platform/clusters', branch: 'main', path: 'harbour-01/dev/otterize.yaml' };
const COMMIT = {
  project: PLACE.project,
  branch: 'main',
  message: 'Set the client id of harbour-01/dev',
  effectKey: 'otterize/harbour-01/dev:values',
  actions: [{ action: 'update', path: PLACE.path, content: 'a: 1\n', lastCommitId: OTHER }],
} as const;

function clientAt(baseUrl: string, timeoutMs = 10_000): GitLabClient {
  return new GitLabClient({ baseUrl, token: async () => new Secret(TOKEN), timeoutMs });
}

function fileAnswer(content: string | Buffer): object {
  return {
    file_name: 'otterize.yaml',
    encoding: 'base64',
    content: Buffer.from(content).toString('base64'),
    blob_id: SHA,
    commit_id: SHA,
    last_commit_id: OTHER,
  };
}

async function sample(name: string): Promise<unknown> {
  return JSON.parse(
    await readFile(new URL(`../../../third_party/specs/gitlab/fixtures/${name}`, import.meta.url), 'utf8'),
  );
}

const troubleFrom = (call: Promise<unknown>) => cleanTroubleFrom(call, TOKEN);

describe('GitLabClient on the wire', () => {
  it('reads a file by encoded project and path, with the token in its header', async () => {
    await using server = await answeringServer((_, response) =>
      json(response, 200, fileAnswer('\ufeffä: 1\r\n')),
    );
    expect(await clientAt(`${server.url}/gitlab/`).readFile(PLACE)).toEqual({
      content: '\ufeffä: 1\r\n',
      lastCommitId: OTHER,
      blobId: SHA,
    });
    expect(server.asked[0]?.target).toBe(
      '/gitlab/api/v4/projects/platform%2Fclusters/repository/files/harbour-01%2Fdev%2Fotterize.yaml?ref=refs%2Fheads%2Fmain',
    );
    expect(server.asked[0]?.headers['private-token']).toBe(TOKEN);
  });

  it('sends a commit in snake case with last_commit_id and our trailer, and touches no content', async () => {
    const vendorCommit = await sample('get_commit.json');
    await using server = await answeringServer((_, response) => json(response, 201, vendorCommit));
    const answer = await clientAt(server.url).commitFiles({
      ...COMMIT,
      actions: [...COMMIT.actions, { action: 'create', path: 'new.yaml', content: 'camelCase: "x y"\n' }],
    });
    expect(answer).toEqual({ commitSha: '6104942438c14ec7bd21c6cd5bd995272b3faff6' });
    expect(server.asked[0]).toMatchObject({
      method: 'POST',
      target: '/api/v4/projects/platform%2Fclusters/repository/commits',
    });
    expect(JSON.parse(server.asked[0]?.body ?? '')).toEqual({
      branch: 'main',
      commit_message:
        'Set the client id of harbour-01/dev\n\nGatehouse-Effect: otterize/harbour-01/dev:values\n',
      actions: [
        { action: 'update', file_path: PLACE.path, content: 'a: 1\n', last_commit_id: OTHER },
        { action: 'create', file_path: 'new.yaml', content: 'camelCase: "x y"\n' },
      ],
    });
  });

  it('reads the head of a branch from the vendor sample', async () => {
    const vendorBranch = await sample('get_branch.json');
    await using server = await answeringServer((_, response) => json(response, 200, vendorBranch));
    expect(await clientAt(server.url).branchHead(PLACE.project, 'feature/a b')).toBe(
      '7b5c3cc8be40ee161ae89a06bba6229da1032a0c',
    );
    expect(server.asked[0]?.target).toBe(
      '/api/v4/projects/platform%2Fclusters/repository/branches/feature%2Fa%20b',
    );
  });

  it('asks for the merge base with the right verb and both commits', async () => {
    await using server = await answeringServer((_, response) =>
      json(response, 200, { id: SHA, message: '' }),
    );
    const client = clientAt(server.url);
    expect(await client.isAncestor(PLACE.project, SHA, OTHER)).toBe(true);
    expect(await client.isAncestor(PLACE.project, OTHER, SHA)).toBe(false);
    expect(await client.isAncestor(PLACE.project, OTHER, OTHER)).toBe(true);
    expect(server.asked).toHaveLength(2);
    const url = new URL(server.asked[0]?.target ?? '', server.url);
    expect([server.asked[0]?.method, url.pathname]).toEqual([
      'GET',
      '/api/v4/projects/platform%2Fclusters/repository/merge_base',
    ]);
    expect(url.searchParams.getAll('refs[]')).toEqual([SHA, OTHER]);
  });

  it('finds our commit on a later page and looks at no page after it', async () => {
    const pages: Record<string, object[]> = {
      '1': Array.from({ length: 100 }, () => ({
        id: OTHER,
        message: 'Gatehouse-Effect: otterize/harbour-01/dev:values',
      })),
      '2': [
        {
          id: SHA,
          message: 'x\n\nGatehouse-Effect: otterize/harbour-01/dev:values\n',
          created_at: '2027-03-01T12:00:00Z',
        },
      ],
    };
    await using server = await answeringServer((asked, response) => {
      const page = new URL(asked.target, 'http://gitlab.invalid').searchParams.get('page') ?? '';
      json(response, 200, pages[page] ?? [], {
        link: `<${server.url}/api/v4/projects/1/repository/commits?page=9>; rel="next"`,
      });
    });
    const place = { ...PLACE, effectKey: COMMIT.effectKey };
    expect(await clientAt(server.url).findCommitByTrailer(place)).toEqual({
      commitSha: SHA,
      createdAt: '2027-03-01T12:00:00Z',
    });
    expect(server.asked.map((asked) => new URL(asked.target, server.url).searchParams.toString())).toEqual([
      'ref_name=refs%2Fheads%2Fmain&path=harbour-01%2Fdev%2Fotterize.yaml&per_page=100&page=1',
      'ref_name=refs%2Fheads%2Fmain&path=harbour-01%2Fdev%2Fotterize.yaml&per_page=100&page=2',
    ]);
  });

  it('says null when no commit has our trailer', async () => {
    await using server = await answeringServer((_, response) =>
      json(response, 200, [{ id: SHA, message: 'other\n\nGatehouse-Effect: other' }]),
    );
    expect(
      await clientAt(server.url).findCommitByTrailer({ ...PLACE, effectKey: COMMIT.effectKey }),
    ).toBeNull();
    expect(server.asked).toHaveLength(1);
  });
});

describe('GitLabClient in trouble', () => {
  it('makes one attempt on 429 and passes Retry-After on', async () => {
    await using server = await answeringServer((_, response) =>
      response.writeHead(429, { 'retry-after': '60', 'content-type': 'text/plain' }).end('Retry later\n'),
    );
    expect(await troubleFrom(clientAt(server.url).readFile(PLACE))).toMatchObject({
      kind: 'throttled',
      status: 429,
      retryAfterMs: 60_000,
      message: 'answered 429: Retry later',
    });
    expect(server.asked).toHaveLength(1);
  });

  it('takes a 429 without any header for throttled too', async () => {
    await using server = await answeringServer((_, response) => response.writeHead(429).end());
    const trouble = await troubleFrom(clientAt(server.url).readFile(PLACE));
    expect(trouble.kind).toBe('throttled');
    expect(trouble.retryAfterMs).toBeUndefined();
  });

  it('never repeats a POST after 502', async () => {
    await using server = await answeringServer((_, response) => response.writeHead(502).end('Bad Gateway'));
    expect(await troubleFrom(clientAt(server.url).commitFiles(COMMIT))).toMatchObject({
      kind: 'unavailable',
      status: 502,
    });
    expect(server.asked).toHaveLength(1);
  });

  it('keeps the token out of an error even when the server echoes it', async () => {
    await using server = await answeringServer((asked, response) =>
      json(response, 403, { message: `403 for ${String(asked.headers['private-token'])}` }),
    );
    expect(await troubleFrom(clientAt(server.url).readFile(PLACE))).toMatchObject({
      kind: 'forbidden',
      message: 'answered 403: 403 for [secret]',
    });
  });

  it('answers null for a missing file only: a missing project or branch is an error with a remedy', async () => {
    const said = { message: '' };
    await using server = await answeringServer((_, response) => json(response, 404, said));
    const client = clientAt(server.url);
    said.message = '404 File Not Found';
    expect(await client.readFile(PLACE)).toBeNull();
    said.message = '404 Commit Not Found';
    expect(await troubleFrom(client.readFile(PLACE))).toMatchObject({
      kind: 'not-found',
      remedy: 'Check the name of the branch, or the id of the commit.',
    });
    said.message = '404 Project Not Found';
    expect(await troubleFrom(client.readFile(PLACE))).toMatchObject({
      kind: 'not-found',
      remedy: expect.stringContaining('member'),
    });
    said.message = '404 Merge Base Not Found';
    expect(await client.isAncestor(PLACE.project, SHA, OTHER)).toBe(false);
  });

  it.each([
    ['A file with this name already exists', 'file-exists'],
    ["A file with this name doesn't exist", 'file-missing'],
    ['You are attempting to update a file that has changed since you started editing it.', 'file-changed'],
    ['Could not update refs/heads/main. Please refresh and try again.', 'branch-moved'],
    ['You can only create or edit files when you are on a branch', 'branch-not-visible'],
    ['Die Datei wurde inzwischen geändert', 'commit-refused'],
  ])('calls a 400 on a commit a conflict to be read again: %s', async (message, code) => {
    await using server = await answeringServer((_, response) => json(response, 400, { message }));
    const trouble = await troubleFrom(clientAt(server.url).commitFiles(COMMIT));
    expect(trouble).toMatchObject({ kind: 'conflict', status: 400, code });
    expect(trouble.message).toContain(message);
  });

  it.each([
    [{ message: ['one', 'two'] }, 'one; two'],
    [{ message: { branch: ['is missing', 'is invalid'] } }, 'branch is missing, is invalid'],
    [{ error: 'scope is missing' }, 'scope is missing'],
    [{}, ''],
  ])('reads each shape of an error body: %j', async (body, words) => {
    await using server = await answeringServer((_, response) => json(response, 422, body));
    const { message } = await troubleFrom(clientAt(server.url).readFile(PLACE));
    expect(message).toBe(words === '' ? 'answered 422' : `answered 422: ${words}`);
  });

  it.each<[string, (response: ServerResponse) => void]>([
    ['a login page', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')],
    ['a list for a file', (response) => json(response, 200, [])],
    ['a file without content', (response) => json(response, 200, { encoding: 'base64' })],
    ['an empty answer', (response) => response.writeHead(204).end()],
    ['a number', (response) => json(response, 200, 7)],
  ])('calls %s malformed', async (_, answer) => {
    await using server = await answeringServer((__, response) => answer(response));
    expect(await troubleFrom(clientAt(server.url).readFile(PLACE))).toMatchObject({ kind: 'malformed' });
  });

  it('refuses a file that is no UTF-8 text', async () => {
    await using server = await answeringServer((_, response) =>
      json(response, 200, fileAnswer(Buffer.from([0xff, 0xfe, 0x00]))),
    );
    expect(await troubleFrom(clientAt(server.url).readFile(PLACE))).toMatchObject({
      kind: 'invalid',
      remedy: expect.stringContaining('UTF-8'),
    });
  });

  it.each(['..', '.', ''])('refuses the name %j before any call', async (name) => {
    await using server = await answeringServer((_, response) => json(response, 200, {}));
    const client = clientAt(server.url);
    expect(await troubleFrom(client.readFile({ ...PLACE, path: name }))).toMatchObject({ kind: 'invalid' });
    expect(await troubleFrom(client.readFile({ ...PLACE, project: name }))).toMatchObject({
      kind: 'invalid',
    });
    expect(server.asked).toHaveLength(0);
  });

  it('refuses an effect key that would break the trailer', async () => {
    await using server = await answeringServer((_, response) => json(response, 201, {}));
    expect(
      await troubleFrom(clientAt(server.url).commitFiles({ ...COMMIT, effectKey: 'a\nSigned-off-by: b' })),
    ).toMatchObject({ kind: 'invalid' });
    expect(server.asked).toHaveLength(0);
  });

  it('ends a call after its own time-out and hands a cancellation back', async () => {
    const controller = new AbortController();
    const reason = new Error('cancelled');
    await using server = await answeringServer(() => undefined);
    expect(await troubleFrom(clientAt(server.url, 100).readFile(PLACE))).toMatchObject({
      kind: 'unavailable',
      code: 'TIMEOUT',
    });
    const call = clientAt(server.url).readFile(PLACE, controller.signal);
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
  });
});
