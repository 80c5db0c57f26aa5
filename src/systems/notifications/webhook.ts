import { Webhook } from 'standardwebhooks';
import { SystemError } from '../../domain/failure.js';
import { DEFAULT_TIMEOUT_MS, deadline } from '../http/deadline.js';
import { networkCode } from '../http/network-code.js';
import { retryAfterMs } from '../http/retry-after.js';
import { type CallSubject, kindOfStatus, troubleOf } from '../http/trouble.js';
import type { Secret } from '../secret.js';

export interface WebhookEndpoint {
  /** where to post; https, or http to this machine */
  readonly url: string;
  /** shared secret, `whsec_` and base64 of 24 to 64 bytes */
  readonly secret: () => Promise<Secret>;
}

export interface WebhookSenderOptions {
  /** the receivers by the name that a policy uses; there are no others, so no request can name an address */
  readonly endpoints: Readonly<Record<string, WebhookEndpoint>>;
  /** milliseconds for one call; default 10,000 */
  readonly timeoutMs?: number;
  /** milliseconds since 1970; tests give their own */
  readonly now?: () => number;
}

export interface WebhookEvent {
  /** stays the same when the event is sent again: receivers drop what they have seen */
  readonly id: string;
  /** what happened, e.g. `request.ended` */
  readonly type: string;
  /** ISO 8601, when it happened */
  readonly timestamp: string;
  /** plain JSON */
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * Posts signed events to ticket systems and chats by the Standard Webhooks convention (headers `webhook-id`,
 * `webhook-timestamp`, `webhook-signature`). One attempt per call, no redirects, configured receivers only.
 */
export class WebhookSender {
  readonly #endpoints: ReadonlyMap<string, { readonly url: URL; readonly secret: () => Promise<Secret> }>;
  readonly #timeoutMs: number;
  readonly #now: () => number;

  /** @throws TypeError when an address is not https (or http to this machine), or holds a user or password */
  constructor(options: WebhookSenderOptions) {
    this.#endpoints = new Map(
      Object.entries(options.endpoints).map(([name, endpoint]) => [
        name,
        { url: addressOf(name, endpoint.url), secret: endpoint.secret },
      ]),
    );
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#now = options.now ?? Date.now;
  }

  /**
   * Posts one event; any 2xx means that the receiver has it.
   * @throws SystemError kind `not-found` when no receiver has this name
   */
  async send(receiver: string, event: WebhookEvent, signal?: AbortSignal): Promise<void> {
    const subject: CallSubject = { system: 'notifications', operation: 'post webhook', object: receiver };
    signal?.throwIfAborted();
    const endpoint = this.#endpoints.get(receiver);
    if (endpoint === undefined) {
      throw new SystemError(
        troubleOf(subject, 'not-found', 'no receiver of this name is configured', {
          remedy: 'Add it to the configuration of the worker, or correct its name in the policy.',
        }),
      );
    }
    if (!/^[\x21-\x2d\x2f-\x7e]{1,200}$/.test(event.id)) {
      throw new SystemError(troubleOf(subject, 'invalid', 'an event id has no dots, spaces or line breaks'));
    }
    const body = JSON.stringify({ type: event.type, timestamp: event.timestamp, data: event.data });
    const headers = await this.#signed(endpoint.secret, event.id, body, subject);
    await this.#post(endpoint.url, headers, body, subject, signal);
  }

  async #signed(secret: () => Promise<Secret>, id: string, body: string, subject: CallSubject) {
    const seconds = Math.floor(this.#now() / 1000);
    try {
      const webhook = new Webhook((await secret()).reveal());
      return {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(seconds),
        'webhook-signature': webhook.sign(id, new Date(seconds * 1000), body),
      };
    } catch (error) {
      if (error instanceof SystemError) throw error;
      throw new SystemError(
        troubleOf(
          subject,
          'unauthenticated',
          'the shared secret cannot be had or is not of the form whsec_<base64>',
        ),
      );
    }
  }

  async #post(
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: string,
    subject: CallSubject,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const time = deadline(this.#timeoutMs, signal);
    let response: Response;
    try {
      response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal: time.signal });
      // what a receiver says is of no use here, and may be long
      await response.body?.cancel();
    } catch (error) {
      signal?.throwIfAborted();
      const code = time.timedOut() ? 'TIMEOUT' : networkCode(error);
      throw new SystemError(
        troubleOf(subject, 'unavailable', `no answer${code === undefined ? '' : ` (${code})`}`, { code }),
      );
    }
    const { status } = response;
    if (status >= 200 && status < 300) return;
    const waitMs = retryAfterMs((name) => response.headers.get(name), this.#now());
    if (status >= 300 && status < 400) {
      throw new SystemError(
        troubleOf(subject, 'invalid', `answered ${status}, a redirect, which is not followed`, {
          status,
          remedy: 'Configure the address that answers itself.',
        }),
      );
    }
    throw new SystemError(
      troubleOf(subject, kindOfStatus(status, waitMs), `answered ${status}`, {
        status,
        retryAfterMs: waitMs,
        ...(status === 410
          ? { remedy: 'The receiver wants no more events: remove it from the configuration.' }
          : {}),
      }),
    );
  }
}

function addressOf(name: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const local = url?.protocol === 'http:' && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (
    url === undefined ||
    (url.protocol !== 'https:' && !local) ||
    url.username !== '' ||
    url.password !== ''
  ) {
    throw new TypeError(
      `The address of the webhook receiver "${name}" must be https, without user and password.`,
    );
  }
  return url;
}
