/** The API of Gatehouse over HTTP. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { CliError } from '../cli-error.js';
import {
  Applications,
  answerOf,
  Changes,
  CommandAnswer,
  Decision,
  Environments,
  Figures,
  Gate,
  Hold,
  Holds,
  Inbox,
  Me,
  ProblemAnswer,
  Released,
  RequestList,
  Revocation,
  Status,
} from './answers.js';
import { eventsOf } from './event-stream.js';

/** The API ends its own work after 30 s. */
const TIMEOUT_MS = 35_000;
/** Pauses before a call that carries an Idempotency-Key is sent again: it cannot happen twice. */
const RETRY_AFTER_MS = [500, 2_000] as const;

export interface ApiOptions {
  /** `https://gatehouse.example.com`, without a path */
  readonly baseUrl: string;
  /** asked anew for each call; undefined: not signed in */
  readonly token: () => Promise<string | undefined>;
  readonly signal?: AbortSignal;
}

/** The API said no. `status` and `type` are those of the problem (source: RFC 9457). */
export class ApiProblem extends CliError {
  override readonly name = 'ApiProblem';
  readonly status: number;
  readonly type: string;
  /** the request that is in the way */
  readonly requestId: string | undefined;

  constructor(problem: ProblemAnswer) {
    super(inOneSentence(problem), problem.remedy ?? '', problem.faults ?? []);
    this.status = problem.status;
    this.type = problem.type;
    this.requestId = problem.requestId;
  }
}

/** Gatehouse cannot be reached, or something else answers at its address. */
export class ApiUnreachable extends CliError {
  override readonly name = 'ApiUnreachable';
}

/** What is left out of a release is what the environment before runs. */
export interface AskedRelease {
  readonly commit?: string;
  /** digest or tag by repository, or by its last part */
  readonly images?: Readonly<Record<string, string>>;
  /** version by chart */
  readonly charts?: Readonly<Record<string, string>>;
}

interface AskedAlike {
  readonly requestedFor?: string;
  readonly ticket?: string;
  readonly reason?: string;
}

/** The text of a file, or a promotion in the words of the call. */
export type Asked = AskedAlike &
  (
    | { readonly kind: 'Fleet' | 'Promotion'; readonly manifest: string }
    | {
        readonly kind: 'Promotion';
        readonly application: string;
        readonly to: string;
        readonly from?: string;
        readonly release?: AskedRelease;
        readonly exception?: string;
        readonly shadow?: boolean;
      }
  );

export interface AskedHold {
  /** neither: everything */
  readonly scope: { readonly application?: string; readonly environment?: string };
  readonly reason: string;
}

/** Times are ISO 8601; what is left out is not narrowed, the period is the last 30 days. */
export interface PeriodAsked {
  readonly application?: string;
  readonly environment?: string;
  readonly from?: string;
  readonly to?: string;
}

export interface GivenDecision {
  readonly decision: 'approve' | 'reject';
  readonly epoch: number;
  readonly planDigest: string;
  readonly evidence: Readonly<Record<string, string>>;
  readonly comment?: string;
}

export type CommandName = 'pause' | 'resume' | 'cancel' | 'retry' | 'skip' | 'rollback' | 'accept';

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: object;
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
  readonly accept?: string;
}

/** All methods throw CliError; what the API refuses is an ApiProblem. */
/** Which rows of the list of requests; all that are given must hold. */
export interface RequestFilter {
  readonly ticket?: string;
  readonly kind?: string;
  readonly status?: string;
}

export class ApiClient {
  readonly baseUrl: string;
  readonly #options: ApiOptions;

  /** @throws CliError for an address that is not http(s), or one that would send the token in clear over the network */
  constructor(options: ApiOptions) {
    this.baseUrl = safeOrigin(options.baseUrl);
    this.#options = options;
  }

  /** @param idempotencyKey the same key with the same body is the same request */
  async ask(asked: Asked, idempotencyKey: string = randomUUID()): Promise<Status> {
    return this.#json(Status, { method: 'POST', path: '/v1/requests', body: asked, idempotencyKey });
  }

