import { mkdirSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { addControlRoutes } from './control-routes.js';
import { type EffectKind, EventLog } from './event-log.js';
import { type Fault, Faults } from './faults.js';
import { Latency } from './latency.js';
import type { Answer, Call, Method, Operation, RawRoute } from './operation.js';
import { Refusal } from './refusal.js';
import type { SpecCheck, Violation } from './spec-check.js';
import { StateStore } from './state-store.js';

/** everything below is control, not the vendor's API */
const CONTROL = '/_sandbox';
/** largest request body; Git commits through the REST API are the largest */
const BODY_LIMIT = 16 * 1024 * 1024;
/** says who called; sent by instrumented processes only */
const CALLER = 'x-sandbox-caller';
const LONGEST_CALLER = 200;
/** an answer cut short, for the fault `malformed` */
const MALFORMED = '{"truncated": [';

export interface StandInOptions<S extends TSchema, T extends TSchema> {
  /** name in events, folder and port file, e.g. `key-vault` */
  readonly system: string;
  /** folder of this stand-in's own; made when missing */
  readonly folder: string;
  readonly state: { readonly schema: S; readonly initial: () => Static<S> };
  /** switches of `POST /_sandbox/settings`; kept with the state */
  readonly settings: { readonly schema: T; readonly defaults: Static<T> };
  readonly spec?: SpecCheck;
  /** what to cut off the front of a request's path to get the spec's path, e.g. `/v1.0` */
  readonly specBase?: string;
  /** the vendor's error body */
  readonly errorBody: (refusal: Refusal) => unknown;
  /** throws a Refusal when the request's credential is not good; not run for `open` operations */
  readonly authenticate?: (call: Call) => void | Promise<void>;
  /** the vendor's answer to a request that its spec forbids; default 400 */
  readonly refuseInvalid?: (problems: readonly string[]) => Refusal;
  readonly tls?: { readonly key: string; readonly cert: string };
}

interface Progress {
  readonly index: number;
  readonly operation: string;
  readonly caller: string | undefined;
  readonly gone: AbortSignal;
  after: readonly Fault[];
  answered: boolean;
}

/** A vendor's system as a real HTTP server, with control routes under `/_sandbox`. Add operations, then `listen`. */
export class StandIn<S extends TSchema, T extends TSchema> {
  readonly system: string;
  readonly app: FastifyInstance;
  readonly violations: Violation[] = [];
  readonly faults = new Faults();
  readonly latency = new Latency();
  readonly events: EventLog;
  readonly #options: StandInOptions<S, T>;
  readonly #store: StateStore<S, T>;
  readonly #operations = new Map<string, string>();
  readonly #progress = new WeakMap<FastifyRequest, Progress>();
  #requests: number;

  constructor(options: StandInOptions<S, T>) {
    this.#options = options;
    this.system = options.system;
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    let lastSeq = () => 0;
    this.#store = StateStore.open(path.join(options.folder, 'state.json'), options, () => lastSeq());
    this.events = new EventLog(
      options.system,
      path.join(options.folder, 'events.jsonl'),
      this.#store.durableSeq,
    );
    lastSeq = () => this.events.lastSeq;
    this.#requests = this.events.lastRequestIndex;
    this.app = Fastify({
      bodyLimit: BODY_LIMIT,
      forceCloseConnections: true,
      routerOptions: { maxParamLength: 2000, ignoreTrailingSlash: false },
      serverFactory: (handler) =>
        options.tls ? https.createServer({ ...options.tls }, handler) : http.createServer(handler),
    });
    this.#addParsers();
    this.#addHooks();
    addControlRoutes(this, CONTROL);
  }

  /** the state; change it only through `change` */
  get state(): Static<S> {
    return this.#store.state;
  }

  get settings(): Static<T> {
    return this.#store.settings;
  }

  /** merges switches into the settings; throws a Refusal (400) for unknown or wrong ones */
  async configure(switches: Readonly<Record<string, unknown>>): Promise<void> {
    const merged: unknown = { ...Object(this.#store.settings), ...switches };
    const { schema } = this.#options.settings;
    if (!Value.Check(schema, merged)) throw new Refusal(400, describeMisfit(schema, merged));
    this.#store.settings = merged;
    this.#store.changed();
    await this.#store.saved();
  }

  /** changes the state outside of a request (time passing, a controller at work) and waits until it is on disk */
  async act(effect: EffectKind, object: string, apply: () => void): Promise<void> {
    this.#change({ method: '', path: '', operation: '', requestIndex: 0 }, effect, object, apply);
    await this.#store.saved();
  }

  /**
   * One request of a protocol that is not HTTP, e.g. a mail by SMTP: events and the faults `hold`, `delay`, `cut` apply.
   * @param gone aborts when the sender hangs up
   * @returns false when a fault cut the connection or the sender is gone: say nothing more
   */
  async exchange(
    call: {
      readonly method: string;
      readonly path: string;
      readonly operation: string;
      readonly caller?: string;
    },
    gone: AbortSignal,
    handle: () => Promise<void>,
  ): Promise<boolean> {
    this.#requests += 1;
    const event = { ...call, requestIndex: this.#requests };
    this.events.add({ ...event, phase: 'request' });
    const faults = this.faults.take({ ...call, url: call.path });
    const spoil = async (when: Fault['when']): Promise<boolean> => {
      for (const fault of faults.filter((candidate) => candidate.when === when)) {
        if (fault.kind === 'cut') return true;
        if (fault.kind === 'delay') await delay(fault.delayMs ?? 0);
        if (fault.kind !== 'hold') continue;
        const { method, path, operation, requestIndex } = event;
        const since = new Date().toISOString();
        await this.faults.hold({ id: fault.id, requestIndex, method, path, operation, when, since }, gone);
      }
      return gone.aborted;
    };
    let silent = await spoil('before');
    if (!silent) {
      await handle();
      silent = await spoil('after');
    }
    this.events.add({ ...event, phase: 'answer', ...(silent ? {} : { status: 250 }) });
    return !silent;
  }

  /** adds an operation of the vendor's API */
  operation(operation: Operation): void {
    this.#operations.set(`${operation.method} ${operation.path}`, operation.id);
    this.app.route({
      method: operation.method,
      url: operation.path,
      handler: async (request, reply) => {
        const answer = await this.#answer(operation, request);
        reply.code(answer.status).headers({ ...answer.headers });
        if (answer.body === undefined) return reply.send();
        return reply.type('application/json; charset=utf-8').send(JSON.stringify(answer.body));
      },
    });
  }

  /** adds a route that answers by itself */
  raw(route: RawRoute): void {
    const methods = typeof route.method === 'string' ? [route.method] : [...route.method];
    for (const method of methods) this.#operations.set(`${method} ${route.path}`, route.id);
    this.app.route({
      method: methods,
      url: route.path,
      handler: async (request, reply) => route.handle(request, reply),
    });
  }

  /** adds a control route of this stand-in's own below `/_sandbox`; answers 200 with what `handle` gives */
  control<C extends TSchema>(
    method: Method,
    route: string,
    schema: C,
    handle: (body: Static<C>) => Promise<unknown>,
  ): void {
    this.app.route({
      method,
      url: `${CONTROL}${route}`,
      handler: async (request, reply) => {
        const body: unknown = request.body ?? {};
        if (!Value.Check(schema, body)) throw new Refusal(400, describeMisfit(schema, body));
        const answer = await handle(body);
        return reply.type('application/json').send(JSON.stringify(answer ?? {}));
      },
    });
  }

  /** starts on 127.0.0.1 (port 0 = a free one); returns the origin */
  async listen(port: number): Promise<string> {
    await this.app.listen({ host: '127.0.0.1', port });
    const address = this.app.server.address();
    if (address === null || typeof address === 'string') throw new Error(`${this.system} has no port`);
    return `${this.#options.tls ? 'https' : 'http'}://127.0.0.1:${address.port}`;
  }

  async close(): Promise<void> {
    this.faults.releaseAll();
    await this.app.close();
    await this.#store.saved();
    this.events.close();
  }

  async #answer(operation: Operation, request: FastifyRequest): Promise<Answer> {
    const call = this.#call(request);
    const spec = operation.unchecked ? undefined : this.#options.spec;
    let problems: readonly string[] = [];
    let answer: Answer;
    try {
      if (!operation.open) await this.#options.authenticate?.(call);
      if (spec) {
        problems = spec.request(operation.id, {
          method: request.method,
          path: operation.specPath?.(call) ?? this.#specPath(request),
          query: without(strings(request.query), operation.notInSpec ?? []),
          headers: strings(request.headers),
          body: request.body ?? undefined,
        });
        if (problems.length > 0) throw this.#refuseInvalid(problems);
      }
      answer = await operation.handle(call);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      answer = { status: error.status, body: this.#options.errorBody(error), headers: error.headers };
    }
    const wrong = spec?.answer(operation.id, answer.status, answer.body) ?? [];
    if (wrong.length > 0) {
      this.violations.push({
        operation: operation.id,
        part: 'answer',
        status: answer.status,
        problems: wrong,
      });
    }
    return answer;
  }

  #refuseInvalid(problems: readonly string[]): Refusal {
    return this.#options.refuseInvalid?.(problems) ?? new Refusal(400, problems.join('; '));
  }

  #specPath(request: FastifyRequest): string {
    const base = this.#options.specBase ?? '';
    const whole = pathOf(request);
    return whole.startsWith(base) ? whole.slice(base.length) : whole;
  }

  #call(request: FastifyRequest): Call {
    const progress = this.#progressOf(request);
    const params = strings(request.params);
    const query = strings(request.query);
    const headers = strings(request.headers);
    return {
      request,
      index: progress.index,
      param: (name) => first(params[name]) ?? '',
      query: (name) => first(query[name]),
      header: (name) => first(headers[name.toLowerCase()]),
      body: (schema) => {
        const body: unknown = request.body ?? {};
        if (!Value.Check(schema, body)) throw this.#refuseInvalid([describeMisfit(schema, body)]);
        return body;
      },
      change: (effect, object, apply) =>
        this.#change(
          {
            method: request.method,
            path: pathOf(request),
            operation: progress.operation,
            requestIndex: progress.index,
            ...(progress.caller === undefined ? {} : { caller: progress.caller }),
          },
          effect,
          object,
          apply,
        ),
    };
  }

  #change(
    cause: { method: string; path: string; operation: string; requestIndex: number; caller?: string },
    effect: EffectKind,
    object: string,
    apply: () => void,
  ): void {
    apply();
    this.events.add({ ...cause, phase: 'effect', effect, object });
    this.#store.changed();
  }

  #progressOf(request: FastifyRequest): Progress {
    const progress = this.#progress.get(request);
    if (!progress)
      throw new Error(`${this.system}: ${request.method} ${request.url} came past the event log`);
    return progress;
  }

  #addParsers(): void {
    this.app.removeAllContentTypeParsers();
    // clients send `content-type: application/json` on DELETE without a body; vendors take that
    this.app.addContentTypeParser(
      /^application\/([\w.-]+\+)?json/,
      { parseAs: 'string' },
      (_request, body, done) => {
        const text = body.toString();
        if (text === '') return done(null, undefined);
        try {
          done(null, JSON.parse(text));
        } catch {
          done(new Refusal(400, 'the body is not JSON'));
        }
      },
    );
    this.app.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string' },
      (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(body.toString()))),
    );
  }

  #addHooks(): void {
    this.app.addHook('onRequest', async (request, reply) => {
      if (isControl(request)) return;
      this.#begin(request, reply);
    });
    this.app.addHook('preHandler', async (request, reply) => {
      if (isControl(request)) return undefined;
      const progress = this.#progressOf(request);
      await delay(this.latency.next());
      const faults = this.faults.take({
        method: request.method,
        url: request.url,
        operation: progress.operation,
        caller: progress.caller,
      });
      progress.after = faults.filter((fault) => fault.when === 'after');
      for (const fault of faults.filter((candidate) => candidate.when === 'before')) {
        const spoilt = await this.#spoil(fault, request, reply, progress);
        if (spoilt === 'cut') return reply.hijack();
        if (spoilt) return reply.code(spoilt.status).headers(spoilt.headers).send(spoilt.payload);
      }
      // a client that hung up while it was held gets no effect
      return progress.gone.aborted ? reply.hijack() : undefined;
    });
    this.app.addHook('onSend', async (request, reply, payload) => {
      if (isControl(request)) return payload;
      const progress = this.#progressOf(request);
      await this.#store.saved();
      let sent: unknown = payload;
      for (const fault of progress.after) {
        const spoilt = await this.#spoil(fault, request, reply, progress);
        if (spoilt === 'cut') break;
        if (!spoilt) continue;
        reply.code(spoilt.status).headers(spoilt.headers).removeHeader('content-length');
        sent = spoilt.payload;
      }
      this.#logAnswer(request, progress, progress.gone.aborted ? undefined : reply.statusCode);
      return sent;
    });
    this.app.setNotFoundHandler(async (request, reply) => {
      const refusal = new Refusal(404, `${request.method} ${pathOf(request)} is not served here`);
      return reply
        .code(404)
        .type('application/json')
        .send(JSON.stringify(this.#options.errorBody(refusal)));
    });
    this.app.setErrorHandler(async (error, request, reply) => {
      const refusal = asRefusal(error);
      if (refusal.status >= 500) {
        this.violations.push({
          operation: this.#operationOf(request),
          part: 'answer',
          status: refusal.status,
          problems: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
        });
      }
      return reply
        .code(refusal.status)
        .headers({ ...refusal.headers })
        .type('application/json')
        .send(JSON.stringify(this.#options.errorBody(refusal)));
    });
  }

  #begin(request: FastifyRequest, reply: FastifyReply): void {
    const gone = new AbortController();
    this.#requests += 1;
    const progress: Progress = {
      index: this.#requests,
      operation: this.#operationOf(request),
      caller: first(strings(request.headers)[CALLER])?.slice(0, LONGEST_CALLER),
      gone: gone.signal,
      after: [],
      answered: false,
    };
    this.#progress.set(request, progress);
    this.events.add({
      method: request.method,
      path: pathOf(request),
      operation: progress.operation,
      phase: 'request',
      requestIndex: progress.index,
      ...(progress.caller === undefined ? {} : { caller: progress.caller }),
    });
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) gone.abort();
      this.#logAnswer(request, progress, reply.raw.writableFinished ? reply.raw.statusCode : undefined);
    });
  }

  #operationOf(request: FastifyRequest): string {
    return this.#operations.get(`${request.method} ${request.routeOptions.url}`) ?? 'unknown';
  }

  #logAnswer(request: FastifyRequest, progress: Progress, status: number | undefined): void {
    if (progress.answered) return;
    progress.answered = true;
    this.events.add({
      method: request.method,
      path: pathOf(request),
      operation: progress.operation,
      phase: 'answer',
      ...(status === undefined ? {} : { status }),
      requestIndex: progress.index,
      ...(progress.caller === undefined ? {} : { caller: progress.caller }),
    });
  }

  /** does what a fault says; null = the request goes on */
  async #spoil(
    fault: Fault,
    request: FastifyRequest,
    reply: FastifyReply,
    progress: Progress,
  ): Promise<'cut' | { status: number; headers: Record<string, string>; payload: string } | null> {
    const json = { 'content-type': 'application/json; charset=utf-8' };
    switch (fault.kind) {
      case 'delay':
        await delay(fault.delayMs ?? 0);
        return null;
      case 'hold':
        await this.faults.hold(
          {
            id: fault.id,
            requestIndex: progress.index,
            method: request.method,
            path: pathOf(request),
            operation: progress.operation,
            when: fault.when,
            since: new Date().toISOString(),
          },
          progress.gone,
        );
        return null;
      case 'cut':
        this.#logAnswer(request, progress, undefined);
        reply.raw.destroy();
        return 'cut';
      case 'malformed':
        return { status: 200, headers: json, payload: MALFORMED };
      case 'status': {
        const status = fault.status ?? 500;
        const { headers, body: sent } = request;
        // the credential first: who quotes only the beginning quotes that
        const said = { authorization: headers.authorization, body: sent, headers };
        const words = fault.echo === true ? JSON.stringify(said) : `made by fault ${fault.id}`;
        const body = fault.body ?? this.#options.errorBody(new Refusal(status, words));
        const payload = typeof body === 'string' ? body : JSON.stringify(body);
        return { status, headers: { ...json, ...fault.headers }, payload };
      }
    }
  }
}

