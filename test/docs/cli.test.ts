/** Runs every command of docs/cli.md, in its order, against all of Gatehouse: real Temporal, Postgres, API and worker. */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ControlClient } from '../../sandbox/framework/control-client.js';
import { shopFiles } from '../../sandbox/gitlab/promotion-files.js';
import { type ExampleVersion, exampleImage } from '../../sandbox/harbor/example-artifacts.js';
import { ExampleApi } from '../../sandbox/stack/api-client.js';
import { fleetText } from '../../sandbox/stack/example-files.js';
import { type GatehouseStack, startGatehouse } from '../../sandbox/stack/gatehouse.js';
import { shopImage, shopPromotionText } from '../../sandbox/stack/promotion-files.js';
import { personOf } from '../../sandbox/world.js';
import { buildProgram } from '../../src/cli/program.js';
import type { RequestStatus } from '../../src/domain/status/shapes.js';
import { signInAt } from '../support/sign-in-at.js';
import { sharedParts } from '../support/stack.js';

const BIN = fileURLToPath(new URL('../../bin/gatehouse.js', import.meta.url));
const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');

interface Shown {
  readonly command: string;
  readonly code: number;
}

const sections = page.split(/^## /m).map((text) => ({
  title: text.split('\n')[0] ?? '',
  commands: [...text.matchAll(/^\$ (gatehouse .*?)(?: {3}# exit code (\d))?$/gm)].map(
    ([, command = '', code = '0']): Shown => ({ command, code: Number(code) }),
  ),
}));
const withCommands = sections.filter(({ commands }) => commands.length > 0);

/** Who types the commands of a section. */
const PERSON: Readonly<Record<string, string>> = {
  Ask: 'ada',
  Watch: 'ada',
  'Decide: procurement': 'ben',
  'Decide: data protection': 'chi',
  'Look around': 'olga',
  Operate: 'olga',
  Prove: 'ivo',
  Promote: 'emil',
  'Decide: owner': 'ben',
  'Hold, accept, take back': 'olga',
  'What runs where': 'ivo',
};

/** A promotion on a busy machine. */
const PATIENCE_MS = 180_000;

let stack: GatehouseStack;
let api: ExampleApi;
let folder: string;
/** ids of the page to those of this run */
const ids = new Map<string, string>();

beforeAll(async () => {
  stack = await startGatehouse({
    clusters: 3,
    ...(await sharedParts('docs-cli')),
    // what does not come up is given up after this
    installation: { timing: 'brisk', stabilisationMs: 0, waitAtMostMs: 40_000 },
  });
  api = new ExampleApi(stack.apiUrl, stack.address('oidc'), stack.world);
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-docs-cli-'));
  symlinkSync(BIN, join(folder, 'gatehouse'));
  chmodSync(BIN, 0o755);
  writeFileSync(join(folder, 'otterize.yaml'), fleetText(stack.world));
  writeFileSync(join(folder, 'promotion.yaml'), shopPromotionText());
  copyFileSync(stack.installation.keyRing, join(folder, 'keyring.json'));
  writeFileSync(join(folder, 'passwords.json'), JSON.stringify(stack.passwords), { mode: 0o600 });
}, 180_000);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await stack.dispose();
});

/** Starts a command of the page by a shell, as readers do. */
function start(command: string, env: Readonly<Record<string, string>>): ChildProcess {
  const {
    PATH = '',
    NODE_EXTRA_CA_CERTS: _,
    ...rest
  } = stack.environment('api', {
    GATEHOUSE_URL: stack.apiUrl,
    DATABASE_URL: stack.databaseUrl,
    GATEHOUSE_ROLE_PASSWORDS: join(folder, 'passwords.json'),
    HOME: folder,
    // no window of a real browser
    BROWSER: 'true',
    ...env,
  });
  return spawn('sh', ['-c', command], { cwd: folder, env: { ...rest, PATH: `${folder}:${PATH}` } });
}

async function run(
  command: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | null; readonly printed: string }> {
  const child = start(command, env);
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  child.stdin?.end();
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, printed };
}

async function tokenFile(person: string): Promise<string> {
  const path = join(folder, `${person}.token`);
  writeFileSync(path, await api.tokenOf(person), { mode: 0o600 });
  return path;
}

/** A request of another fleet over the same clusters, up to its open gates. */
async function another(name: string): Promise<string> {
  const id = await api.request(fleetText(stack.world, { name }));
  await api.until(id, ({ gates }) => gates.some(({ state }) => state === 'open'));
  return id;
}

const DEPLOYMENT = 'yaml/deployment.yaml';

/** A developer commits a version of the shop: dev runs it. */
async function develop(version: ExampleVersion): Promise<void> {
  const { digest } = exampleImage('shop/web', version).content.top;
  const image = `${shopImage(stack.address('harbor'))}@${digest}`;
  await new ControlClient(stack.address('gitlab')).post('/commit', {
    project: 'shop-dev/ops',
    path: DEPLOYMENT,
    content: shopFiles({ image })[DEPLOYMENT] ?? '',
    author: 'ada',
    as: 'ada',
  });
}

