import { createTransport } from 'nodemailer';
import { SystemError, type TroubleKind } from '../../domain/failure.js';
import { DEFAULT_TIMEOUT_MS } from '../http/deadline.js';
import { networkCode } from '../http/network-code.js';
import { type CallSubject, troubleOf } from '../http/trouble.js';
import type { Secret } from '../secret.js';

export interface MailSenderOptions {
  readonly host: string;
  readonly port: number;
  /** `implicit`: TLS from the first byte (465); `starttls`: upgraded before anything is said (587); `none`: a relay nearby */
  readonly security: 'implicit' | 'starttls' | 'none';
  readonly login?: { readonly user: string; readonly password: () => Promise<Secret> };
  /** address of the sender, e.g. `gatehouse@example.com` */
  readonly from: string;
  /** PEM text of the authority that signed the server's certificate */
  readonly ca?: string;
  /** milliseconds for each of connecting, greeting and silence; default 10,000 */
  readonly timeoutMs?: number;
}

export interface Mail {
  /** stays the same when the mail is sent again, so that mailboxes can show it once: letters, digits, `.`, `_`, `-` */
  readonly id: string;
  /** plain addresses; all of them see each other */
  readonly to: readonly [string, ...string[]];
  readonly subject: string;
  /** plain text; no HTML, no attachments, no links that decide anything */
  readonly text: string;
}

/**
 * Sends mail by SMTP, one attempt per call. Addresses are personal data and appear in no error. A mail whose confirmation
 * was lost is sent again: with the same id.
 */
export class MailSender {
  readonly #options: MailSenderOptions;

  /** @throws TypeError when a password would go over the network in clear, or the sender is no address */
  constructor(options: MailSenderOptions) {
    if (options.login !== undefined && options.security === 'none' && !isLoopback(options.host)) {
      throw new TypeError(
        'A mail server with a login needs TLS: set its security to "starttls" or "implicit".',
      );
    }
    if (!isAddress(options.from)) throw new TypeError('The sender of mails must be a plain mail address.');
    this.#options = options;
  }

  /**
   * Sends one mail.
   * @returns how many recipients the server took and refused
   * @throws SystemError kind `invalid` when an address or the id is not plain, or the server refuses all recipients
   */
  async send(
    mail: Mail,
    signal?: AbortSignal,
  ): Promise<{ readonly accepted: number; readonly refused: number }> {
    const subject: CallSubject = { system: 'notifications', operation: 'send mail', object: mail.id };
    signal?.throwIfAborted();
    if (!/^[A-Za-z0-9._-]{1,120}$/.test(mail.id) || !mail.to.every(isAddress)) {
      throw new SystemError(
        troubleOf(subject, 'invalid', 'the id or an address is not plain', {
          remedy: 'Correct the mail address in the directory or the policy.',
        }),
      );
    }
    const transport = await this.#transport(subject);
    const aborted = new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    try {
      const sent = await Promise.race([
        transport.sendMail({
          from: this.#options.from,
          to: [...mail.to],
          subject: mail.subject,
          text: mail.text,
          messageId: `<${mail.id}@${this.#options.from.split('@')[1] ?? 'gatehouse'}>`,
          // keeps holiday notices from answering (RFC 3834)
          headers: { 'Auto-Submitted': 'auto-generated' },
        }),
        aborted,
      ]);
      return { accepted: sent.accepted.length, refused: sent.rejected.length };
    } catch (error) {
      signal?.throwIfAborted();
      throw new SystemError(troubleOfMail(error, subject));
    } finally {
      transport.close();
    }
  }

  async #transport(subject: CallSubject) {
    const { host, port, security, login, ca, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    let password: Secret | undefined;
    try {
      password = await login?.password();
    } catch (error) {
      if (error instanceof SystemError) throw error;
      throw new SystemError(
        troubleOf(subject, 'unauthenticated', 'no password could be had for the mail server'),
      );
    }
    return createTransport({
      host,
      port,
      secure: security === 'implicit',
      requireTLS: security === 'starttls',
      ignoreTLS: security === 'none',
      ...(ca === undefined ? {} : { tls: { ca } }),
      ...(login === undefined || password === undefined
        ? {}
        : { auth: { user: login.user, pass: password.reveal() } }),
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      // a text must never make the library read a file or fetch an address
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }
}

function troubleOfMail(error: unknown, subject: CallSubject) {
  const code = networkCode(error);
  const status = replyCode(error);
  const kind = kindOfMail(code, status);
  const what = [code, status].filter((part) => part !== undefined).join(', ');
  return troubleOf(subject, kind, `the mail could not be sent${what === '' ? '' : ` (${what})`}`, {
    code,
    status,
    ...(kind === 'invalid'
      ? { remedy: 'Check that the mail server may send from this address to these recipients.' }
      : {}),
  });
}

/** SMTP: 4yz may work later, 5yz will not (RFC 5321, section 4.2.1). */
function kindOfMail(code: string | undefined, status: number | undefined): TroubleKind {
  if (code === 'EAUTH' || status === 530 || status === 535) return 'unauthenticated';
  if (status !== undefined) return status >= 500 ? 'invalid' : 'unavailable';
  return code === 'EENVELOPE' || code === 'EMESSAGE' ? 'invalid' : 'unavailable';
}

function replyCode(error: unknown): number | undefined {
  return typeof error === 'object' &&
    error !== null &&
    'responseCode' in error &&
    typeof error.responseCode === 'number'
    ? error.responseCode
    : undefined;
}

/** One plain address: no display name, no list, no line break that could become a header. */
function isAddress(text: string): boolean {
  return text.length <= 254 && /^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\]+$/.test(text);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}