function isControl(request: FastifyRequest): boolean {
  const whole = pathOf(request);
  return whole === CONTROL || whole.startsWith(`${CONTROL}/`);
}

function pathOf(request: FastifyRequest): string {
  const end = request.url.indexOf('?');
  return end < 0 ? request.url : request.url.slice(0, end);
}

function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const status =
    typeof error === 'object' &&
    error !== null &&
    'statusCode' in error &&
    typeof error.statusCode === 'number'
      ? error.statusCode
      : 500;
  return new Refusal(status, error instanceof Error ? error.message : 'internal error');
}

function describeMisfit(schema: TSchema, value: unknown): string {
  const problems = Value.Errors(schema, value).map((error) =>
    `${error.instancePath} ${error.message}`.trim(),
  );
  return problems.join('; ');
}

/** the strings (and lists of strings) of parameters, a query or headers */
function strings(source: unknown): Record<string, string | string[]> {
  const result: Record<string, string | string[]> = {};
  if (typeof source !== 'object' || source === null) return result;
  for (const [name, value] of Object.entries(source)) {
    if (typeof value === 'string') result[name] = value;
    else if (Array.isArray(value)) result[name] = value.filter((item) => typeof item === 'string');
  }
  return result;
}

function without<V>(source: Readonly<Record<string, V>>, names: readonly string[]): Record<string, V> {
  return Object.fromEntries(Object.entries(source).filter(([name]) => !names.includes(name)));
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

async function delay(ms: number): Promise<void> {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}
