/** Offline verification by the command, of bundles that the real ledger made. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeBundle } from '../../src/ledger/bundle.js';
import type { Checkpoint } from '../../src/ledger/ports.js';
import { type FreshLedger, freshLedger } from '../ledger/fresh-ledger.js';
import { checkpointNow, doneRequest, newSigners, type Signers } from '../ledger/signed-request.js';
import { CliFolder } from './run-cli.js';

let folder: CliFolder;
let bundle: string;
let ring: string;
let checkpoint: Checkpoint;

beforeAll(async () => {
  folder = new CliFolder();
  const ledger: FreshLedger = await freshLedger();
  const signers: Signers = await newSigners();
  const { requestId } = await doneRequest(ledger, signers);
  checkpoint = await checkpointNow(ledger, signers);
  bundle = JSON.stringify(await makeBundle(ledger.auditor, requestId));
  ring = folder.file('ring.json', JSON.stringify({ keys: signers.ring }));
  folder.file('bundle.json', bundle);
  await ledger.close();
});
afterAll(() => folder.remove());

describe('verify', () => {
  it('shows every check and exits 0 when all hold', async () => {
    const ran = await folder.run(['verify', 'bundle.json', '--keys', ring]);
    expect(ran.stderr).toBe('');
    const lines = ran.stdout.trimEnd().split('\n');
    const checks = [
      'form',
      'chain',
      'checkpoint',
      'request',
      'policy',
      'plans',
      'decisions',
      'gates',
      'effects',
      'ending',
    ];
    expect(lines.slice(0, -1).map((line) => line.split(/ +/).slice(0, 2))).toEqual(
      checks.map((name) => ['✓', name]),
    );
    expect(lines.at(-1)).toMatch(/^Verified as of entry \d+ \(20\d\d-.*Z\): all 10 checks hold\.$/);
    expect(ran.code).toBe(0);
  });

  it('counts a checkpoint that the verifier kept', async () => {
    folder.file('kept.json', JSON.stringify(checkpoint));
    const ran = await folder.run([
      'verify',
      'bundle.json',
      '--keys',
      ring,
      '--checkpoint',
      'kept.json',
      '--json',
    ]);
    expect(ran.documents()).toMatchObject([
      {
        verified: true,
        checks: expect.arrayContaining([expect.objectContaining({ check: 'witnesses', ok: true })]),
      },
    ]);
    expect(ran.code).toBe(0);
  });

  it('exits 1 when a kept checkpoint knows another history', async () => {
    folder.file('other.json', JSON.stringify([{ ...checkpoint, hash: 'a'.repeat(64) }]));
    const ran = await folder.run(['verify', 'bundle.json', '--keys', ring, '--checkpoint', 'other.json']);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/^✗ witnesses .*rewritten/m);
  });

  it.each([
    ['an effect was edited', 'org_1', 'org_2'],
    ['a decision was turned', '\\"decision\\":\\"approve\\"', '\\"decision\\":\\"reject\\"'],
    ['the ending was edited', '1 of 1 done', '9 of 9 done'],
  ])('exits 1 when %s', async (_, from, to) => {
    const edited = bundle.replace(from, to);
    expect(edited).not.toBe(bundle);
    folder.file('edited.json', edited);
    const ran = await folder.run(['verify', 'edited.json', '--keys', ring]);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/^✗ /m);
    expect(ran.stdout).toMatch(/Not verified: \d+ of \d+ checks failed\. This is no evidence\.\n$/);
  });

  it('believes no keys but those that are given', async () => {
    const strangers = folder.file('strangers.json', JSON.stringify({ keys: (await newSigners()).ring }));
    const ran = await folder.run(['verify', 'bundle.json', '--keys', strangers]);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/^✗ request /m);
    expect(ran.stdout).toMatch(/^✗ decisions /m);
  });

  it.each([
    [
      'a bundle that is not there',
      ['nowhere.json', '--keys', 'ring.json'],
      'nowhere.json: there is no such file',
    ],
    ['a ring that is none', ['bundle.json', '--keys', 'bundle.json'], 'The key ring is wrong'],
    [
      'a checkpoint that is none',
      ['bundle.json', '--keys', 'ring.json', '--checkpoint', 'ring.json'],
      'is no checkpoint',
    ],
  ])('names %s', async (_, args, words) => {
    const ran = await folder.run(['verify', ...args]);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(words);
    expect(ran.stderr).not.toMatch(/\n\s+at /);
  });

  it('reads garbage as no bundle', async () => {
    for (const text of ['', 'null', '[]', '{"version":1}', bundle.slice(0, -50)]) {
      writeFileSync(join(folder.path, 'garbage.json'), text);
      const ran = await folder.run(['verify', 'garbage.json', '--keys', ring]);
      expect([ran.code, ran.stderr]).toEqual([1, '']);
      expect(ran.stdout).toMatch(/^✗ form /);
    }
  });
});
