import Type, { type Static } from 'typebox';

/** A trouble made on demand (`POST /_sandbox/faults`). */
export const Fault = Type.Object(
  {
    id: Type.String({ minLength: 1 }),
    /**
     * every given part must match; `path` is a regular expression over path and query, `caller` one over the header
     * `x-sandbox-caller`
     */
    match: Type.Object(
      {
        method: Type.Optional(Type.String()),
        path: Type.Optional(Type.String()),
        operation: Type.Optional(Type.String()),
        caller: Type.Optional(Type.String()),
      },
      { additionalProperties: false },
    ),
    /** matching requests to leave alone first */
    skip: Type.Optional(Type.Integer({ minimum: 0 })),
    /** matching requests to spoil, default 1; 0 = all until the fault is removed */
    times: Type.Optional(Type.Integer({ minimum: 0 })),
    /** `after`: the effect has happened and is kept, only the answer is spoilt */
    when: Type.Union([Type.Literal('before'), Type.Literal('after')]),
    kind: Type.Union([
      Type.Literal('status'),
      Type.Literal('cut'),
      Type.Literal('malformed'),
      Type.Literal('hold'),
      Type.Literal('delay'),
    ]),
    /** kind `status`: the answer; without `body` the stand-in's own error shape is used */
    status: Type.Optional(Type.Integer({ minimum: 200, maximum: 599 })),
    headers: Type.Optional(Type.Record(Type.String(), Type.String())),
    body: Type.Optional(Type.Unknown()),
    /** kind `status`: the vendor's error tells the request's own headers and body, as careless servers do */
    echo: Type.Optional(Type.Boolean()),
    /** kind `delay` */
    delayMs: Type.Optional(Type.Number({ minimum: 0 })),
  },
  { additionalProperties: false },
);
export type Fault = Static<typeof Fault>;

/** One request that waits for `POST /_sandbox/release`. */
export interface HeldRequest {
  /** id of the fault that holds it */
  readonly id: string;
  readonly requestIndex: number;
  readonly method: string;
  readonly path: string;
  readonly operation: string;
  readonly when: 'before' | 'after';
  readonly since: string;
}

interface Armed {
  readonly fault: Fault;
  readonly path: RegExp | null;
  readonly caller: RegExp | null;
  seen: number;
}

interface Waiting {
  readonly held: HeldRequest;
  readonly release: () => void;
}

/** The faults and holds of one stand-in. They live in memory: a restarted stand-in is a mended one. */
export class Faults {
  readonly #armed = new Map<string, Armed>();
  readonly #waiting = new Set<Waiting>();

  /** @throws SyntaxError when `match.path` or `match.caller` is no regular expression */
  add(fault: Fault): void {
    const path = fault.match.path === undefined ? null : new RegExp(fault.match.path);
    const caller = fault.match.caller === undefined ? null : new RegExp(fault.match.caller);
    this.#armed.set(fault.id, { fault, path, caller, seen: 0 });
  }

  /** removes one fault, or all; requests held by it go on */
  remove(id?: string): void {
    for (const known of id === undefined ? [...this.#armed.keys()] : [id]) {
      this.#armed.delete(known);
      this.release(known);
    }
  }

  list(): readonly Fault[] {
    return [...this.#armed.values()].map((armed) => armed.fault);
  }

  /** the faults for this request, in the order they were added; counts it as seen */
  take(request: {
    readonly method: string;
    readonly url: string;
    readonly operation: string;
    readonly caller?: string | undefined;
  }): Fault[] {
    const taken: Fault[] = [];
    for (const armed of this.#armed.values()) {
      const { match, skip = 0, times = 1 } = armed.fault;
      if (match.method !== undefined && match.method.toUpperCase() !== request.method) continue;
      if (match.operation !== undefined && match.operation !== request.operation) continue;
      if (armed.path && !armed.path.test(request.url)) continue;
      if (armed.caller && !armed.caller.test(request.caller ?? '')) continue;
      armed.seen += 1;
      if (armed.seen > skip && (times === 0 || armed.seen <= skip + times)) taken.push(armed.fault);
    }
    return taken;
  }

  /** waits until released; `signal` aborts (the client has gone) end the wait too */
  async hold(held: HeldRequest, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const release = () => {
        this.#waiting.delete(waiting);
        signal.removeEventListener('abort', release);
        resolve();
      };
      const waiting: Waiting = { held, release };
      this.#waiting.add(waiting);
      signal.addEventListener('abort', release);
    });
  }

  held(): readonly HeldRequest[] {
    return [...this.#waiting].map((waiting) => waiting.held);
  }

  /** lets the requests of a fault go on, or only one of them; returns how many went */
  release(id: string, requestIndex?: number): number {
    let released = 0;
    for (const waiting of [...this.#waiting]) {
      if (waiting.held.id !== id) continue;
      if (requestIndex !== undefined && waiting.held.requestIndex !== requestIndex) continue;
      waiting.release();
      released += 1;
    }
    return released;
  }

  releaseAll(): void {
    for (const waiting of [...this.#waiting]) waiting.release();
  }
}
