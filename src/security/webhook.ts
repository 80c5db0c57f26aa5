/** Standard Webhooks: signed calls from ticketing systems and to them (source: the Standard Webhooks specification, 1.0). */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** Largest difference between the sender's clock and ours, in seconds, as the specification proposes. */
export const WEBHOOK_TOLERANCE_SECONDS = 300;
/** The specification asks for 24 to 64 bytes. */
const MIN_SECRET_BYTES = 24;
const MAX_SECRET_BYTES = 64;
/** A sender that rotates sends two signatures; more than a few are an attack on our time. */
const MAX_SIGNATURES = 10;

export type WebhookRefusal = 'missing-header' | 'malformed' | 'too-old' | 'too-new' | 'wrong-signature';

/** A webhook was refused, or a secret cannot be used. Holds neither secret nor signature. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError';
  readonly reason: WebhookRefusal | 'secret';

  constructor(reason: WebhookRefusal | 'secret', message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The three headers of the specification. */
export interface WebhookHeaders {
  readonly 'webhook-id': string;
  /** seconds since the epoch */
  readonly 'webhook-timestamp': string;
  readonly 'webhook-signature': string;
}

/** A webhook whose signature is right. Remember `id` for at least twice the tolerance: repeating it is the caller's to refuse. */
export interface VerifiedWebhook {
  readonly id: string;
  readonly sentAt: Date;
}

/**
 * Signs a webhook.
 *
 * @param secrets `whsec_` and base64; the current one first, others while the receiver rotates
 * @param id unique per event and the same on every attempt to deliver it; no dots
 * @param body the exact bytes that are sent
 * @throws WebhookError `secret` or `malformed`
 */
export function signWebhook(
  secrets: readonly string[],
  id: string,
  sentAt: Date,
  body: string | Uint8Array,
): WebhookHeaders {
  if (!isId(id))
    throw new WebhookError('malformed', 'A webhook id has 1 to 200 visible ASCII characters and no dot.');
  const timestamp = String(Math.floor(sentAt.getTime() / 1000));
  const signatures = keysOf(secrets).map((key) => `v1,${macOf(key, id, timestamp, body).toString('base64')}`);
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}

/**
 * Verifies a webhook before its body is parsed.
 *
 * @param secrets all secrets that are valid now: two while a sender rotates
 * @param headers as they came, names in lower case
 * @param body the exact bytes that came
 * @throws WebhookError with the reason
 */
export function verifyWebhook(
  secrets: readonly string[],
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  body: string | Uint8Array,
  now: Date,
): VerifiedWebhook {
  const keys = keysOf(secrets);
  const id = headerOf(headers, 'webhook-id');
  const timestamp = headerOf(headers, 'webhook-timestamp');
  const signatures = headerOf(headers, 'webhook-signature').split(' ');
  if (!isId(id) || !/^\d{1,12}$/.test(timestamp) || signatures.length > MAX_SIGNATURES) {
    throw new WebhookError('malformed', 'The webhook headers are not of their shape.');
  }
  const age = Math.floor(now.getTime() / 1000) - Number(timestamp);
  if (age > WEBHOOK_TOLERANCE_SECONDS) {
    throw new WebhookError(
      'too-old',
      'The webhook is too old. Sign it when it is sent, and check the clocks.',
    );
  }
  if (age < -WEBHOOK_TOLERANCE_SECONDS) {
    throw new WebhookError('too-new', 'The webhook is from the future. Check the clocks.');
  }
  const given = signatures
    .filter((signature) => signature.startsWith('v1,'))
    .map((signature) => Buffer.from(signature.slice(3), 'base64'));
  const right = keys.some((key) => {
    const mac = macOf(key, id, timestamp, body);
    return given.some((signature) => signature.length === mac.length && timingSafeEqual(signature, mac));
  });
  if (!right)
    throw new WebhookError('wrong-signature', 'The webhook is not signed with a secret known here.');
  return { id, sentAt: new Date(Number(timestamp) * 1000) };
}

function macOf(key: Buffer, id: string, timestamp: string, body: string | Uint8Array): Buffer {
  return createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
}

function keysOf(secrets: readonly string[]): readonly Buffer[] {
  // no secret must never mean that any signature is right, nor that none is asked for
  if (secrets.length === 0) throw new WebhookError('secret', 'No webhook secret is configured.');
  return secrets.map((secret) => {
    const key = /^whsec_[A-Za-z0-9+/]+={0,2}$/.test(secret)
      ? Buffer.from(secret.slice('whsec_'.length), 'base64')
      : Buffer.alloc(0);
    if (key.length < MIN_SECRET_BYTES || key.length > MAX_SECRET_BYTES) {
      throw new WebhookError(
        'secret',
        'A webhook secret is whsec_ and 24 to 64 bytes in base64. Make a new one.',
      );
    }
    return key;
  });
}

function headerOf(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  name: keyof WebhookHeaders,
): string {
  const value = headers[name];
  if (typeof value !== 'string' || value === '') {
    throw new WebhookError('missing-header', `The webhook needs exactly one header ${name}.`);
  }
  return value;
}

/** No dot: it separates id, time and body in what is signed. */
function isId(id: string): boolean {
  return /^[\x21-\x2d\x2f-\x7e]{1,200}$/.test(id);
}
