/** One recipient that cannot be reached silences nobody, and is told of. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { ControlClient } from '../../../sandbox/framework/control-client.js';
import type { RunningStandIn } from '../../../sandbox/framework/running.js';
import { startMail } from '../../../sandbox/mail/stand-in.js';
import { makeWorld } from '../../../sandbox/world.js';
import { Mailing, type Notice } from '../../../src/activities/notifications/mailing.js';
import { undeliveredWaiting } from '../../../src/domain/deliveries.js';
import type { DirectoryUser } from '../../../src/systems/directory/types.js';
import { MailSender } from '../../../src/systems/notifications/mail.js';
import { WebhookSender } from '../../../src/systems/notifications/webhook.js';
import { Secret } from '../../../src/systems/secret.js';
import { acceptInput, newId } from '../../ledger/fixtures.js';
import { type FreshLedger, freshLedger } from '../../ledger/fresh-ledger.js';
import { answeringServer } from '../../systems/answering-server.js';

const SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const GROUP = 'data-protection';

let ledger: FreshLedger;
let folder: string;
let mail: RunningStandIn;
let control: ControlClient;

beforeAll(async () => {
  ledger = await freshLedger();
  folder = await mkdtemp(join(tmpdir(), 'mailing-'));
  mail = await startMail({
    world: makeWorld({ clusters: 1 }),
    folder,
    port: 0,
    originOf: () => undefined,
  });
  control = new ControlClient(mail.origin);
});
afterAll(async () => {
  await ledger.close();
  await mail.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => control.settings({ unknown: [], greylisted: [], down: false }));

function person(personId: string, address: string | null, id = `account-${personId}`): DirectoryUser {
  return {
    id,
    personId,
    displayName: personId,
    userPrincipalName: `${id}@example.com`,
    guest: false,
    enabled: true,
    ...(address === null ? {} : { mail: address }),
  };
}

function mailingTo(members: readonly DirectoryUser[], hooks: Readonly<Record<string, string>> = {}): Mailing {
  const { hostname, port } = new URL(mail.extra?.mailSmtp ?? '');
  return new Mailing({
    ledger: ledger.worker,
    directory: { groupMembers: async () => members },
    inventory: { spec: { groups: { [GROUP]: 'group-1' } } },
    mail: new MailSender({
      host: hostname,
      port: Number(port),
      security: 'none',
      from: 'gatehouse@example.com',
    }),
    webhooks: new WebhookSender({
      endpoints: Object.fromEntries(
        Object.entries(hooks).map(([name, url]) => [name, { url, secret: async () => new Secret(SECRET) }]),
      ),
    }),
    webhookNames: Object.keys(hooks),
  });
}

async function notice(): Promise<Notice & { readonly requestId: string }> {
  const requestId = newId();
  await ledger.api.acceptRequest(acceptInput(requestId));
  return {
    id: `${requestId}-dpo-1-opened-1`,
    requestId,
    event: { type: 'gate.opened', data: { requestId } },
    letter: { subject: requestId, text: 'Your decision is asked for.' },
    groups: [GROUP],
  };
}

async function lettersOf({ requestId }: { readonly requestId: string }): Promise<readonly string[]> {
  const mails: { to: string[]; subject: string }[] = JSON.parse(
    await (await fetch(`${mail.origin}/_sandbox/mails`)).text(),
  );
  return mails.filter(({ subject }) => subject === requestId).flatMap(({ to }) => to);
}

const tell = (mailing: Mailing, about: Notice): Promise<void> =>
  mailing.tell(about, AbortSignal.timeout(30_000));

it('tells everybody else of what one has no address for, an address that is none, or a mailbox that is gone', async () => {
  const about = await notice();
  await control.settings({ unknown: ['gone@example.com'] });
  const mailing = mailingTo([
    person('e-1', 'n/a'),
    person('e-2', null),
    person('e-3', 'gone@example.com'),
    person('e-4', 'ben@example.com'),
  ]);
  await tell(mailing, about);
  expect(await lettersOf(about)).toEqual(['ben@example.com']);
  const undelivered = await ledger.api.undelivered(about.requestId);
  expect(undelivered.map(({ recipient, state }) => [recipient, state]).toSorted()).toEqual([
    ['person:e-1', 'given-up'],
    ['person:e-2', 'given-up'],
    ['person:e-3', 'given-up'],
  ]);
  expect(JSON.stringify(undelivered)).not.toContain('gone@example.com');
  const told = undeliveredWaiting(undelivered, Date.now());
  expect(told.map(({ condition }) => condition)).toContain(
    'person e-2 could not be told: the directory has no mail address of this person',
  );
  expect(told.every(({ who }) => who === 'an operator')).toBe(true);
});

it('tries a mailbox again that refuses for now, and nobody else', async () => {
  const about = await notice();
  await control.settings({ greylisted: ['chi@example.com'] });
  const mailing = mailingTo([person('e-1', 'chi@example.com'), person('e-2', 'ben@example.com')]);
  await expect(tell(mailing, about)).rejects.toMatchObject({ trouble: { kind: 'unavailable' } });
  expect(await lettersOf(about)).toEqual(['ben@example.com']);
  expect(await ledger.api.undelivered(about.requestId)).toMatchObject([
    { recipient: 'person:e-1', state: 'waiting', tries: 1 },
  ]);
  await control.settings({ greylisted: [] });
  await tell(mailing, about);
  await tell(mailing, about);
  expect(await lettersOf(about)).toEqual(['ben@example.com', 'chi@example.com']);
  expect(await ledger.api.undelivered(about.requestId)).toEqual([]);
});

it('mails people of what a webhook wants no more of, and other webhooks get it', async () => {
  await using gone = await answeringServer((_, response) => response.writeHead(410).end());
  await using chat = await answeringServer((_, response) => response.writeHead(204).end());
  const about = await notice();
  const mailing = mailingTo([person('e-2', 'ben@example.com')], { tickets: gone.url, chat: chat.url });
  await tell(mailing, about);
  await tell(mailing, about);
  expect([gone.asked.length, chat.asked.length]).toEqual([1, 1]);
  expect(await lettersOf(about)).toEqual(['ben@example.com']);
  const [tickets, ...others] = await ledger.api.undelivered(about.requestId);
  expect(others).toEqual([]);
  expect(tickets).toMatchObject({ recipient: 'webhook:tickets', state: 'given-up' });
  expect(tickets?.why).toContain('remove it from the configuration');
});

it('reaches a person by any account, and a shared mailbox once', async () => {
  const about = await notice();
  const mailing = mailingTo([
    person('e-1', 'n/a', 'adm-ada'),
    person('e-1', 'ada@example.com', 'ada'),
    person('e-2', 'Team@example.com'),
    person('e-3', 'team@example.com'),
  ]);
  await tell(mailing, about);
  expect(await lettersOf(about)).toEqual(['ada@example.com', 'Team@example.com']);
  expect(await ledger.api.undelivered(about.requestId)).toEqual([]);
});

it('waits for a mail server that is away, and webhooks do not wait for it', async () => {
  await using chat = await answeringServer((_, response) => response.writeHead(204).end());
  const about = await notice();
  await control.settings({ down: true });
  const mailing = mailingTo([person('e-1', 'ada@example.com'), person('e-2', 'ben@example.com')], {
    chat: chat.url,
  });
  await expect(tell(mailing, about)).rejects.toMatchObject({ trouble: { kind: 'unavailable' } });
  expect(chat.asked).toHaveLength(1);
  const told = undeliveredWaiting(await ledger.api.undelivered(about.requestId), Date.now());
  expect(told).toMatchObject([{ who: 'Gatehouse', next: expect.stringContaining('tried again by itself') }]);
  await control.settings({ down: false });
  await tell(mailing, about);
  expect(await lettersOf(about)).toEqual(['ada@example.com', 'ben@example.com']);
  expect(chat.asked).toHaveLength(1);
});
