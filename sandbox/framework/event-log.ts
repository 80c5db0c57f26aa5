import { closeSync, existsSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';

/** What happened at a stand-in; tests count real objects and find kill points from it. */
export const SandboxEvent = Type.Object({
  /** 1, 2, 3 … per stand-in, also across restarts */
  seq: Type.Integer(),
  /** ISO time */
  at: Type.String(),
  system: Type.String(),
  /** HTTP method, empty for effects outside of a request */
  method: Type.String(),
  /** path without the query */
  path: Type.String(),
  operation: Type.String(),
  /** `effect`: the state changed; `answer` without a status: the connection ended without one */
  phase: Type.Union([Type.Literal('request'), Type.Literal('effect'), Type.Literal('answer')]),
  status: Type.Optional(Type.Integer()),
  effect: Type.Optional(
    Type.Union([Type.Literal('created'), Type.Literal('changed'), Type.Literal('deleted')]),
  ),
  /** kind and natural key of the changed object, e.g. `organization harbour-01-dev` */
  object: Type.Optional(Type.String()),
  /** the how-manieth request of the stand-in, also across restarts, 1-based; 0 for effects outside of a request */
  requestIndex: Type.Integer(),
  /** who called, as the header `x-sandbox-caller` says: only instrumented processes send it */
  caller: Type.Optional(Type.String()),
});
export type SandboxEvent = Static<typeof SandboxEvent>;
export type EffectKind = NonNullable<SandboxEvent['effect']>;

/**
 * The log in memory, appended line by line to a file (JSON lines). Lines are written at once: a killed process loses
 * none that it reported.
 */
export class EventLog {
  readonly #system: string;
  readonly #events: SandboxEvent[];
  readonly #descriptor: number;
  #closed = false;

  /**
   * @param durableSeq number of the last event that the kept state knows of. Effects after it were never answered and
   * are gone with the process that died, so they leave the log too.
   */
  constructor(system: string, file: string, durableSeq: number) {
    this.#system = system;
    const kept = readEvents(file);
    this.#events = kept.filter((event) => event.phase !== 'effect' || event.seq <= durableSeq);
    if (this.#events.length < kept.length) {
      writeFileSync(`${file}.new`, this.#events.map((event) => `${JSON.stringify(event)}\n`).join(''));
      renameSync(`${file}.new`, file);
    }
    this.#descriptor = openSync(file, 'a', 0o600);
  }

  /** number of the newest event, 0 when there is none */
  get lastSeq(): number {
    return this.#events.at(-1)?.seq ?? 0;
  }

  /** number of the newest request, 0 when there was none */
  get lastRequestIndex(): number {
    return this.#events.reduce((most, event) => Math.max(most, event.requestIndex), 0);
  }

  add(event: Omit<SandboxEvent, 'seq' | 'at' | 'system'>): SandboxEvent {
    const whole: SandboxEvent = {
      seq: this.lastSeq + 1,
      at: new Date().toISOString(),
      system: this.#system,
      ...event,
    };
    this.#events.push(whole);
    if (!this.#closed) writeSync(this.#descriptor, `${JSON.stringify(whole)}\n`);
    return whole;
  }

  /** events with a number greater than `seq`, oldest first */
  after(seq: number): readonly SandboxEvent[] {
    return this.#events.filter((event) => event.seq > seq);
  }

  /** Connections that end with the server report after this; their events stay in memory only. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#descriptor);
  }
}

function readEvents(file: string): SandboxEvent[] {
  if (!existsSync(file)) return [];
  const events: SandboxEvent[] = [];
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    // a half-written last line is what a killed process leaves
    const event = parseLine(line);
    if (event) events.push(event);
  }
  return events;
}

function parseLine(line: string): SandboxEvent | null {
  try {
    const value: unknown = JSON.parse(line);
    return Value.Check(SandboxEvent, value) ? value : null;
  } catch {
    return null;
  }
}