/** A promotion that is merged and does not come up, until the cluster is well again. @returns its id */
async function troubled(version: ExampleVersion): Promise<string> {
  const kubernetes = new ControlClient(stack.address('kubernetes'));
  await develop(version);
  const id = await api.promote(shopPromotionText());
  await api.until(id, ({ gates }) => gates.some(({ state }) => state === 'open'), PATIENCE_MS);
  await kubernetes.post('/settings', { applications: { 'shop-prod': { degraded: true } } });
  await api.decide('ben', id, 'owner', 'approve');
  await api.until(id, ({ status }) => status === 'attention', PATIENCE_MS);
  await kubernetes.post('/settings', { applications: {} });
  return id;
}

async function ended(shown: string): Promise<void> {
  await api.until(ids.get(shown) ?? '', ({ endedAt }) => endedAt !== undefined, PATIENCE_MS);
}

function isAskedOfBoth({ gates }: RequestStatus): boolean {
  return gates.filter(({ state }) => state === 'open').length === 2;
}

/** What the world does between the commands of the page. */
const before: Readonly<Record<string, () => Promise<void>>> = {
  'gatehouse set-current-version': async () => {
    await stack.startWorker({ name: 'worker-build-42', env: { GATEHOUSE_BUILD_ID: 'build-42' } });
  },
  'gatehouse reject req-8m3q': async () => {
    ids.set('req-8m3q', await another('second'));
    // planned now, so that the troubles below meet the rollout and no plan
    ids.set('req-9p4t', await another('third'));
    ids.set('req-2h6d', await another('fourth'));
  },
  'gatehouse approve req-7k2m --gate data-protection': async () => {
    const kubernetes = new ControlClient(stack.address('kubernetes'));
    for (const application of ['harbour-02-stg-otterize', 'harbour-03-prod-otterize']) {
      await kubernetes.addFault({
        id: application,
        match: { path: application },
        times: 1,
        when: 'before',
        kind: 'status',
        status: 403,
      });
    }
  },
  'gatehouse status req-7k2m   # exit code 3': async () => {
    await api.until(ids.get('req-7k2m') ?? '', isAskedOfBoth, PATIENCE_MS);
  },
  'gatehouse status req-7k2m   # exit code 1': async () => {
    await api.until(ids.get('req-7k2m') ?? '', ({ status }) => status === 'attention', 90_000);
  },
  'gatehouse plan -f promotion.yaml': () => develop('1.1.0'),
  'gatehouse status req-3v5n   # exit code 3': async () => {
    await api.until(ids.get('req-3v5n') ?? '', ({ status }) => status === 'waiting', PATIENCE_MS);
  },
  'gatehouse accept req-4w6p': async () => {
    ids.set('req-4w6p', await troubled('1.2.0'));
  },
  'gatehouse rollback req-5x7k': async () => {
    await ended('req-4w6p');
    ids.set('req-5x7k', await troubled('1.0.0'));
  },
  'gatehouse rollback shop/prod': () => ended('req-5x7k'),
  'gatehouse evidence': async () => {
    await expect
      .poll(
        async () =>
          JSON.stringify(await api.call('ivo', 'GET', `/v1/requests/${ids.get('req-7k2m')}/bundle`)),
        {
          timeout: 30_000,
          interval: 300,
        },
      )
      .not.toContain('"checkpoint":null');
  },
};

