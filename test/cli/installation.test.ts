/** Plan and doctor as processes, against stand-ins of the systems: no Temporal, no API. */
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shopFiles } from '../../sandbox/gitlab/promotion-files.js';
import { STAND_INS } from '../../sandbox/registry.js';
import { fleetText } from '../../sandbox/stack/example-files.js';
import { type WrittenInstallation, writeInstallation } from '../../sandbox/stack/installation.js';
import { shopImage, shopPromotionText } from '../../sandbox/stack/promotion-files.js';
import { type FreshLedger, freshLedger } from '../ledger/fresh-ledger.js';
import { freshDatabase, sharedTemporal, uniqueName } from '../support/stack.js';
import { type StandIns, startStandIns } from '../systems/stand-ins.js';
import { CliFolder, type Ran } from './run-cli.js';

let standIns: StandIns;
let folder: CliFolder;
let installation: WrittenInstallation;
let ledger: FreshLedger;

beforeAll(async () => {
  [standIns, ledger] = await Promise.all([startStandIns(...Object.keys(STAND_INS)), freshLedger()]);
  folder = new CliFolder();
  const { world } = standIns;
  installation = await writeInstallation({
    world,
    addresses: standIns.addresses,
    folder: join(folder.path, 'installation'),
    publicUrl: 'http://127.0.0.1:9',
  });
});
afterAll(async () => {
  folder.remove();
  await Promise.all([standIns.close(), ledger.close()]);
});

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  return folder.run(args, { GATEHOUSE_INSTALLATION: installation.file, ...env });
}

/** What calls changed at all systems; what their controllers do by themselves has no call. */
async function writes(): Promise<readonly string[]> {
  const names = ['directory', 'key-vault', 'otterize', 'gitlab', 'kubernetes'];
  const ca = readFileSync(standIns.addresses.caFile ?? '', 'utf8');
  const events = await Promise.all(names.map((name) => standIns.control(name, ca).events()));
  return events
    .flat()
    .filter(({ phase, method }) => phase === 'effect' && method !== '')
    .map(({ system, object }) => `${system} ${object}`);
}

