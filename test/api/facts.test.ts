/** What the API asks GitLab and the directory, with read-only credentials of the example world. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ControlClient } from '../../sandbox/framework/control-client.js';
import { type TemporaryFolder, temporaryFolder } from '../../sandbox/stack/temporary-folder.js';
import { entraClientOf, personOf } from '../../sandbox/world.js';
import { CheckpointPublisher } from '../../src/api/checkpoint-publisher.js';
import { type SystemFacts, systemFacts } from '../../src/api/facts.js';
import {
  IdentityUnavailable,
  ManifestUnreadable,
  SourceUnavailable,
  WitnessContradiction,
} from '../../src/api/ports.js';
import { signCheckpoint, verifyCheckpoint } from '../../src/security/attestation.js';
import { parseSigner } from '../../src/security/signer.js';
import { type StandIns, startStandIns } from '../systems/stand-ins.js';
import { exampleInstallation } from './example-installation.js';
import { Gatehouse } from './gatehouse.js';

const FLEETS = 'platform/fleets';
let standIns: StandIns;
let gitlab: ControlClient;
let directory: ControlClient;
let folder: TemporaryFolder;
let facts: SystemFacts;

beforeAll(async () => {
  [standIns, folder] = await Promise.all([startStandIns('gitlab', 'directory'), temporaryFolder('facts')]);
  gitlab = standIns.control('gitlab');
  directory = standIns.control('directory');
  facts = systemFacts(installation());
});
afterEach(async () => {
  await Promise.all([gitlab.removeFaults(), directory.removeFaults()]);
  expect([await gitlab.violations(), await directory.violations()]).toEqual([[], []]);
});
afterAll(async () => {
  await Promise.all([standIns.close(), folder.remove()]);
});

function installation() {
  const { world } = standIns;
  const secret = (name: string, value: string): string => {
    writeFileSync(join(folder.path, name), value);
    return name;
  };
  const { clientId, clientSecret } = entraClientOf(world, 'gatehouse-api');
  const tokenUrl = `${standIns.origin('directory')}/${world.entra.tenantId}/oauth2/v2.0/token`;
  return exampleInstallation(folder.path, {
    api: {
      gitlabTokenFile: secret('gitlab-read', world.gitlab.readToken),
      directoryLogin: {
        kind: 'token-endpoint',
        tokenUrl,
        clientId,
        clientSecretFile: secret('entra-api', clientSecret),
      },
    },
    checkpoints: {
      project: FLEETS,
      branch: 'main',
      folder: 'checkpoints',
      tokenFile: secret('gitlab-write', world.gitlab.token),
    },
    systems: {
      gitlab: { url: standIns.origin('gitlab'), tokenFile: 'unused' },
      directory: { url: `${standIns.origin('directory')}/v1.0`, login: { kind: 'azure-cli' } },
    },
  });
}

/** Somebody commits a file. @returns the commit's id */
async function commit(path: string, content: string, branch = 'main'): Promise<string> {
  const answer: unknown = JSON.parse(
    await gitlab.post('/commit', { project: FLEETS, path, content, branch }),
  );
  return String(Reflect.get(Object(answer), 'id'));
}

describe('without credentials of its own', () => {
  it('the API asks nobody', () => {
    expect(systemFacts(exampleInstallation(join(folder.path, 'bare')))).toEqual({});
  });
});

describe('manifests in Git', () => {
  const read = (source: { path: string; commit: string; project?: string }) =>
    facts.readManifest?.({ project: FLEETS, ...source }, 'main');

  it('are read as they are in the commit, whatever the branch holds by now', async () => {
    const first = await commit('quay.yaml', 'one: 1\n');
    const second = await commit('quay.yaml', 'two: 2\n');
    expect(await read({ path: 'quay.yaml', commit: first })).toBe('one: 1\n');
    expect(await read({ path: 'quay.yaml', commit: second })).toBe('two: 2\n');
  });

  it('are refused where the branch does not hold the commit, or the commit the file', async () => {
    const main = await commit('quay.yaml', 'three: 3\n');
    await gitlab.post('/commit', { project: 'platform/clusters', path: 'x.yaml', content: 'x: 1\n' });
    const cases: readonly (readonly [string, Parameters<typeof read>[0], RegExp])[] = [
      ['no such file', { path: 'gone.yaml', commit: main }, /has no file gone\.yaml/],
      ['no such commit', { path: 'quay.yaml', commit: 'a'.repeat(40) }, /cannot be read/],
      ['no such project', { path: 'quay.yaml', commit: main, project: 'platform/secret' }, /cannot be read/],
    ];
    for (const [title, source, message] of cases) {
      const error = await read(source)?.catch((thrown: unknown) => thrown);
      expect(error, title).toBeInstanceOf(ManifestUnreadable);
      expect(String(error), title).toMatch(message);
    }
  });

  it('are not read from a branch that nobody merged', async () => {
    const { world } = standIns;
    const answer = await fetch(
      `${standIns.origin('gitlab')}/api/v4/projects/${encodeURIComponent(FLEETS)}/repository/branches?branch=draft&ref=main`,
      { method: 'POST', headers: { 'private-token': world.gitlab.otherToken } },
    );
    expect(answer.status).toBe(201);
    const draft = await commit('quay.yaml', 'draft: true\n', 'draft');
    await expect(read({ path: 'quay.yaml', commit: draft })).rejects.toThrow(/is not on the branch main/);
  });

  it('are not called unreadable when GitLab is in trouble', async () => {
    const main = await commit('quay.yaml', 'four: 4\n');
    await gitlab.addFault({
      id: 'down',
      match: { path: '^/api' },
      times: 10,
      when: 'before',
      kind: 'status',
      status: 503,
    });
    await expect(read({ path: 'quay.yaml', commit: main })).rejects.toThrow(SourceUnavailable);
  });
});