  /** @param filter what the rows must have; newest first */
  async requests(limit: number, filter: RequestFilter = {}): Promise<RequestList> {
    const query = new URLSearchParams({ limit: String(limit), ...filter });
    return this.#json(RequestList, { method: 'GET', path: `/v1/requests?${query}` });
  }

  async status(requestId: string): Promise<Status> {
    return this.#json(Status, { method: 'GET', path: requestPath(requestId) });
  }

  /** The status now and after every change, until the request ends or the stream is closed. */
  async *statusStream(requestId: string, signal: AbortSignal): AsyncGenerator<Status, void, undefined> {
    const path = requestPath(requestId, 'events');
    const response = await this.#send({ method: 'GET', path, signal, accept: 'text/event-stream' });
    if (response.body === null) return;
    for await (const { event, data } of eventsOf(response.body)) {
      if (event === 'end') return;
      if (event === 'status') yield answerOf(Status, parsed(data), path);
    }
  }

  async gate(requestId: string, gate: string): Promise<Gate> {
    return this.#json(Gate, { method: 'GET', path: requestPath(requestId, 'gates', gate) });
  }

  /** Repeating it is harmless: one person decides once. */
  async decide(requestId: string, gate: string, decision: GivenDecision): Promise<Decision> {
    const path = requestPath(requestId, 'gates', gate, 'decisions');
    return this.#json(Decision, { method: 'POST', path, body: decision });
  }

  /**
   * @param targets keys of targets; empty: all that it can apply to
   * @returns the workflow's answer; `isTaken` false: recorded, and told to the workflow until it answers
   */
  async command(
    requestId: string,
    command: CommandName,
    targets: readonly string[],
    commandId: string = randomUUID(),
  ): Promise<CommandAnswer & { readonly isTaken: boolean }> {
    const path = requestPath(requestId, command);
    const body = targets.length === 0 ? {} : { targets };
    const call = {
      method: 'POST',
      path,
      body,
      idempotencyKey: commandId,
      accept: 'application/json',
    } as const;
    const response = await this.#send(call);
    const answer = answerOf(CommandAnswer, parsed(await response.text()), `${call.method} ${path}`);
    return { ...answer, isTaken: response.status !== 202 };
  }

  /** Repeating it is harmless: it is one revocation. */
  async revoke(requestId: string): Promise<Revocation> {
    return this.#json(Revocation, { method: 'POST', path: requestPath(requestId, 'revoke'), body: {} });
  }

  async me(): Promise<Me> {
    return this.#json(Me, { method: 'GET', path: '/v1/me' });
  }

  async inbox(): Promise<Inbox> {
    return this.#json(Inbox, { method: 'GET', path: '/v1/inbox' });
  }

  async applications(): Promise<Applications> {
    return this.#json(Applications, { method: 'GET', path: '/v1/environments' });
  }

