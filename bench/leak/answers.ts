/** Asks the API for everything that it shows, good and bad, and keeps every answer with its headers. */
import type { ExampleApi } from '../../sandbox/stack/api-client.js';
import type { GatehouseStack } from '../../sandbox/stack/gatehouse.js';
import type { Sink } from './search.js';

/** A requester, approvers, an operator, an auditor, and somebody who may nothing. */
const PEOPLE = ['ada', 'ben', 'chi', 'olga', 'ivo', 'max1'] as const;
const GATES = ['procurement', 'data-protection'] as const;
/** Streams are read for so long. */
const STREAM_MS = 1_000;

export class Answers {
  readonly #stack: GatehouseStack;
  readonly #api: ExampleApi;
  readonly #kept = new Map<string, string[]>();

  constructor(stack: GatehouseStack, api: ExampleApi) {
    this.#stack = stack;
    this.#api = api;
  }

  /** @param workerMetrics address of a worker's metrics page */
  async collect(requestIds: readonly string[], workerMetrics: string): Promise<void> {
    for (const person of PEOPLE) {
      const token = await this.#api.tokenOf(person);
      const authorization = `Bearer ${token}`;
      for (const path of pathsOf(requestIds)) await this.#ask(path, { headers: { authorization } });
      await this.#ask('/v1/requests', {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ kind: 'Fleet', manifest: 'no: [manifest', unknown: token }),
      });
      await this.#ask('/v1/me', { headers: { authorization: `Bearer ${token.slice(0, -3)}abc` } });
    }
    for (const path of ['/metrics', '/healthz', '/readyz', '/v1/openapi.json', '/v1/me', '/auth/login']) {
      await this.#ask(path, { redirect: 'manual' });
    }
    await this.#ask('/v1/webhooks/tickets', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': 'msg_1',
        'webhook-timestamp': '1',
        'webhook-signature': 'v1,forged',
      },
      body: '{}',
    });
    const page = await fetch(workerMetrics);
    this.keep('metrics of the worker', `${page.status}\n${await page.text()}`);
  }

  sinks(): readonly Sink[] {
    return [...this.#kept].map(([name, texts]) => ({ name, bytes: Buffer.from(texts.join('\n')) }));
  }

  async #ask(path: string, init: RequestInit): Promise<void> {
    const streams = path.endsWith('/events');
    const answer = await fetch(`${this.#stack.apiUrl}${path}`, {
      ...init,
      ...(streams ? { signal: AbortSignal.timeout(STREAM_MS) } : {}),
    }).catch(() => undefined);
    if (answer === undefined) return;
    const headers = [...answer.headers].map(([name, value]) => `${name}: ${value}`);
    const text = await textOf(answer);
    const kind = path.split('?')[0]?.replaceAll(/req-[a-z0-9]+/g, ':id') ?? path;
    this.keep(
      `answer of ${init.method ?? 'GET'} ${kind}`,
      `${answer.status}\n${headers.join('\n')}\n${text}`,
    );
  }

  /** @param name the sink that the text belongs to */
  keep(name: string, text: string): void {
    this.#kept.set(name, [...(this.#kept.get(name) ?? []), text]);
  }
}

function pathsOf(requestIds: readonly string[]): readonly string[] {
  return [
    '/v1/me',
    '/v1/inbox',
    '/v1/requests',
    '/v1/nothing-here',
    ...requestIds.flatMap((id) => [
      `/v1/requests/${id}`,
      ...['plan', 'entries', 'bundle', 'events', 'decisions'].map((part) => `/v1/requests/${id}/${part}`),
      ...GATES.map((gate) => `/v1/requests/${id}/gates/${gate}`),
    ]),
  ];
}

/** What came of a body before it ended or was left. */
async function textOf(answer: Response): Promise<string> {
  const parts: string[] = [];
  const decoder = new TextDecoder();
  try {
    for await (const chunk of answer.body ?? []) parts.push(decoder.decode(chunk, { stream: true }));
  } catch {
    // a stream that we left after its time
  }
  return parts.join('');
}