describe('persons', () => {
  const lookUp = (accountId: string) => facts.lookUpPerson?.(accountId);

  it('are who the directory says, asked once a minute', async () => {
    const [ada, alias] = ['ada', 'adm-ada'].map((key) => personOf(standIns.world, key).id);
    expect(await lookUp(ada ?? '')).toEqual({ personId: 'e-1001' });
    expect(await lookUp(alias ?? '')).toEqual({ personId: 'e-1001' });
    expect(await lookUp('00000000-0000-4000-8000-000000000000')).toBeNull();
    const before = (await directory.events()).length;
    expect(await lookUp(ada ?? '')).toEqual({ personId: 'e-1001' });
    expect((await directory.events()).length).toBe(before);
  });

  it('are unknown for now while the directory is in trouble, and known as soon as it is not', async () => {
    const ben = personOf(standIns.world, 'ben').id;
    await directory.addFault({
      id: 'down',
      match: { path: '^/v1' },
      times: 1,
      when: 'before',
      kind: 'status',
      status: 503,
    });
    await expect(lookUp(ben)).rejects.toThrow(IdentityUnavailable);
    expect(await lookUp(ben)).toEqual({ personId: 'e-1002' });
  });
});

describe('checkpoints in Git', () => {
  let gatehouse: Gatehouse;
  const warnings: object[] = [];
  beforeAll(async () => {
    gatehouse = await Gatehouse.start();
  });
  afterAll(() => gatehouse.stop());

  function publisher(): CheckpointPublisher {
    if (facts.witness === undefined) throw new Error('the installation names no place for checkpoints');
    const log = { warn: (line: object) => warnings.push(line) };
    return new CheckpointPublisher(gatehouse.ledger.api, facts.witness, log);
  }

  async function signHead(): Promise<number> {
    await gatehouse.ask(`checkpoint-${Math.random().toString(36).slice(2)}`);
    const { seq, hash, at } = await gatehouse.ledger.api.head();
    const signer = await parseSigner(JSON.stringify(gatehouse.keys.signing.checkpoint));
    const envelope = await signCheckpoint({ version: 1, seq, hash, at }, signer);
    await gatehouse.ledger.api.appendCheckpoint({ seq, hash, envelope });
    return seq;
  }

  const fileOf = (seq: number) => `checkpoints/0000/${String(seq).padStart(9, '0')}.json`;
  const raw = async (path: string) => {
    const place = `${encodeURIComponent(FLEETS)}/repository/files/${encodeURIComponent(path)}/raw?ref=main`;
    return fetch(`${standIns.origin('gitlab')}/api/v4/projects/${place}`, {
      headers: { 'private-token': standIns.world.gitlab.readToken },
    });
  };
  const commits = async () =>
    (await gitlab.events()).filter(
      ({ effect, object }) => effect === 'created' && object?.startsWith('commit '),
    ).length;

  it('are kept one by one in files that verify, and wait in the ledger while Git does not take them', async () => {
    await gitlab.addFault({
      id: 'refused',
      match: { operation: 'createCommit' },
      times: 1,
      when: 'before',
      kind: 'status',
      status: 503,
    });
    const seqs = [await signHead(), await signHead()];
    await publisher().publish();
    expect([await publisher().behind(), warnings.length]).toEqual([2, 1]);

    const before = await commits();
    await publisher().publish();
    expect([await publisher().behind(), await commits()]).toEqual([0, before + 1]);
    for (const seq of seqs) {
      const kept: unknown = JSON.parse(await (await raw(fileOf(seq))).text());
      const envelope = String(Reflect.get(Object(kept), 'envelope'));
      expect(await verifyCheckpoint(envelope, gatehouse.deps.ring)).toMatchObject({ seq });
    }
    await publisher().publish();
    expect(await commits()).toBe(before + 1);
  });

  it('whose answer got lost are found there, not made twice', async () => {
    await signHead();
    await gitlab.addFault({
      id: 'lost',
      match: { operation: 'createCommit' },
      times: 1,
      when: 'after',
      kind: 'cut',
    });
    const before = await commits();
    await publisher().publish();
    expect(await publisher().behind()).toBe(1);
    await publisher().publish();
    expect([await publisher().behind(), await commits()]).toEqual([0, before + 1]);
  });

  it('that contradict what stands there are left alone, and loudly', async () => {
    const seq = await signHead();
    await commit(fileOf(seq), '{"seq":1}\n');
    warnings.length = 0;
    await publisher().publish();
    expect(await publisher().behind()).toBe(1);
    expect(warnings).toEqual([{ err: expect.any(WitnessContradiction) }]);
    expect(await (await raw(fileOf(seq))).text()).toBe('{"seq":1}\n');
  });
});
