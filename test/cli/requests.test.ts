/** The commands that ask the API, as processes, against the real API on a real ledger. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EVIDENCE, Gatehouse, type PersonName } from '../api/gatehouse.js';
import { edited, exampleOf } from '../manifests/examples.js';
import { CliFolder, type Ran } from './run-cli.js';

const Made = Type.Tuple([
  Type.Object({
    files: Type.Array(Type.String()),
    keys: Type.Array(Type.Object({ kid: Type.String() })),
  }),
]);

let gatehouse: Gatehouse;
let folder: CliFolder;
let url: string;

beforeAll(async () => {
  gatehouse = await Gatehouse.start();
  url = await gatehouse.app.listen({ host: '127.0.0.1', port: 0 });
  folder = new CliFolder();
});
afterAll(async () => {
  folder.remove();
  await gatehouse.stop();
});

async function as(person: PersonName, ...args: readonly string[]): Promise<Ran> {
  const token = folder.file(`${person}.token`, await gatehouse.token(person));
  return folder.run(args, { GATEHOUSE_URL: url, GATEHOUSE_TOKEN_FILE: token });
}

function fleetFile(fleet: string, text = exampleOf('Fleet')): string {
  return folder.file(`${fleet}.yaml`, edited(text, '{name: otterize}', `{name: ${fleet}}`));
}

/** Asks by the command while the test plays the worker: plans, and opens the gates. */
async function applied(fleet: string, ...more: readonly string[]): Promise<{ id: string; ran: Ran }> {
  const running = as('ada', 'apply', '-f', fleetFile(fleet), '--for', 'emil@example.com', ...more);
  const id = await expectOpen(fleet);
  await gatehouse.plan(id);
  return { id, ran: await running };
}

/** A request whose gates are open. @returns its id */
async function waiting(fleet: string, changes: object = {}): Promise<string> {
  const id = await gatehouse.ask(fleet, changes);
  await gatehouse.plan(id);
  return id;
}

async function expectOpen(fleet: string): Promise<string> {
  let id: string | undefined;
  await expect
    .poll(async () => {
      id = (await gatehouse.ledger.api.findOpenByWorkflowId(`fleet/otterize/${fleet}`))?.requestId;
      return id;
    })
    .toBeDefined();
  return id ?? '';
}

describe('apply', () => {
  it('asks, waits for the plan, and says what is waited for', async () => {
    const { id, ran } = await applied('apply', '--ticket', 'CHG0042', '--reason', 'to see');
    expect(ran.stderr).toBe('');
    expect(ran.stdout).toBe(
      `${id}  waiting for procurement (0 of 1); data-protection (0 of 1)   https://gatehouse.example.com/r/${id}\n`,
    );
    expect(ran.code).toBe(3);
    const [accepted] = await gatehouse.entries(id, 'request.accepted');
    expect(accepted?.body.document).toContain('"ticket":"CHG0042"');
  });

  it('answers the open request when the same is asked again', async () => {
    const { id } = await applied('again');
    const again = await as('ada', 'apply', '-f', fleetFile('again'), '--for', 'emil@example.com', '--json');
    expect(again.documents()).toMatchObject([{ id, status: 'waiting' }]);
    expect(again.code).toBe(3);
  });

  it('finds the faults of a file by itself, with the name of the file', async () => {
    const file = folder.file('broken.yaml', exampleOf('Fleet').replace('spec:', 'spec:\n  wave: 1'));
    const ran = await as('ada', 'apply', '-f', file, '--for', 'emil@example.com');
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/broken\.yaml:\d+:\d+: .*wave/);
    expect(ran.stdout).toBe('');
  });

  it('shows every fault that only the API sees', async () => {
    const text = edited(exampleOf('Fleet'), 'name: harbour-01', 'name: harbour-99');
    const file = fleetFile('unknown', edited(text, 'platform/clusters', 'platform/nowhere'));
    const ran = await as('ada', 'apply', '-f', file, '--for', 'emil@example.com');
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('The manifest cannot be used');
    expect(ran.stderr).toMatch(/manifest:\d+:\d+: .*harbour-99/);
    expect(ran.stderr).toMatch(/manifest:\d+:\d+: .*platform\/nowhere/);
    expect(ran.stderr).not.toMatch(/\n\s+at /);
  });

  it('gives programs the same trouble as JSON', async () => {
    const ran = await as(
      'stranger',
      'apply',
      '-f',
      fleetFile('strange'),
      '--for',
      'emil@example.com',
      '--json',
    );
    expect(ran.code).toBe(1);
    expect(ran.stderr).toBe('');
    expect(ran.documents()).toMatchObject([
      { error: { message: expect.stringContaining('Not allowed'), faults: [] } },
    ]);
  });
});

