import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ControlClient } from '../../../sandbox/framework/control-client.js';
import type { RunningStandIn } from '../../../sandbox/framework/running.js';
import { SmtpSession } from '../../../sandbox/mail/smtp-session.js';
import { startMail } from '../../../sandbox/mail/stand-in.js';
import { makeWorld } from '../../../sandbox/world.js';

let folder: string;
let mail: RunningStandIn;

const start = () =>
  startMail({ world: makeWorld({ clusters: 1 }), folder, port: 0, originOf: () => undefined });
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mail-stand-in-'));
  mail = await start();
});
afterAll(async () => {
  await mail.close();
  await rm(folder, { recursive: true, force: true });
});

function send(to: string, subject: string, text: string, html?: string): Promise<unknown> {
  const transport = createTransport(mail.extra?.mailSmtp ?? '');
  return transport.sendMail({
    from: 'gatehouse@example.com',
    to,
    subject,
    text,
    ...(html === undefined ? {} : { html }),
  });
}

async function kept(): Promise<{ to: string[]; subject: string; text: string }[]> {
  const answer = await fetch(`${mail.origin}/_sandbox/mails`);
  return JSON.parse(await answer.text());
}

describe('the mail catcher', () => {
  it('keeps what a real client sends, umlauts, dots and parts included', async () => {
    await send('dora@example.com', 'Jäger-Müller wartet', 'Grüße\n.one dot\n..two dots\nend');
    await send('ben@example.com', 'Two parts', 'Plain — text', '<p>Rich</p>');
    const [first, second] = await kept();
    expect(first).toMatchObject({
      to: ['dora@example.com'],
      subject: 'Jäger-Müller wartet',
      text: 'Grüße\n.one dot\n..two dots\nend',
    });
    expect(second).toMatchObject({ subject: 'Two parts', text: 'Plain — text' });
  });

  it('refuses recipients for good or for now, and can be down', async () => {
    const control = new ControlClient(mail.origin);
    const before = (await kept()).length;
    await control.settings({ unknown: ['nobody@example.com'] });
    await expect(send('nobody@example.com', 'x', 'x')).rejects.toThrow('550');
    await control.settings({ busy: true });
    await expect(send('ben@example.com', 'x', 'x')).rejects.toThrow('451');
    await control.settings({ busy: false, down: true });
    await expect(send('ben@example.com', 'x', 'x')).rejects.toThrow();
    await control.settings({ down: false, unknown: [] });
    expect(await kept()).toHaveLength(before);
  });

  it('keeps mails and port over a restart', async () => {
    const before = { mails: await kept(), smtp: mail.extra?.mailSmtp };
    await mail.close();
    mail = await start();
    expect(mail.extra?.mailSmtp).toBe(before.smtp);
    expect(await kept()).toEqual(before.mails);
  });

  it('answers commands out of order with 503', () => {
    const session = new SmtpSession(() => null);
    expect(session.line('MAIL FROM:<a@example.com>')).toMatchObject({ text: expect.stringContaining('503') });
    expect(session.line('EHLO x')).toMatchObject({ text: expect.stringContaining('250') });
    expect(session.line('DATA')).toMatchObject({ text: expect.stringContaining('503') });
    expect(session.line('MAIL FROM:nobody')).toMatchObject({ text: expect.stringContaining('501') });
    expect(session.line('WHAT')).toMatchObject({ text: expect.stringContaining('502') });
  });
});