describe('plan', () => {
  it('tells what would be made, writes nothing anywhere, and exits 2', async () => {
    const file = folder.file('fleet.yaml', fleetText(standIns.world));
    const ran = await run(['plan', '-f', file]);
    expect(ran.stderr).toBe('');
    const lines = ran.stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(
      /^harbour-01\/dev {2,}\+ organisation, environment, integration, 2 secrets, \d+ invites$/,
    );
    expect(lines.filter((line) => line.endsWith('! organisation cannot be deleted later'))).toHaveLength(3);
    const changed = lines.filter((line) =>
      /~ platform\/clusters \(main\) harbour-0\d\/\w+\/otterize\.yaml: /.test(line),
    );
    expect(changed).toHaveLength(3);
    expect(lines.at(-1)).toMatch(
      /^Plan: \d+ to add, 3 to change, 0 to remove\. About \d+s\. Gates: procurement, data-protection\.$/,
    );
    expect(ran.code).toBe(2);
    expect(await writes()).toEqual([]);
  });

  it('gives programs the same with numbers, also with a ledger that it may only read', async () => {
    const file = folder.file('json.yaml', fleetText(standIns.world));
    const before = await ledger.auditor.head();
    const ran = await run(['plan', '-f', file, '--json'], { GATEHOUSE_LEDGER_URL: ledger.urlOf('auditor') });
    expect(ran.documents()).toMatchObject([
      {
        totals: { change: 3, adopt: 0, conflict: 0 },
        gates: ['procurement', 'data-protection'],
        ledgerRead: true,
        seconds: expect.any(Number),
        targets: [{ target: 'harbour-01/dev' }, {}, {}],
      },
    ]);
    expect(ran.code).toBe(2);
    expect((await ledger.auditor.head()).seq).toBe(before.seq);
  });

  it('shows what is in the way, all at once, and exits 1', async () => {
    const file = folder.file(
      'conflicts.yaml',
      fleetText(standIns.world, { people: ['nobody@example.com'] })
        .replaceAll('-otterize"', '-nowhere"')
        .replaceAll('{stage}-otterize', '{stage}-nowhere'),
    );
    const ran = await run(['plan', '-f', file]);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain('nobody@example.com is not in the directory');
    expect(ran.stdout).toContain('harbour-01-dev-nowhere does not exist');
    expect(ran.stdout).toMatch(/\d+ conflicts: a request would be refused/);
  });

  it('says that names of others cannot be told from ours without a ledger', async () => {
    const [first] = standIns.world.clusters;
    const name = `${first?.name}-${first?.stage}`;
    const made = await fetch(`${standIns.origin('otterize')}/api/rest/v1beta/organizations`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${standIns.world.otterize.users[0]?.token}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ name }),
    });
    expect(await made.text()).toContain(name);
    const file = folder.file('taken.yaml', fleetText(standIns.world));
    const ran = await run(['plan', '-f', file]);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain(`the name ${name} is taken`);
    expect(ran.stderr).toContain('Set GATEHOUSE_LEDGER_URL');
  });

  it('names every fault of the file with its place', async () => {
    const text = fleetText(standIns.world)
      .replace('name: harbour-01', 'name: harbour-99')
      .replace('kv-{', 'kx-{');
    const ran = await run(['plan', '-f', folder.file('faults.yaml', text)]);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/faults\.yaml:\d+:\d+: .*harbour-99/);
    expect(ran.stderr).toMatch(/faults\.yaml:\d+:\d+: .*kx-/);
    expect((await run(['plan', '-f', 'nowhere.yaml'])).stderr).toContain(
      'nowhere.yaml: there is no such file',
    );
  });

  it('names system, call and remedy when a credential does not hold', async () => {
    const token = join(installation.folder, 'secrets', 'otterize');
    const kept = readFileSync(token, 'utf8');
    writeFileSync(token, 'expired-token\n');
    try {
      const ran = await run(['plan', '-f', folder.file('expired.yaml', fleetText(standIns.world))]);
      expect(ran.code).toBe(1);
      expect(ran.stderr).toMatch(/^Error: Otterize: list organizations/m);
      expect(ran.stderr).not.toContain('expired-token');
    } finally {
      writeFileSync(token, kept);
    }
  });
});

