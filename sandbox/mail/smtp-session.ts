/** The talk of one SMTP connection, without sockets: lines in, replies out (RFC 5321, as far as a sender needs it). */

export interface Envelope {
  readonly from: string;
  readonly to: readonly string[];
}

export type SmtpStep =
  | { readonly kind: 'reply'; readonly text: string }
  /** the message is whole; reply when it is kept */
  | { readonly kind: 'message'; readonly envelope: Envelope; readonly data: string }
  | { readonly kind: 'close'; readonly text: string }
  /** nothing to say yet */
  | { readonly kind: 'wait' };

/** Decides whether a recipient is taken; a text is the refusal that the sender gets. */
export type RecipientCheck = (address: string) => string | null;

const MAX_LINES = 100_000;

export class SmtpSession {
  readonly #checkRecipient: RecipientCheck;
  #greeted = false;
  #from: string | null = null;
  #to: string[] = [];
  #data: string[] | null = null;

  constructor(checkRecipient: RecipientCheck) {
    this.#checkRecipient = checkRecipient;
  }

  /** One line without its end. */
  line(line: string): SmtpStep {
    if (this.#data !== null) return this.#dataLine(line, this.#data);
    const [, verb = '', rest = ''] = /^([A-Za-z]+)(?: (.*))?$/.exec(line) ?? [];
    switch (verb.toUpperCase()) {
      case 'EHLO':
        this.#greeted = true;
        return reply('250-mail.example.com\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 10485760');
      case 'HELO':
        this.#greeted = true;
        return reply('250 mail.example.com');
      case 'MAIL':
        return this.#mail(rest);
      case 'RCPT':
        return this.#recipient(rest);
      case 'DATA':
        if (this.#from === null || this.#to.length === 0) return reply('503 5.5.1 Bad sequence of commands');
        this.#data = [];
        return reply('354 End data with <CR><LF>.<CR><LF>');
      case 'RSET':
        this.#reset();
        return reply('250 2.0.0 Ok');
      case 'NOOP':
        return reply('250 2.0.0 Ok');
      case 'QUIT':
        return { kind: 'close', text: '221 2.0.0 Bye' };
      default:
        return reply('502 5.5.2 Command not recognized');
    }
  }

  #mail(rest: string): SmtpStep {
    const from = /^FROM:\s*<([^<>]*)>/i.exec(rest)?.[1];
    if (!this.#greeted) return reply('503 5.5.1 Send EHLO first');
    if (from === undefined) return reply('501 5.5.4 Syntax: MAIL FROM:<address>');
    this.#reset();
    this.#from = from;
    return reply('250 2.1.0 Ok');
  }

  #recipient(rest: string): SmtpStep {
    const to = /^TO:\s*<([^<>\s]+@[^<>\s]+)>/i.exec(rest)?.[1];
    if (this.#from === null) return reply('503 5.5.1 Need MAIL command');
    if (to === undefined) return reply('501 5.1.3 Bad recipient address syntax');
    const refusal = this.#checkRecipient(to);
    if (refusal !== null) return reply(refusal);
    this.#to.push(to);
    return reply('250 2.1.5 Ok');
  }

  #dataLine(line: string, data: string[]): SmtpStep {
    if (line === '.') {
      const message: SmtpStep = {
        kind: 'message',
        envelope: { from: this.#from ?? '', to: this.#to },
        data: data.join('\r\n'),
      };
      this.#reset();
      return message;
    }
    // a leading dot was doubled by the sender
    if (data.length < MAX_LINES) data.push(line.startsWith('.') ? line.slice(1) : line);
    return { kind: 'wait' };
  }

  #reset(): void {
    this.#from = null;
    this.#to = [];
    this.#data = null;
  }
}

function reply(text: string): SmtpStep {
  return { kind: 'reply', text };
}
