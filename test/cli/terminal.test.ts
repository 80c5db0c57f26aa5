/** The command with a person at the terminal: questions, and the picture that is redrawn. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decide } from '../../src/cli/commands/decide.js';
import { login } from '../../src/cli/commands/login.js';
import { status } from '../../src/cli/commands/status.js';
import { Gatehouse, PEOPLE, type PersonName } from '../api/gatehouse.js';
import { CliFolder, type FakeTerminal, terminal } from './run-cli.js';

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

async function terminalOf(person: PersonName): Promise<FakeTerminal> {
  const token = folder.file(`${person}.token`, await gatehouse.token(person));
  return terminal({ GATEHOUSE_URL: url, GATEHOUSE_TOKEN_FILE: token, NO_COLOR: '1' });
}

async function waiting(fleet: string): Promise<string> {
  const id = await gatehouse.ask(fleet, { reason: 'Who talks to whom' });
  await gatehouse.plan(id);
  return id;
}

describe('deciding at a terminal', () => {
  it('shows exactly what is asked, asks for the evidence and for a yes, then decides', async () => {
    const id = await waiting('asked');
    const ben = await terminalOf('ben');
    const deciding = decide(ben.session, 'approve', id, { gate: 'procurement', evidence: ['licences=2'] });
    await ben.until('Contract number');
    ben.type('C-2026/17');
    await ben.until('Valid until');
    ben.type('2099-12-31');
    await ben.until('[y/N]');
    expect(await gatehouse.entries(id, 'decision.made')).toEqual([]);
    for (const part of [
      `${id}: gate procurement`,
      'Fleet otterize/asked by ada (person p-ada)',
      'emil@example.com',
      'Who talks to whom',
      'harbour-01/dev   + organisation: harbour-01-dev',
      '! organisation cannot be deleted later',
      '~ values: harbour-02/prod/otterize.yaml',
      'Plan: 2 to add, 2 to change, 0 to adopt, 0 to remove.',
      'Approve this for 2 clusters at the gate procurement? [y/N]',
    ]) {
      expect(ben.seen()).toContain(part);
    }
    ben.type('y');
    expect(await deciding).toBe(0);
    expect(ben.seen()).toContain(`Approved: ${id}`);
    expect(await gatehouse.entries(id, 'decision.made')).toHaveLength(1);
  });

  it.each(['', 'n', 'yes please'])('takes %j for a no, and sends nothing', async (answer) => {
    const id = await waiting(`no-${answer.length}`);
    const chi = await terminalOf('chi');
    const deciding = decide(chi.session, 'reject', id, { gate: 'data-protection', evidence: [] });
    await chi.until('[y/N]');
    chi.type(answer);
    expect(await deciding).toBe(1);
    expect(chi.seen()).toContain('Nothing was sent.');
    expect(await gatehouse.entries(id, 'decision.made')).toEqual([]);
  });

  it('is refused when what is asked changes between reading and deciding', async () => {
    const id = await waiting('changing');
    const chi = await terminalOf('chi');
    const deciding = decide(chi.session, 'reject', id, { gate: 'data-protection', evidence: [] });
    await chi.until('[y/N]');
    await gatehouse.plan(id);
    chi.type('y');
    await expect(deciding).rejects.toThrow('What is asked has changed');
    expect(await gatehouse.entries(id, 'decision.made')).toEqual([]);
  });
});

describe('watching at a terminal', () => {
  it('redraws in place as things happen, and gives the cursor back at the end', async () => {
    const id = await waiting('watched');
    const ada = await terminalOf('ada');
    const watching = status(ada.session, id, { watch: true, limit: 20 });
    await ada.until('0 of 2 done');
    expect(ada.seen()).toContain('◔ procurement');
    const { worker } = gatehouse.ledger;
    await worker.closeGate(id, { gate: 'procurement', epoch: 1, result: 'rejected' });
    await worker.endRequest(id, { outcome: 'rejected', message: 'rejected at procurement' });
    expect(await watching).toBe(1);
    const seen = ada.seen();
    expect(seen.split('\u001b').some((part) => /^\[\d+A/.test(part))).toBe(true);
    const last = seen.slice(seen.lastIndexOf('\u001b[?2026h'));
    expect(last).toContain('REJECTED');
    expect(last).toContain('rejected at procurement');
    expect(seen.startsWith('\u001b[?25l')).toBe(true);
    expect(seen.endsWith('\u001b[?25h')).toBe(true);
  });

  it('ends with the code for waiting on Ctrl-C, and says how to look again', async () => {
    const id = await waiting('interrupted');
    const ada = await terminalOf('ada');
    const watching = status(ada.session, id, { watch: true, limit: 20 });
    await ada.until('WAITING');
    ada.interrupt();
    expect(await watching).toBe(3);
    expect(ada.seen()).toContain(`gatehouse status ${id} --watch`);
    expect(ada.seen()).toContain('\u001b[?25h');
  });
});

describe('login', () => {
  const options = { scope: 'openid', port: 0, clientId: 'gatehouse-cli' };

  async function beginning(): Promise<{
    person: FakeTerminal;
    done: Promise<number>;
    address: URL;
    file: string;
  }> {
    const file = join(folder.path, 'fresh', 'token');
    const person = terminal({ GATEHOUSE_TOKEN_FILE: file, GATEHOUSE_URL: url, BROWSER: 'no-such-browser' });
    const done = login(person.session, { ...options, issuer: gatehouse.provider.issuer });
    done.catch(() => undefined);
    await person.until('/authorize?');
    await person.until('\n\n');
    const [address = ''] = /http\S+\/authorize\?\S+/.exec(person.seen()) ?? [];
    return { person, done, address: new URL(address), file };
  }

  it('keeps a token that the API takes, readable by its owner only', async () => {
    const { person, done, address, file } = await beginning();
    expect(address.searchParams.get('code_challenge_method')).toBe('S256');
    const claims = { ...PEOPLE.ada, auth_time: Math.floor(Date.now() / 1_000) };
    const answer = gatehouse.provider.signedIn(address.href, claims);
    const back = `${address.searchParams.get('redirect_uri')}?${new URLSearchParams(answer)}`;
    expect((await fetch(back)).status).toBe(200);
    expect(await done).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(person.seen()).not.toContain(readFileSync(file, 'utf8').trim());
    const list = await folder.run(['status'], { GATEHOUSE_URL: url, GATEHOUSE_TOKEN_FILE: file });
    expect(list.code).toBe(0);
  });

  it.each([
    ['another attempt', { code: 'c', state: 'other' }, 'not to this sign-in'],
    ['another provider', { code: 'c', iss: 'https://evil.example' }, 'another provider'],
    ['a refusal', { error: 'access_denied' }, 'The provider refused: access_denied'],
    ['a code that does not hold', { code: 'forged' }, 'refused the code: invalid_grant'],
  ])('keeps nothing after the answer of %s', async (_, answer, words) => {
    const { done, address, file } = await beginning();
    const before = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    const state = address.searchParams.get('state') ?? '';
    await fetch(`${address.searchParams.get('redirect_uri')}?${new URLSearchParams({ state, ...answer })}`);
    await expect(done).rejects.toThrow(words);
    expect(existsSync(file) ? readFileSync(file, 'utf8') : undefined).toBe(before);
  });

  it('says what is missing when it is not known where to sign in', async () => {
    await expect(login(terminal({}).session, { scope: 'openid', port: 0 })).rejects.toThrow(
      'Where to sign in is not known.',
    );
  });
});