/** What commands must have printed, beside ending with the code that the page shows. */
const proofs: Readonly<Record<string, (printed: string) => void>> = {
  'gatehouse plan -f promotion.yaml': (printed) =>
    expect(printed).toMatch(/^Plan: shop to prod\. 1 file in 1 place\. Gates: owner\.$/m),
  'gatehouse promote': (printed) => {
    // on a busy machine it may still be planned when nobody looks any more
    const [, id] = /^(req-\S+) {2}(?:waiting for owner \(0 of 1\)|planning)/m.exec(printed) ?? [];
    expect(id).toBeDefined();
    ids.set('req-3v5n', id ?? '');
  },
  'gatehouse status req-7k2m   # exit code 3': (printed) =>
    expect(printed).toMatch(/^◔ procurement +0 of 1 .*, due \d{4}-/m),
  'gatehouse status req-3v5n   # exit code 3': (printed) => {
    expect(printed).toMatch(/^shop: dev → prod {2}web@sha256:[0-9a-f]{12}$/m);
    expect(printed).toMatch(/^· shop\/prod\/prod {2}proposed .*merge_requests\/\d+$/m);
  },
  'gatehouse status req-3v5n --watch': (printed) => expect(printed).toMatch(/shop\/prod\/prod {2}proven/),
  'gatehouse hold --application': (printed) => {
    const [, id] = /^(hold-\S+) {2}changes of shop are held\./.exec(printed) ?? [];
    expect(id).toBeDefined();
    ids.set('hold-4kq2', id ?? '');
  },
  'gatehouse holds': (printed) => expect(printed).toContain('the till is down'),
  'gatehouse rollback req-5x7k': (printed) => expect(printed).toContain('taking it back'),
  'gatehouse rollback shop/prod': (printed) => expect(printed).toContain('waiting for owner'),
  'gatehouse environments shop': (printed) => {
    expect(printed).toMatch(/^web +sha256:[0-9a-f]{12} +sha256:[0-9a-f]{12}$/m);
    expect(printed).toMatch(/^shop\/prod is held \(rollback of req-/m);
  },
  'gatehouse figures': (printed) => expect(printed).toMatch(/^shop\/prod +3 \(/m),
  'gatehouse changes': (printed) => expect(printed).toContain('"rolled-back"'),
  'gatehouse plan': (printed) => expect(printed).toMatch(/^Plan: \d+ to add, 3 to change, 0 to remove\./m),
  'gatehouse apply': (printed) => {
    // gates open one after the other, and on a busy machine it may still be planned when nobody looks any more
    const [, id] = /^(req-\S+) {2}(?:waiting|planning)/m.exec(printed) ?? [];
    expect(id, printed).toBeDefined();
    ids.set('req-7k2m', id ?? '');
  },
  'gatehouse status req-7k2m   # exit code 1': (printed) => {
    expect(printed).toMatch(/^FAILED {2}1 of 3 done\./);
    expect(printed).toContain(`gatehouse retry ${ids.get('req-7k2m')} --cluster harbour-02/stg`);
  },
  'gatehouse status req-7k2m --watch   # exit code 0': (printed) => expect(printed).toContain('DONE'),
  'gatehouse verify': (printed) =>
    expect(printed).toMatch(/Verified as of entry \d+ \(.*Z\): all \d+ checks hold\./),
  'gatehouse doctor': (printed) => expect(printed).toMatch(/All \d+ checks passed[.,]/),
};

function matching<T>(table: Readonly<Record<string, T>>, { command, code }: Shown): T | undefined {
  const text = `${command}   # exit code ${code}`;
  return Object.entries(table).find(([start]) => text.startsWith(start))?.[1];
}

/** The command with the ids and keys of this run. */
function substituted(command: string): string {
  let text = command;
  for (const [shown, real] of ids) text = text.replaceAll(shown, real);
  const ring = join(folder, 'keys', 'keyring.json');
  const kid = existsSync(ring) ? /"(decision-[^"]+)"/.exec(readFileSync(ring, 'utf8'))?.[1] : undefined;
  return kid === undefined ? text : text.replace('decision-4fVw', kid);
}

describe('docs/cli.md', () => {
  it.each(withCommands.filter(({ title }) => title !== 'Sign in'))(
    '$title',
    async ({ title, commands }) => {
      const person = PERSON[title];
      const env = person === undefined ? {} : { GATEHOUSE_TOKEN_FILE: await tokenFile(person) };
      for (const shown of commands) {
        await matching(before, shown)?.();
        const command = substituted(shown.command);
        const ran = await run(command, env);
        expect([command, ran.code, ran.printed]).toEqual([command, shown.code, expect.any(String)]);
        matching(proofs, shown)?.(ran.printed);
      }
    },
    600_000,
  );

  it('Sign in, with the real page of the provider', async () => {
    const child = start('gatehouse login', {});
    let printed = '';
    const address = new Promise<string>((resolve) => {
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
        const [found] = /http\S+code_challenge\S+/.exec(printed) ?? [];
        if (found !== undefined && printed.endsWith('\n')) resolve(found);
      });
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    await signInAt(await address, personOf(stack.world, 'ada').userPrincipalName);
    expect([await ended, printed]).toEqual([0, expect.stringMatching(/^Signed in for 6?\d+[mh]\./m)]);
    const list = await run('gatehouse status');
    expect(list.code).toBe(0);
  });

  it('shows every command that there is', () => {
    // `wait` is a product of its own, with a page and a test of its own
    const waiting = readFileSync(new URL('../../docs/wait.md', import.meta.url), 'utf8');
    const shown = [
      ...withCommands.flatMap(({ commands }) => commands.map(({ command }) => command)),
      ...[...waiting.matchAll(/^\$ (gatehouse .*)$/gm)].map(([, command = '']) => command),
    ].map((command) => command.split(' ').slice(1));
    const program = buildProgram(async () => undefined);
    const names = program.commands.flatMap((command) =>
      command.commands.length === 0
        ? [[command.name()]]
        : command.commands.map((child) => [command.name(), child.name()]),
    );
    const missing = names.filter(
      (name) => !shown.some((words) => name.every((word, index) => words[index] === word)),
    );
    expect(missing).toEqual([]);
  });
});