describe('status', () => {
  it('shows one request and lists those that may be seen', async () => {
    const id = await waiting('status');
    const one = await as('ada', 'status', id);
    expect(one.code).toBe(3);
    expect(one.stdout).toMatch(/^WAITING {2}0 of 2 done\. Waited \d+s, worked \d+s\.\n/);
    expect(one.stdout).toContain('◔ procurement      0 of 1');
    const list = await as('ada', 'status');
    expect(list.code).toBe(0);
    expect(list.stdout).toMatch(
      new RegExp(`^${id} +WAITING +otterize into 2 clusters of the fleet status +CHG0042 +\\d+s ago$`, 'm'),
    );
    const nothing = await as('stranger', 'status');
    expect(nothing.stdout).toBe('No requests that you may see.\n');
  });

  it('tells nothing of what the caller may not see', async () => {
    const id = await waiting('hidden');
    const hidden = await as('stranger', 'status', id);
    const absent = await as('stranger', 'status', 'req-nothing');
    expect([hidden.code, hidden.stdout]).toEqual([1, '']);
    expect(hidden.stderr.replaceAll(id, '')).toBe(absent.stderr.replaceAll('req-nothing', ''));
  });

  it('watches in lines until the end, and ends with its exit code', async () => {
    const id = await waiting('watched');
    const watching = as('ada', 'status', id, '--watch');
    await gatehouse.ledger.worker.endRequest(id, {
      outcome: 'cancelled',
      message: 'cancelled by an operator',
    });
    const ran = await watching;
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain(`${id}  CANCELLED`);
    expect(ran.stdout.trimEnd().split('\n').at(-1)).toBe(`${id}  cancelled by an operator`);
  });

  it('watches as JSON lines, and gives up after a time with the code for waiting', async () => {
    const id = await waiting('patient');
    const ran = await as('ada', 'status', id, '--watch', '--json', '--timeout', '2s');
    expect(ran.code).toBe(3);
    expect(ran.documents()).toMatchObject([{ id, status: 'waiting' }]);
  });
});