  async environments(application: string): Promise<Environments> {
    return this.#json(Environments, {
      method: 'GET',
      path: `/v1/environments/${encodeURIComponent(application)}`,
    });
  }

  async holds(): Promise<Holds> {
    return this.#json(Holds, { method: 'GET', path: '/v1/holds' });
  }

  /** @param idempotencyKey the same key is the same hold */
  async placeHold(body: AskedHold, idempotencyKey: string = randomUUID()): Promise<Hold> {
    return this.#json(Hold, { method: 'POST', path: '/v1/holds', body, idempotencyKey });
  }

  /** Repeating it is harmless. */
  async releaseHold(holdId: string): Promise<Released> {
    const path = `/v1/holds/${encodeURIComponent(holdId)}/release`;
    return this.#json(Released, { method: 'POST', path, body: {} });
  }

  async figures(period: PeriodAsked): Promise<Figures> {
    return this.#json(Figures, { method: 'GET', path: `/v1/figures${queryOf(period)}` });
  }

  async changes(period: PeriodAsked): Promise<Changes> {
    return this.#json(Changes, { method: 'GET', path: `/v1/changes${queryOf(period)}` });
  }

  /** The change log as CSV, exactly as the API sent it. */
  async changesCsv(period: PeriodAsked): Promise<string> {
    const path = `/v1/changes${queryOf(period)}`;
    return (await this.#send({ method: 'GET', path, accept: 'text/csv' })).text();
  }

  /** The evidence bundle, exactly as the API sent it. */
  async bundle(requestId: string): Promise<string> {
    const response = await this.#send({ method: 'GET', path: requestPath(requestId, 'bundle') });
    return response.text();
  }

  async #json<S extends TSchema>(shape: S, call: Call): Promise<Static<S>> {
    const response = await this.#send({ ...call, accept: 'application/json' });
    return answerOf(shape, parsed(await response.text()), `${call.method} ${call.path}`);
  }

  async #send(call: Call): Promise<Response> {
    for (let attempt = 0; ; attempt += 1) {
      const wait = RETRY_AFTER_MS[attempt];
      try {
        const response = await this.#once(call);
        if (response.ok) return response;
        if (response.status !== 503 || call.idempotencyKey === undefined || wait === undefined) {
          throw await problemOf(response);
        }
        await response.body?.cancel();
      } catch (error) {
        if (!(error instanceof ApiUnreachable) || call.idempotencyKey === undefined || wait === undefined) {
          throw error;
        }
      }
      await pause(wait, undefined, { ...(this.#options.signal && { signal: this.#options.signal }) });
    }
  }

  async #once({ method, path, body, idempotencyKey, signal, accept }: Call): Promise<Response> {
    const token = await this.#options.token();
    const ends = [signal ?? AbortSignal.timeout(TIMEOUT_MS), this.#options.signal].filter(
      (end) => end !== undefined,
    );
    try {
      return await fetch(`${this.baseUrl}${path}`, {
        method,
        // a redirect would carry the token to a place that nobody configured
        redirect: 'error',
        signal: AbortSignal.any(ends),
        headers: {
          accept: accept ?? '*/*',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch {
      throw new ApiUnreachable(
        `Gatehouse does not answer at ${this.baseUrl}.`,
        'Check GATEHOUSE_URL, and that the API runs: `gatehouse doctor` tells more.',
      );
    }
  }
}

/** A title that the detail repeats says nothing. */
function inOneSentence({ title, detail }: ProblemAnswer): string {
  return detail.toLowerCase().includes(title.toLowerCase()) ? detail : `${title}: ${detail}`;
}

function requestPath(requestId: string, ...more: readonly string[]): string {
  return ['/v1/requests', ...[requestId, ...more].map(encodeURIComponent)].join('/');
}

function queryOf({ application, environment, from, to }: PeriodAsked): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ application, environment, from, to })) {
    if (value !== undefined) query.set(name, value);
  }
  return query.size === 0 ? '' : `?${query}`;
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}

async function problemOf(response: Response): Promise<CliError> {
  const body = parsed(await response.text());
  if (!Value.Check(ProblemAnswer, body)) {
    return new ApiUnreachable(
      `Something that is not Gatehouse answered ${response.status} at ${response.url}.`,
      'Check GATEHOUSE_URL, and proxies on the way.',
    );
  }
  if (body.status !== 401) return new ApiProblem(body);
  return new ApiProblem({ ...body, remedy: 'Sign in with `gatehouse login`.' });
}

function safeOrigin(text: string): string {
  const remedy = 'Set GATEHOUSE_URL to the address of Gatehouse, e.g. https://gatehouse.example.com.';
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new CliError(`GATEHOUSE_URL is "${text}", which is no address.`, remedy);
  }
  const isLocal = /^(?:127\.0\.0\.1|localhost|\[::1\]|.*\.localhost)$/.test(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal)) {
    throw new CliError(`GATEHOUSE_URL is ${url.origin}: an access token is only sent over https.`, remedy);
  }
  return url.href.replace(/\/+$/, '');
}
