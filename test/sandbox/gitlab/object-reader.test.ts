import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GitFailed } from '../../../sandbox/gitlab/git-process.js';
import { GitRepository } from '../../../sandbox/gitlab/git-repository.js';
import { ObjectReader } from '../../../sandbox/gitlab/object-reader.js';

describe('reading objects through one git process', () => {
  // larger than a pipe takes at once, with line breaks and zeros in it
  const large = randomBytes(300_000);
  const author = { name: 'Ada Lovelace', email: 'ada@example.com' };
  let folder: string;
  let reader: ObjectReader;
  let repository: GitRepository;
  let commit: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gitlab-objects-'));
    const directory = join(folder, 'one.git');
    repository = await GitRepository.create(directory, 'main');
    commit = await repository.commit({
      branch: 'main',
      parent: null,
      message: 'Start',
      author,
      changes: [
        { kind: 'write', path: 'large', content: large },
        { kind: 'write', path: 'empty', content: Buffer.alloc(0) },
        { kind: 'write', path: 'a folder/ü', content: Buffer.from('text\n') },
      ],
    });
    reader = ObjectReader.of(directory);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('gives every question its own answer, however many are asked at once', async () => {
    const names = Array.from({ length: 30 }, (_, n) => ['large', 'empty', 'a folder/ü', 'nothing'][n % 4]);
    const answers = await Promise.all(names.map((name) => reader.read(`${commit}:${name}`)));
    for (const [n, name] of names.entries()) {
      const content = answers[n]?.content;
      if (name === 'large') expect(content?.equals(large)).toBe(true);
      else if (name === 'empty') expect(content?.length).toBe(0);
      else if (name === 'nothing') expect(answers[n]).toBeNull();
      else expect(content?.toString()).toBe('text\n');
    }
  });

  it('sees what was committed after it had started', async () => {
    const before = await reader.read('refs/heads/main^{commit}');
    const next = await repository.commit({
      branch: 'main',
      parent: commit,
      message: 'Next',
      author,
      changes: [{ kind: 'write', path: 'empty', content: Buffer.from('no longer') }],
    });
    expect(before?.id).toBe(commit);
    expect((await reader.read('refs/heads/main^{commit}'))?.id).toBe(next);
    expect((await reader.read(`${next}:empty`))?.content.toString()).toBe('no longer');
  });

  it('takes a name with a line break for no name', async () => {
    expect(await reader.read(`${commit}\n${commit}`)).toBeNull();
    expect(await reader.read('')).toBeNull();
  });

  it('fails for a repository that is not there', async () => {
    await expect(ObjectReader.of(join(folder, 'none.git')).read('HEAD')).rejects.toThrow(GitFailed);
  });
});