describe('deciding', () => {
  it('lists what waits for me, and nothing for others', async () => {
    const id = await waiting('inbox', { ticket: 'CHG0100' });
    const ben = await as('ben', 'inbox');
    expect(ben.stdout).toMatch(
      new RegExp(`^${id} +procurement +otterize/inbox +2 clusters +CHG0100 +open \\d+s$`, 'm'),
    );
    expect((await as('ada', 'inbox')).stdout).toBe('Nothing waits for you.\n');
  });

  it('sends what was read: epoch, plan, evidence and comment', async () => {
    const id = await waiting('approved');
    const args = Object.entries(EVIDENCE).flatMap(([name, value]) => ['--evidence', `${name}=${value}`]);
    const ran = await as(
      'ben',
      'approve',
      id,
      '--gate',
      'procurement',
      ...args,
      '--comment',
      'fine',
      '--yes',
    );
    expect(ran.stderr).toBe('');
    expect(ran.stdout).toMatch(
      new RegExp(`^Approved: ${id}, gate procurement, epoch 1\\. Entry \\d+ of the ledger\\.`),
    );
    expect(ran.code).toBe(0);
    const [made] = await gatehouse.entries(id, 'decision.made');
    expect(made?.body).toMatchObject({ decision: 'approve', personId: 'p-ben', epoch: 1 });
  });

  it('names all evidence that is missing or not asked for, and sends nothing', async () => {
    const id = await waiting('evidence');
    const ran = await as('ben', 'approve', id, '--gate', 'procurement', '--evidence', 'link=x', '--yes');
    expect(ran.code).toBe(1);
    for (const name of ['link', 'contractNumber', 'licences', 'validUntil'])
      expect(ran.stderr).toContain(`  ${name}: `);
    expect(await gatehouse.entries(id, 'decision.made')).toEqual([]);
  });

  it('shows the numbers when there are too few licences', async () => {
    const id = await waiting('licences');
    const args = Object.entries({ ...EVIDENCE, licences: '1' }).flatMap(([name, value]) => [
      '--evidence',
      `${name}=${value}`,
    ]);
    const ran = await as('ben', 'approve', id, '--gate', 'procurement', ...args, '--yes');
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/licences: .*1.*2/);
  });

  it('rejects without evidence', async () => {
    const id = await waiting('rejected');
    const ran = await as(
      'chi',
      'reject',
      id,
      '--gate',
      'data-protection',
      '--comment',
      'not yet',
      '--yes',
      '--json',
    );
    expect(ran.documents()).toMatchObject([{ requestId: id, decision: 'reject', gate: 'data-protection' }]);
    expect(ran.code).toBe(0);
  });

  it('refuses another plan than the one that a program has read', async () => {
    const id = await waiting('other-plan');
    const ran = await as('chi', 'reject', id, '--gate', 'data-protection', '--yes', '--plan', 'f'.repeat(64));
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('What is asked has changed');
    expect(await gatehouse.entries(id, 'decision.made')).toEqual([]);
  });

  it('needs no gate named where one alone is open for the caller', async () => {
    const id = await waiting('one-gate');
    const ran = await as('chi', 'reject', id, '--yes');
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining('gate data-protection')]);
    // to who may decide at none, it says which there are
    const other = await waiting('no-gate');
    const asked = await as('olga', 'reject', other, '--yes');
    expect(asked.code).toBe(1);
    expect(asked.stderr).toContain('procurement, data-protection');
    expect(asked.stderr).toContain('--gate procurement');
  });

  it('does not decide without a yes', async () => {
    const id = await waiting('no-yes');
    const ran = await as('chi', 'reject', id, '--gate', 'data-protection');
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('--yes is needed');
    expect(await gatehouse.entries(id, 'decision.made')).toEqual([]);
  });

  it('says why somebody cannot decide, also under another account of the same person', async () => {
    const id = await waiting('four-eyes');
    for (const person of ['adm-ada', 'olga'] as const) {
      const ran = await as(person, 'approve', id, '--gate', 'procurement', '--yes');
      expect(ran.code).toBe(1);
      expect(ran.stderr).toContain('You cannot decide at the gate procurement');
    }
    expect(await gatehouse.entries(id, 'decision.made')).toEqual([]);
  });
});

describe('steering', () => {
  it.each([
    ['pause', [], []],
    ['resume', [], []],
    ['retry', ['--cluster', 'harbour-01/dev', 'harbour-02/prod'], ['harbour-01/dev', 'harbour-02/prod']],
    ['retry', [], []],
    ['skip', ['--cluster', 'harbour-01/dev'], ['harbour-01/dev']],
    ['cancel', [], []],
  ] as const)('%s %j reaches the workflow', async (command, args, targets) => {
    const id = await waiting(`steer-${command}-${args.length}`);
    const ran = await as('olga', command, id, ...args);
    expect([ran.code, ran.stdout]).toEqual([0, `${id}  noted\n`]);
    expect(gatehouse.workflows.commands.at(-1)).toMatchObject({ command, body: { targets } });
  });

  it('shows who may, and what there is', async () => {
    const id = await waiting('not-mine');
    const forbidden = await as('ben', 'pause', id);
    expect([forbidden.code, forbidden.stdout]).toEqual([1, '']);
    expect(forbidden.stderr).toContain('Only operators may pause a request.');
    const unknown = await as('olga', 'retry', id, '--cluster', 'harbour-77/dev');
    expect(unknown.stderr).toContain('"harbour-77/dev" is not a target of this request');
  });

  it('waits with a command that is recorded but not taken yet', async () => {
    const id = await waiting('unsure');
    gatehouse.workflows.outcome = { state: 'unavailable' };
    const before = gatehouse.workflows.commands.length;
    const ran = await as('olga', 'pause', id);
    gatehouse.workflows.outcome = { state: 'answered', answer: { accepted: true, message: 'noted' } };
    expect(ran.code).toBe(3);
    const sent = gatehouse.workflows.commands.slice(before).map(({ body }) => body.commandId);
    expect(new Set(sent).size).toBe(1);
    expect(await gatehouse.entries(id, 'command.given')).toHaveLength(1);
  });
});

