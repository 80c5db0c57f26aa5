/**
 * Takes secrets out of whatever is about to be logged, answered or kept: by the name of the member, by the shape of the
 * text, and by value for secrets that this process holds. The last net, not the first: one wrapper per system drops what
 * client libraries put into their errors (design, law 2).
 */
import { isSecretName, REDACTED, SECRET_SHAPES } from './secret-shapes.js';

/** Shorter values are not remembered: they would hit words of ordinary text. */
const SHORTEST_SECRET = 8;
/** Deeper and wider things are cut: a log line is no place for them, and sockets refer to half of the process. */
const MAX_DEPTH = 8;
const MAX_ITEMS = 200;
const MAX_TEXT = 16_384;

/** Removes secrets from texts and values. One per process; give it every secret that the process reads. */
export class Scrubber {
  /** longest first: a secret that is part of another must not break it up */
  private known: readonly string[] = [];

  /**
   * Remembers a secret by value, in the spellings in which it may turn up: as it is, in base64, in a URL, in JSON. Values
   * under 8 characters are ignored.
   */
  remember(secret: string): void {
    if (secret.length < SHORTEST_SECRET) return;
    const bytes = Buffer.from(secret);
    const spellings = [
      secret,
      bytes.toString('base64'),
      bytes.toString('base64').replace(/=+$/, ''),
      bytes.toString('base64url'),
      bytes.toString('hex'),
      encodeURIComponent(bytes.toString('utf8')),
      JSON.stringify(secret).slice(1, -1),
      // the same inside of text that is itself inside of JSON
      JSON.stringify(JSON.stringify(secret).slice(1, -1)).slice(1, -1),
    ];
    this.known = [...new Set([...this.known, ...spellings])].sort((a, b) => b.length - a.length);
  }

  /** A text without secrets. */
  text(text: string): string {
    let clean = text;
    for (const secret of this.known) clean = clean.replaceAll(secret, REDACTED);
    for (const { shape, instead } of SECRET_SHAPES) clean = clean.replace(shape, instead);
    return clean;
  }

  /**
   * A plain copy of a value without secrets: errors with their causes and own members, maps, sets, headers and URLs become
   * plain data; bytes become their length; functions and cycles a word. Never throws.
   */
  value(value: unknown): unknown {
    return this.copy(value, 0, new Set());
  }

  private copy(value: unknown, depth: number, above: ReadonlySet<object>): unknown {
    if (typeof value === 'string') return cut(this.text(value));
    if (typeof value === 'bigint' || typeof value === 'symbol') return this.text(String(value));
    if (typeof value === 'function') return '[function]';
    if (typeof value !== 'object' || value === null) return value;
    if (above.has(value)) return '[circular]';
    if (depth >= MAX_DEPTH) return '[too deep]';
    try {
      return this.copyObject(value, depth + 1, new Set([...above, value]));
    } catch {
      // getters and proxies may throw anything
      return '[unreadable]';
    }
  }

  private copyObject(value: object, depth: number, above: ReadonlySet<object>): unknown {
    if (value instanceof URL) return this.text(value.href);
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[no date]' : value.toISOString();
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
    if (isSerialisedBuffer(value)) return '[bytes]';
    if (Array.isArray(value) || value instanceof Set) {
      return [...value].slice(0, MAX_ITEMS).map((item: unknown) => this.copy(item, depth, above));
    }
    if (value instanceof Map || value instanceof Headers || value instanceof URLSearchParams) {
      return this.copyMembers([...value.entries()], depth, above);
    }
    const members = Object.entries(value);
    if (value instanceof Error) {
      // not enumerable, and the most likely to hold a token
      members.unshift(['name', value.name], ['message', value.message], ['stack', value.stack]);
      members.push(['cause', value.cause]);
      if (value instanceof AggregateError) members.push(['errors', value.errors]);
    }
    return this.copyMembers(members, depth, above);
  }

  private copyMembers(
    members: readonly (readonly [unknown, unknown])[],
    depth: number,
    above: ReadonlySet<object>,
  ): Record<string, unknown> {
    const copies = members
      .slice(0, MAX_ITEMS)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) => {
        const name = String(key);
        const hidden = isSecretName(name) && holdsText(member);
        return [this.text(name), hidden ? REDACTED : this.copy(member, depth, above)] as const;
      });
    return Object.fromEntries(copies);
  }
}

/** A count or a flag under a secret's name (`tokens: 3`, `password: false`) tells nothing and may stay. */
function holdsText(member: unknown): boolean {
  return typeof member === 'string' || (typeof member === 'object' && member !== null);
}

function isSerialisedBuffer(value: object): boolean {
  return 'type' in value && value.type === 'Buffer' && 'data' in value && Array.isArray(value.data);
}

function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}… [${text.length} characters]`;
}
