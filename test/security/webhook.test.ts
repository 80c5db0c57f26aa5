import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { generateWebhookSecret } from '../../src/security/key-generation.js';
import { signWebhook, verifyWebhook, WebhookError } from '../../src/security/webhook.js';

const secret = generateWebhookSecret();
const next = generateWebhookSecret();
const now = new Date('2026-09-01T10:00:00Z');
const at = (seconds: number) => new Date(now.getTime() + seconds * 1000);
const body = '{"ticket":"CHG0042","text":"Grüße"}';
const headers = { ...signWebhook([secret], 'msg_1', now, body) };

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof WebhookError) {
      expect(error.message).not.toContain(secret);
      return error.reason;
    }
    throw error;
  }
  return 'accepted';
}
const verifying = (
  changed: Record<string, string | string[] | undefined>,
  content: string | Uint8Array = body,
  secrets = [secret],
) => refusal(() => verifyWebhook(secrets, { ...headers, ...changed }, content, now));

describe('webhooks', () => {
  it('are accepted with their signature, as text and as bytes', () => {
    expect(verifyWebhook([secret], headers, body, now)).toEqual({ id: 'msg_1', sentAt: now });
    expect(verifyWebhook([secret], headers, Buffer.from(body), now)).toEqual({ id: 'msg_1', sentAt: now });
  });

  it('agree with the reference implementation, both ways', () => {
    const reference = new Webhook(secret);
    const today = new Date();
    expect(reference.verify(body, { ...signWebhook([secret], 'msg_2', today, body) })).toEqual(
      JSON.parse(body),
    );
    const theirs = {
      'webhook-id': 'msg_3',
      'webhook-timestamp': String(Math.floor(today.getTime() / 1000)),
      'webhook-signature': reference.sign('msg_3', today, body),
    };
    expect(verifyWebhook([secret], theirs, body, today).id).toBe('msg_3');
  });

  it('are accepted while either side rotates', () => {
    expect(verifying({}, body, [next, secret])).toBe('accepted');
    const both = signWebhook([next, secret], 'msg_1', now, body);
    expect(refusal(() => verifyWebhook([secret], { ...both }, body, now))).toBe('accepted');
    expect(refusal(() => verifyWebhook([next], { ...both }, body, now))).toBe('accepted');
  });

  it('are refused with another secret, body, id or time', () => {
    expect(verifying({}, body, [next])).toBe('wrong-signature');
    expect(verifying({}, body.replace('42', '43'))).toBe('wrong-signature');
    expect(verifying({ 'webhook-id': 'msg_9' })).toBe('wrong-signature');
    expect(verifying({ 'webhook-timestamp': String(now.getTime() / 1000 + 1) })).toBe('wrong-signature');
  });

  it('are refused when the bytes differ and only look the same as text', () => {
    const broken = Buffer.from([0x22, 0xff, 0x22]);
    const signed = signWebhook([secret], 'msg_1', now, broken);
    expect(refusal(() => verifyWebhook([secret], { ...signed }, broken, now))).toBe('accepted');
    expect(refusal(() => verifyWebhook([secret], { ...signed }, broken.toString(), now))).toBe(
      'wrong-signature',
    );
  });

  it('are refused 5 minutes before and after their time', () => {
    const verifyAt = (when: Date) => refusal(() => verifyWebhook([secret], headers, body, when));
    expect([verifyAt(at(300)), verifyAt(at(301))]).toEqual(['accepted', 'too-old']);
    expect([verifyAt(at(-300)), verifyAt(at(-301))]).toEqual(['accepted', 'too-new']);
  });

  it.each([
    ['no signature', { 'webhook-signature': undefined }, 'missing-header'],
    ['an empty signature', { 'webhook-signature': '' }, 'missing-header'],
    ['two ids', { 'webhook-id': ['msg_1', 'msg_2'] }, 'missing-header'],
    ['no time', { 'webhook-timestamp': undefined }, 'missing-header'],
    ['a time with a tail', { 'webhook-timestamp': `${headers['webhook-timestamp']}abc` }, 'malformed'],
    ['an id with a dot', { 'webhook-id': 'msg.1' }, 'malformed'],
    ['many signatures', { 'webhook-signature': 'v1,AAAA '.repeat(50).trim() }, 'malformed'],
    [
      'another version',
      { 'webhook-signature': headers['webhook-signature'].replace('v1,', 'v1a,') },
      'wrong-signature',
    ],
    [
      'half a signature',
      { 'webhook-signature': headers['webhook-signature'].slice(0, 20) },
      'wrong-signature',
    ],
    ['an empty version 1', { 'webhook-signature': 'v1,' }, 'wrong-signature'],
  ])('are refused with %s', (_name, changed, reason) => {
    expect(verifying(changed)).toBe(reason);
  });

  it.each([[[]], [['']], [['whsec_']], [['whsec_c2hvcnQ=']], [['a-password-of-many-letters-and-more']]])(
    'are neither signed nor verified with the secrets %j',
    (secrets) => {
      expect(verifying({}, body, secrets)).toBe('secret');
      expect(refusal(() => signWebhook(secrets, 'msg_1', now, body))).toBe('secret');
    },
  );

  it('cannot be signed so that the borders of id and time move', () => {
    expect(refusal(() => signWebhook([secret], 'msg.1', now, body))).toBe('malformed');
  });
});