describe('revoking', () => {
  it('takes a yes, and is an entry from which on nothing is done', async () => {
    const id = await waiting('revoked');
    const unsure = await as('olga', 'revoke', id);
    expect([unsure.code, unsure.stderr]).toEqual([1, expect.stringContaining('--yes is needed')]);
    const ran = await as('olga', 'revoke', id, '--yes');
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining('no further effect is made')]);
    expect(await gatehouse.entries(id, 'request.revoked')).toHaveLength(1);
    const forbidden = await as('ben', 'revoke', id, '--yes');
    expect(forbidden.stderr).toContain('Only operators may revoke a request.');
  });
});

describe('the page', () => {
  it('is opened in a browser; where none starts, its address is said', async () => {
    const id = await waiting('opened');
    const token = folder.file('open.token', await gatehouse.token('ada'));
    const env = { GATEHOUSE_URL: url, GATEHOUSE_TOKEN_FILE: token };
    const opened = await folder.run(['open', id], { ...env, BROWSER: 'true' });
    expect([opened.code, opened.stdout]).toEqual([0, `Opened https://gatehouse.example.com/r/${id}\n`]);
    const none = await folder.run(['open', id], { ...env, BROWSER: 'no-such-browser' });
    expect([none.code, none.stdout]).toEqual([
      0,
      `No browser starts here. Open https://gatehouse.example.com/r/${id}\n`,
    ]);
  });
});

describe('evidence', () => {
  it('is written once, whole, and verifies as far as it goes', async () => {
    const id = await waiting('bundle');
    const file = join(folder.path, 'bundle.json');
    const first = await as('ada', 'evidence', id, '-o', file);
    expect([first.code, first.stderr]).toEqual([0, '']);
    expect(first.stdout).toContain('No checkpoint covers it yet');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      kind: 'gatehouse-evidence',
      requestId: id,
    });

    const again = await as('ada', 'evidence', id, '-o', file);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('it exists already, and is not overwritten');
    expect((await as('ada', 'evidence', id, '-o', file, '--force')).code).toBe(0);

    const ring = folder.file('ring.json', JSON.stringify(gatehouse.keys.ring));
    const verified = await folder.run(['verify', file, '--keys', ring]);
    expect(verified.code).toBe(1);
    expect(verified.stdout).toMatch(/^✗ checkpoint .*wait for the next one/m);
    expect(verified.stdout).toMatch(/^✓ request /m);
  });
});

describe('signing in', () => {
  it('can be looked at, and ended', async () => {
    const token = folder.file('leaving.token', await gatehouse.token('olga'));
    const env = { GATEHOUSE_URL: url, GATEHOUSE_TOKEN_FILE: token };
    const me = await folder.run(['whoami'], env);
    expect([me.code, me.stdout]).toEqual([0, expect.stringContaining('operator')]);
    expect((await folder.run(['logout'], env)).stdout).toBe(`Signed out: ${token} is deleted.\n`);
    expect(existsSync(token)).toBe(false);
    expect((await folder.run(['logout'], env)).stdout).toContain('Nobody was signed in');
  });

  it('is asked for when there is no token, or it does not hold', async () => {
    for (const env of [{}, { GATEHOUSE_TOKEN_FILE: folder.file('bad.token', 'not-a-token') }]) {
      const ran = await folder.run(['status'], { GATEHOUSE_URL: url, ...env });
      expect(ran.code).toBe(1);
      expect(ran.stderr).toContain('Sign in with `gatehouse login`.');
    }
  });

  it('refuses a token file that is not there, and addresses that would show the token', async () => {
    const missing = await folder.run(['status'], { GATEHOUSE_URL: url, GATEHOUSE_TOKEN_FILE: '/nowhere' });
    expect(missing.stderr).toContain('/nowhere (GATEHOUSE_TOKEN_FILE) cannot be read');
    const clear = await folder.run(['status'], { GATEHOUSE_URL: 'http://gatehouse.example.com' });
    expect(clear.stderr).toContain('an access token is only sent over https');
    expect([missing.code, clear.code]).toEqual([1, 1]);
  });
});

