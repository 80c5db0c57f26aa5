import { type Spelling, spellingsOf } from './spellings.js';

/** A secret that must stand nowhere but where it belongs. */
export interface Canary {
  /** what it is, never its value */
  readonly name: string;
  readonly value: string;
  /** sinks in which it may stand by design: those whose name begins with this */
  readonly allowedIn?: string;
}

/** Bytes of a place that must hold no secret. */
export interface Sink {
  readonly name: string;
  readonly bytes: Buffer;
}

export interface Leak {
  readonly canary: string;
  readonly sink: string;
  readonly spelling: Spelling;
  /** position of the first occurrence, in bytes */
  readonly at: number;
}

/** Three parts of base64url, the first two JSON objects. */
const TOKEN = /eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}/g;

interface Needle {
  readonly canary: Canary;
  readonly spelling: Spelling;
  readonly bytes: Buffer;
}

/** Needles are found by their first three bytes, so that one pass over a sink is enough for all of them. */
const KEY_BYTES = 3;

export class LeakSearch {
  readonly #heads = new Uint8Array(2 ** (8 * KEY_BYTES));
  readonly #needles = new Map<number, Needle[]>();
  readonly #allowed = new Map<Canary, string>();

  constructor(canaries: readonly Canary[]) {
    for (const canary of canaries) {
      if (canary.allowedIn !== undefined) this.#allowed.set(canary, canary.allowedIn);
      for (const { spelling, text } of spellingsOf(canary.value))
        this.#add({ canary, spelling, bytes: Buffer.from(text) });
    }
  }

  /** Each canary at most once per sink and spelling. */
  find({ name, bytes }: Sink): readonly Leak[] {
    const found = new Map<string, Leak>();
    for (let at = 0; at + KEY_BYTES <= bytes.length; at += 1) {
      const head = headAt(bytes, at);
      if (this.#heads[head] === 0) continue;
      for (const { canary, spelling, bytes: needle } of this.#needles.get(head) ?? []) {
        const key = `${canary.name} ${spelling}`;
        if (found.has(key) || this.#isAllowed(canary, name)) continue;
        if (bytes.compare(needle, 0, needle.length, at, Math.min(at + needle.length, bytes.length)) !== 0)
          continue;
        found.set(key, { canary: canary.name, sink: name, spelling, at });
      }
    }
    return [...found.values()];
  }

  #isAllowed(canary: Canary, sink: string): boolean {
    const allowed = this.#allowed.get(canary);
    return allowed !== undefined && sink.startsWith(allowed);
  }

  #add(needle: Needle): void {
    const head = headAt(needle.bytes, 0);
    this.#heads[head] = 1;
    this.#needles.set(head, [...(this.#needles.get(head) ?? []), needle]);
  }
}

/**
 * Access tokens are made by the dozen and known by nobody else, so they are found by their shape: a JSON Web Token whose
 * issuer is one of those that sign people or programs in. Gatehouse's own signed decisions have another issuer, or none.
 * @param issuers beginnings of `iss`
 */
export function findTokens({ name, bytes }: Sink, issuers: readonly string[]): readonly Leak[] {
  return [...bytes.toString('latin1').matchAll(TOKEN)].flatMap((match): readonly Leak[] => {
    const claims = Buffer.from(match[0].split('.')[1] ?? '', 'base64url').toString();
    const issuer = issuers.find((one) => claims.includes(`"iss":"${one}`));
    return issuer === undefined
      ? []
      : [{ canary: `access token of ${issuer}`, sink: name, spelling: 'raw', at: match.index }];
  });
}

function headAt(bytes: Buffer, at: number): number {
  return ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
}