describe('plan of a promotion', () => {
  const DEPLOYMENT = 'yaml/deployment.yaml';

  /** A developer commits a version of the shop. */
  async function developed(version: string): Promise<void> {
    const image = `${shopImage(standIns.origin('harbor'))}@${await digestOf(version)}`;
    await standIns.control('gitlab').post('/commit', {
      project: 'shop-dev/ops',
      path: DEPLOYMENT,
      content: shopFiles({ image })[DEPLOYMENT] ?? '',
      author: 'Ada',
      as: 'ada',
    });
  }

  async function digestOf(version: string): Promise<string> {
    const harbor = standIns.origin('harbor');
    const [user] = standIns.world.harbor.users;
    const authorization = `Basic ${Buffer.from(`${user?.name}:${user?.password}`).toString('base64')}`;
    const scope = 'service=harbor-registry&scope=repository:shop/web:pull';
    const token: unknown = await (
      await fetch(`${harbor}/service/token?${scope}`, { headers: { authorization } })
    ).json();
    const bearer = typeof token === 'object' && token !== null && 'token' in token ? String(token.token) : '';
    const manifest = await fetch(`${harbor}/v2/shop/web/manifests/${version}`, {
      headers: {
        authorization: `Bearer ${bearer}`,
        accept: 'application/vnd.oci.image.manifest.v1+json',
      },
    });
    return manifest.headers.get('docker-content-digest') ?? '';
  }

  it('shows how the cluster would differ, writes nothing anywhere, and exits 2', async () => {
    await developed('1.1.0');
    const before = (await writes()).length;
    const file = folder.file('promotion.yaml', shopPromotionText());
    const ran = await run(['plan', '-f', file]);
    expect(ran.stdout).toContain(
      `image   ${shopImage(standIns.origin('harbor'))}@${await digestOf('1.1.0')}`,
    );
    expect(ran.stdout).toContain('shop/prod/prod: how the cluster will differ');
    expect(ran.stdout).toMatch(/^-.*image: /m);
    expect(ran.stdout).toMatch(/^\+.*image: .*@sha256:/m);
    expect(ran.stdout).toMatch(/^Plan: shop to prod\. 1 file in 1 place\. Gates: owner\.$/m);
    expect(ran.stderr).toContain('No ledger was read');
    expect(ran.code).toBe(2);
    expect((await writes()).length).toBe(before);
    const json = await run(['plan', '-f', file, '--json'], { GATEHOUSE_LEDGER_URL: ledger.urlOf('auditor') });
    expect(json.documents()).toMatchObject([
      { gates: ['owner'], ledgerRead: true, promotion: { risk: { level: expect.any(String) } } },
    ]);
  });

  it('shows what is in the way, and exits 1', async () => {
    const release = { images: { web: 'no-such-version' } };
    const file = folder.file('absent.yaml', shopPromotionText({ release }));
    const ran = await run(['plan', '-f', file]);
    expect([ran.code, ran.stdout]).toEqual([1, expect.stringContaining('! conflict: image: ')]);
    expect(ran.stdout).toContain('no-such-version');
    expect(ran.stdout).toContain('1 conflict: a request would be refused');
  });

  it('names what no path has', async () => {
    const unknown = await run(['plan', '-f', folder.file('unknown.yaml', shopPromotionText({}, 'shpo'))]);
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('did you mean "shop"?')]);
    const skipped = await run(['plan', '-f', folder.file('dev.yaml', shopPromotionText({ to: 'dev' }))]);
    expect(skipped.stderr).toContain('nothing is promoted there');
  });
});

interface Findings {
  readonly ok: boolean;
  readonly findings: readonly {
    readonly subject: string;
    readonly state: string;
    readonly remedy?: string;
  }[];
}

async function findings(env: Readonly<Record<string, string>> = {}): Promise<{ ran: Ran; faults: string[] }> {
  const ran = await run(['doctor', '--json'], env);
  const [found] = ran.documents();
  expect(found).toMatchObject({ findings: expect.any(Array) });
  const text = JSON.stringify(found);
  const { findings: all }: Findings = JSON.parse(text);
  return { ran, faults: all.filter(({ state }) => state === 'fault').map(({ subject }) => subject) };
}