describe('keys', () => {
  it('are made once, readable by their owner only, and shown without what is secret', async () => {
    const made = await folder.run(['keys', 'generate', 'keys', '--json']);
    expect(made.code).toBe(0);
    const [{ files, keys }] = Value.Parse(Made, made.documents());
    for (const name of files) expect(statSync(join(folder.path, 'keys', name)).mode & 0o077).toBe(0);
    const codec = readFileSync(join(folder.path, 'keys', 'codec-keys.json'), 'utf8');
    const [, secret = ''] = /"codec-[^"]+": "([^"]{40,})"/.exec(codec) ?? [];
    expect(secret).not.toBe('');
    expect(made.stdout).not.toContain(secret);
    expect((await folder.run(['keys', 'generate', 'keys'])).stderr).toContain('not overwritten');

    const shown = await folder.run(['keys', 'describe', 'keys']);
    for (const { kid } of keys) expect(shown.stdout).toContain(kid);
    expect(shown.code).toBe(0);
  });

  it('are revoked in the ledger, after a yes and only when the ring knows them', async () => {
    const ring = folder.file('revoke-ring.json', JSON.stringify(gatehouse.keys.ring));
    const { kid } = gatehouse.keys.signing.checkpoint;
    const env = { GATEHOUSE_LEDGER_URL: gatehouse.ledger.urlOf('api') };
    const unknown = await folder.run(['keys', 'revoke', 'no-such-key', '--keys', ring, '--yes'], env);
    expect([unknown.code, unknown.stderr.includes(kid)]).toEqual([1, true]);
    const unasked = await folder.run(['keys', 'revoke', kid, '--keys', ring], env);
    expect(unasked.code).toBe(1);
    expect(await gatehouse.ledger.api.revokedKeys()).toEqual(new Map());
    const done = await folder.run(['keys', 'revoke', kid, '--keys', ring, '--yes', '--json'], env);
    expect([done.code, done.stderr]).toEqual([0, '']);
    expect([...(await gatehouse.ledger.api.revokedKeys()).keys()]).toEqual([kid]);
  });
});

describe('usage', () => {
  it.each([
    [['nope'], 'unknown command'],
    [['plan'], "required option '-f, --file <path>'"],
    [['status', '--watch', 'req-1', '--timeout', 'soon'], 'Write a whole number and s, m, h or d'],
    [['skip', 'req-1'], "required option '--cluster"],
    [['status', 'req-1', '--no-such-option'], 'unknown option'],
  ])('%j exits 1 with the reason, and says where help is', async (args, reason) => {
    const ran = await folder.run(args);
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain(reason);
    expect(ran.stderr).toContain('gatehouse help');
    expect(ran.stderr.trim().split('\n').length).toBeLessThanOrEqual(4);
  });

  it('says which word was meant, and shows durations as people write them', async () => {
    expect((await folder.run(['stauts'])).stderr).toContain('Did you mean status?');
    const help = await folder.run(['wait', '--help']);
    expect(help.stdout).toContain('(default: 10m)');
    expect(help.stdout).not.toContain('600000');
  });

  it('knows its version', async () => {
    const ran = await folder.run(['--json', 'version']);
    expect(ran.documents()).toMatchObject([{ version: expect.stringMatching(/^\d+\.\d+\.\d+/) }]);
    expect(ran.code).toBe(0);
  });
});
