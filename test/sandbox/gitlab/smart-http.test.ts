import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { git, tryGit } from '../../../sandbox/gitlab/git-process.js';
import { at, GitlabUnderTest } from './rest.js';
import { DEVELOPER, MAINTAINER, READER, REPORTER, STRANGER } from './seed.js';

let gitlab: GitlabUnderTest;
beforeAll(async () => {
  gitlab = await GitlabUnderTest.start();
});
afterAll(() => gitlab.stop());

function url(token: string, project = 'platform/clusters'): string {
  return `${gitlab.origin.replace('http://', `http://oauth2:${token}@`)}/${project}.git`;
}

describe('Git over HTTP', () => {
  it('clones, pushes, and the REST side sees it', async () => {
    const clone = join(gitlab.folder, 'clone');
    await git(['clone', '--quiet', url(DEVELOPER), clone]);
    expect(await readFile(join(clone, 'a/one.yaml'), 'utf8')).toBe('one: 1   # first\n');
    await writeFile(join(clone, 'pushed.txt'), 'x'.repeat(3_000_000));
    const env = {
      GIT_AUTHOR_NAME: 'Ada',
      GIT_AUTHOR_EMAIL: 'ada@example.com',
      GIT_COMMITTER_NAME: 'Ada',
      GIT_COMMITTER_EMAIL: 'ada@example.com',
    };
    await git(['-C', clone, 'add', 'pushed.txt']);
    await git(['-C', clone, 'commit', '--quiet', '-m', 'Push'], { env });
    await git(['-C', clone, 'push', '--quiet', 'origin', 'main']);
    const head = (await git(['-C', clone, 'rev-parse', 'HEAD'])).toString().trim();
    const branch = await gitlab.call(
      REPORTER,
      'GET',
      '/projects/platform%2Fclusters/repository/branches/main',
    );
    expect(at(branch.body, 'commit', 'id')).toBe(head);
    const effects = (await gitlab.control.events()).filter((event) => event.phase === 'effect');
    expect(effects.at(-1)?.object).toBe(`commit platform/clusters main ${head}`);
  });

  it('lets only those push who may', async () => {
    const clone = join(gitlab.folder, 'reader');
    await git(['clone', '--quiet', url(READER), clone]);
    expect((await tryGit(['-C', clone, 'push', 'origin', 'HEAD:refs/heads/x'])).stderr).toContain('403');
    expect((await tryGit(['ls-remote', url('glpat-wrong')])).stderr).toContain('Authentication failed');
    expect((await tryGit(['ls-remote', url(STRANGER)])).stderr).toContain('not found');
    expect((await tryGit(['ls-remote', url(DEVELOPER, 'platform/none')])).stderr).toContain('not found');
    expect((await tryGit(['ls-remote', url(DEVELOPER, 'platform/guarded')])).exitCode).toBe(0);
    expect(
      (await tryGit(['-C', clone, 'push', url(DEVELOPER, 'platform/guarded'), 'HEAD:main', '-f'])).stderr,
    ).toContain('403');
    expect((await tryGit(['ls-remote', url(MAINTAINER, 'platform/guarded')])).exitCode).toBe(0);
  });

  it('goes on with the same repositories after a restart', async () => {
    const first = await GitlabUnderTest.start();
    await first.control.post('/commit', {
      project: 'platform/clusters',
      path: 'kept.txt',
      content: 'kept\n',
    });
    await first.standIn.close();
    const second = await GitlabUnderTest.start(first.folder);
    try {
      const raw = await second.call(
        REPORTER,
        'GET',
        '/projects/platform%2Fclusters/repository/files/kept.txt/raw?ref=main',
      );
      expect(raw).toMatchObject({ status: 200, body: 'kept\n' });
    } finally {
      await second.stop();
    }
  });
});
