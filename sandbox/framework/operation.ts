import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Static, TSchema } from 'typebox';
import type { EffectKind } from './event-log.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD';

/** One request as a handler sees it. */
export interface Call {
  readonly request: FastifyRequest;
  /** the how-manieth request of the stand-in */
  readonly index: number;
  /** a path parameter, decoded; empty when the route has none of that name */
  param(name: string): string;
  /** a query parameter; the first one when it is repeated */
  query(name: string): string | undefined;
  header(name: string): string | undefined;
  /** the parsed body, checked; a wrong one is refused in the vendor's way */
  body<T extends TSchema>(schema: T): Static<T>;
  /** changes the state: runs `apply`, logs the effect, and has it on disk before the answer leaves */
  change(effect: EffectKind, object: string, apply: () => void): void;
}

export interface Answer {
  readonly status: number;
  /** JSON body; absent for none */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One operation of the vendor's API. */
export interface Operation {
  /** operation id: of the vendor's spec when the stand-in has one, else verb and noun of our own */
  readonly id: string;
  readonly method: Method;
  /** Fastify path, e.g. `/users/:id` */
  readonly path: string;
  /** needs no credential */
  readonly open?: boolean;
  /** not in the vendor's spec file: requests and answers go unchecked. Say why in a comment. */
  readonly unchecked?: boolean;
  /** path as the spec has it, when cutting off `specBase` is not enough */
  readonly specPath?: (call: Call) => string;
  /** query parameters that the vendor uses although its spec does not have them. Say where they come from. */
  readonly notInSpec?: readonly string[];
  readonly handle: (call: Call) => Answer | Promise<Answer>;
}

/** A route that answers by itself (Git over HTTP, watches, a mounted provider); events, faults and latency still apply. */
export interface RawRoute {
  readonly id: string;
  readonly method: Method | readonly Method[];
  readonly path: string;
  readonly handle: (request: FastifyRequest, reply: FastifyReply) => unknown;
}