describe('doctor', () => {
  it('finds a good installation good, and says what is not configured', async () => {
    const ran = await run(['doctor']);
    expect(ran.stderr).toBe('');
    expect(ran.stdout).toMatch(/^✓ systems +Otterize +signed in as gatehouse@example\.com$/m);
    expect(ran.stdout).toMatch(/^✓ systems +kv-\{cluster\}-\{stage\} +3 of 3 answer$/m);
    expect(ran.stdout).toMatch(/^✓ systems +Kubernetes +4 of 4 answer$/m);
    expect(ran.stdout).toMatch(/^✓ keys +decision +decision-\S+ signs, and the ring verifies it$/m);
    // what was not looked at does not count as passed
    expect(ran.stdout).toMatch(
      /\n\d+ checks passed, 3 not looked at: ledger \(GATEHOUSE_LEDGER_URL\), Temporal \(TEMPORAL_ADDRESS\), API \(GATEHOUSE_URL\)\.\n$/,
    );
    expect(ran.code).toBe(0);
  });

  it('looks at ledger and Temporal where they are configured', async () => {
    const { address } = await sharedTemporal();
    const env = {
      GATEHOUSE_LEDGER_URL: ledger.urlOf('api'),
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: uniqueName('doctor'),
    };
    const before = await findings(env);
    expect([before.ran.code, before.faults]).toEqual([1, ['namespace']]);
    const setUp = await run(['setup-temporal', '--json'], env);
    expect(setUp.documents()).toMatchObject([{ namespace: env.TEMPORAL_NAMESPACE, namespaceCreated: true }]);
    const after = await findings(env);
    // nobody works there yet
    expect([after.ran.code, after.faults]).toEqual([1, ['workers']]);
    expect((await run(['setup-temporal'], env)).stdout).toBe(
      `Namespace ${env.TEMPORAL_NAMESPACE} is there.\nSearch attributes are there.\n`,
    );
  });

  it('does not take a login that may write, nor a ledger that is not there', async () => {
    const owner = await findings({ GATEHOUSE_LEDGER_URL: ledger.urlOf('owner') });
    expect(owner.faults).toEqual(['rights']);
    const admin = await findings({ GATEHOUSE_LEDGER_URL: ledger.adminUrl });
    expect(admin.faults).toEqual(['rights']);
    for (const role of ['worker', 'auditor'] as const) {
      expect((await findings({ GATEHOUSE_LEDGER_URL: ledger.urlOf(role) })).faults).toEqual([]);
    }
    const url = new URL(ledger.urlOf('api'));
    url.port = '9';
    const gone = await run(['doctor'], { GATEHOUSE_LEDGER_URL: url.href });
    expect(gone.code).toBe(1);
    expect(gone.stdout).toMatch(/^✗ ledger +answers +.*no connection/m);
    expect(gone.stdout).toContain('→ Check GATEHOUSE_LEDGER_URL');
    expect(gone.stdout).not.toContain(url.password);
  }, 180_000);

  it('names what is wrong with credentials, keys and files, each with a remedy', async () => {
    const token = join(installation.folder, 'secrets', 'gitlab');
    const key = join(installation.folder, 'keys', 'decision-signing-key.json');
    const kept = readFileSync(token, 'utf8');
    writeFileSync(token, 'revoked\n');
    chmodSync(key, 0o644);
    try {
      const { ran, faults } = await findings();
      expect(faults.sort()).toEqual(['GitLab', 'decision']);
      expect(ran.code).toBe(1);
      expect(ran.stdout).not.toContain('revoked\\n');
      const { findings: all }: Findings = JSON.parse(ran.stdout);
      for (const { state, remedy } of all) if (state === 'fault') expect(remedy ?? '').not.toBe('');
    } finally {
      writeFileSync(token, kept);
      chmodSync(key, 0o600);
    }
    const nothing = await folder.run(['doctor', '--json'], { GATEHOUSE_INSTALLATION: '/nowhere.yaml' });
    expect([nothing.code, nothing.stderr]).toEqual([1, '']);
  });
});

describe('migrate', () => {
  it('makes logins and schema once, and does nothing the second time', async () => {
    const password = (): string => uniqueName('a-long-password-of-a-role');
    const fresh = await freshDatabase();
    const { pathname } = new URL(fresh);
    const roles = Object.fromEntries(
      (['owner', 'api', 'worker', 'auditor'] as const).map((role) => [
        role,
        new URL(ledger.urlOf(role)).password,
      ]),
    );
    const env = {
      DATABASE_URL: fresh,
      TMPDIR: folder.path,
      // roles belong to the whole server: the passwords of the other tests stay in force
      GATEHOUSE_ROLE_PASSWORDS: folder.file('passwords.json', JSON.stringify(roles)),
    };
    const first = await folder.run(['migrate'], env);
    expect([first.code, first.stderr]).toEqual([0, '']);
    expect(first.stdout).toContain('0001_chain');
    expect(readdirSync(folder.path).filter((name) => name.startsWith('gatehouse-files'))).toEqual([]);
    expect((await folder.run(['migrate'], env)).stdout).toBe('The ledger is up to date.\n');
    const url = new URL(ledger.urlOf('api'));
    url.pathname = pathname;
    expect((await findings({ GATEHOUSE_LEDGER_URL: url.href })).faults).toEqual([]);

    const bad = folder.file('bad.json', JSON.stringify({ owner: password() }));
    const refused = await folder.run(['migrate'], { ...env, GATEHOUSE_ROLE_PASSWORDS: bad });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('GATEHOUSE_ROLE_PASSWORDS');
  });
});
