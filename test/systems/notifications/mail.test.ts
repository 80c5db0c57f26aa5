import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { MailSender, type MailSenderOptions } from '../../../src/systems/notifications/mail.js';
import { Secret } from '../../../src/systems/secret.js';
import { cleanTroubleFrom } from '../clean-trouble.js';
import { mailServer } from './smtp-server.js';

const PASSWORD = randomBytes(12).toString('hex');
const MAIL = {
  id: 'req-1.procurement.1',
  to: ['ben@example.com'],
  subject: 'Procurement: Jäger',
  text: 'Please decide.\n.\nEnd',
} as const;

function senderTo(port: number, more: Partial<MailSenderOptions> = {}): MailSender {
  return new MailSender({
    host: '127.0.0.1',
    port,
    security: 'none',
    from: 'gatehouse@example.com',
    ...more,
  });
}

const troubleFrom = (call: Promise<unknown>) => cleanTroubleFrom(call, PASSWORD, 'ben@example.com');

describe('MailSender', () => {
  it('sends plain text with the same message id each time', async () => {
    await using server = await mailServer(() => undefined);
    expect(await senderTo(server.port).send(MAIL)).toEqual({ accepted: 1, refused: 0 });
    await senderTo(server.port).send(MAIL);
    expect(server.lines.filter((line) => line.startsWith('Message-ID'))).toEqual([
      'Message-ID: <req-1.procurement.1@example.com>',
      'Message-ID: <req-1.procurement.1@example.com>',
    ]);
    expect(server.lines).toContain('RCPT TO:<ben@example.com>');
    expect(server.lines).toContain('Auto-Submitted: auto-generated');
    expect(server.lines).toContain('..');
  });

  it('logs in when it has a login', async () => {
    await using server = await mailServer(() => undefined);
    await senderTo(server.port, {
      login: { user: 'gatehouse', password: async () => new Secret(PASSWORD) },
    }).send(MAIL);
    expect(server.lines.find((line) => line.startsWith('AUTH'))).toBe(
      `AUTH PLAIN ${Buffer.from(`\0gatehouse\0${PASSWORD}`).toString('base64')}`,
    );
  });

  it.each([
    ['a recipient that is refused', 'RCPT', '550 no such user ben@example.com', 'invalid'],
    ['a mailbox that is busy', 'RCPT', '450 try later', 'unavailable'],
    ['a server that is full', 'MAIL', '452 no space', 'unavailable'],
    ['a text that is refused', '.', '554 looks like spam', 'invalid'],
  ])('tells %s', async (_, command, reply, kind) => {
    await using server = await mailServer((line) => (line.startsWith(command) ? reply : undefined));
    expect(await troubleFrom(senderTo(server.port).send(MAIL))).toMatchObject({
      system: 'notifications',
      object: MAIL.id,
      kind,
    });
  });

  it('tells a wrong password, without showing it', async () => {
    await using server = await mailServer((line) =>
      line.startsWith('AUTH') ? `535 bad credentials ${PASSWORD}` : undefined,
    );
    const sender = senderTo(server.port, {
      login: { user: 'gatehouse', password: async () => new Secret(PASSWORD) },
    });
    expect(await troubleFrom(sender.send(MAIL))).toMatchObject({ kind: 'unauthenticated' });
  });

  it('counts recipients that the server refuses beside others that it takes', async () => {
    await using server = await mailServer((line) =>
      line.includes('gone@') ? '550 no such user' : undefined,
    );
    expect(
      await senderTo(server.port).send({ ...MAIL, to: ['ben@example.com', 'gone@example.com'] }),
    ).toEqual({ accepted: 1, refused: 1 });
  });

  it('says nothing when the server offers no TLS and TLS is wanted', async () => {
    await using server = await mailServer((line) => (line === 'STARTTLS' ? '502 not here' : undefined));
    const sender = senderTo(server.port, {
      security: 'starttls',
      login: { user: 'gatehouse', password: async () => new Secret(PASSWORD) },
    });
    expect(await troubleFrom(sender.send(MAIL))).toMatchObject({ system: 'notifications' });
    expect(server.lines.some((line) => line.startsWith('AUTH') || line.startsWith('MAIL'))).toBe(false);
  });

  it('ends a call when the server falls silent', async () => {
    await using server = await mailServer((line) => (line.startsWith('MAIL') ? null : undefined));
    expect(await troubleFrom(senderTo(server.port, { timeoutMs: 100 }).send(MAIL))).toMatchObject({
      kind: 'unavailable',
      code: 'ETIMEDOUT',
    });
  });

  it('says unavailable when nobody listens', async () => {
    const server = await mailServer(() => undefined);
    const sender = senderTo(server.port);
    await server[Symbol.asyncDispose]();
    expect(await troubleFrom(sender.send(MAIL))).toMatchObject({ kind: 'unavailable' });
  });

  it('hands a cancellation back', async () => {
    const controller = new AbortController();
    const reason = new Error('cancelled');
    await using server = await mailServer((line) => {
      if (!line.startsWith('MAIL')) return undefined;
      controller.abort(reason);
      return null;
    });
    await expect(senderTo(server.port).send(MAIL, controller.signal)).rejects.toBe(reason);
  });

  it.each([
    'ben@example.com\r\nBcc: eve@example.com',
    'Ben <ben@example.com>',
    'a@example.com,b@example.com',
    'group:a@example.com;',
    'ben',
    '',
  ])('refuses the address %j before any connection', async (address) => {
    await using server = await mailServer(() => undefined);
    expect(await troubleFrom(senderTo(server.port).send({ ...MAIL, to: [address] }))).toMatchObject({
      kind: 'invalid',
    });
    expect(server.lines).toHaveLength(0);
  });

  it('keeps line breaks of a subject out of the headers', async () => {
    await using server = await mailServer(() => undefined);
    await senderTo(server.port).send({ ...MAIL, subject: 'Hello\r\nBcc: eve@example.com' });
    expect(server.lines.some((line) => line.startsWith('Bcc'))).toBe(false);
    expect(server.lines.filter((line) => line.startsWith('RCPT'))).toHaveLength(1);
  });

  it('refuses a login without TLS to another machine', () => {
    const login = { user: 'gatehouse', password: async () => new Secret(PASSWORD) };
    expect(() => senderTo(25, { host: 'mail.example.com', login })).toThrow(TypeError);
  });
});
