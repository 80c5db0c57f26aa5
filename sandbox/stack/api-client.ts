/** Calls Gatehouse's API as people of the example world do, by the same routes as everybody else. */
import type { RequestStatus } from '../../src/domain/status/shapes.js';
import { personOf, type World } from '../world.js';

/** How long a state of a request is waited for on a busy machine, in milliseconds. */
const PATIENCE_MS = 120_000;

/** The API refused a call. */
export class ApiRefused extends Error {
  override readonly name = 'ApiRefused';
  readonly status: number;
  readonly problem: unknown;

  constructor(call: string, status: number, problem: unknown) {
    super(`${call}: ${status} ${JSON.stringify(problem)}`);
    this.status = status;
    this.problem = problem;
  }
}

export interface ShownGate {
  readonly epoch: number;
  readonly planDigest: string;
}

export class ExampleApi {
  private readonly apiUrl: string;
  private readonly oidcUrl: string;
  private readonly world: World;
  private readonly tokens = new Map<string, string>();

  constructor(apiUrl: string, oidcUrl: string, world: World) {
    this.apiUrl = apiUrl;
    this.oidcUrl = oidcUrl;
    this.world = world;
  }

  /** Signs a person in without a browser; the token is a normal one of the provider. */
  async tokenOf(personKey: string): Promise<string> {
    const known = this.tokens.get(personKey);
    if (known !== undefined) return known;
    const person = personOf(this.world, personKey);
    const answer = await fetch(`${this.oidcUrl}/_sandbox/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ account: person.userPrincipalName }),
    });
    const body: unknown = await answer.json();
    const token = textIn(body, 'access_token') ?? textIn(body, 'token');
    if (token === undefined) throw new ApiRefused(`sign in ${personKey}`, answer.status, body);
    this.tokens.set(personKey, token);
    return token;
  }

  /** Any call as a person. @throws ApiRefused for every answer that is not 2xx */
  async call(
    personKey: string,
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<unknown> {
    const answer = await fetch(`${this.apiUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await this.tokenOf(personKey)}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const parsed: unknown = text === '' ? undefined : JSON.parse(text);
    if (!answer.ok) throw new ApiRefused(`${method} ${path}`, answer.status, parsed);
    return parsed;
  }

  /** Somebody asks for a promotion. @returns the request's id */
  async promote(
    manifest: string,
    more: Readonly<Record<string, string>> = {},
    personKey = 'emil',
  ): Promise<string> {
    return this.ask(personKey, { kind: 'Promotion', manifest, ...more });
  }

  /** Ada asks for a fleet. @returns the request's id */
  async request(
    manifest: string,
    more: Readonly<Record<string, string>> = {},
    personKey = 'ada',
  ): Promise<string> {
    return this.ask(personKey, {
      kind: 'Fleet',
      manifest,
      requestedFor: `ada@${this.world.domain}`,
      ...more,
    });
  }

  private async ask(personKey: string, body: Readonly<Record<string, string>>): Promise<string> {
    const accepted = await this.call(personKey, 'POST', '/v1/requests', body);
    const id = textIn(accepted, 'id');
    if (id === undefined) throw new ApiRefused('POST /v1/requests', 202, accepted);
    return id;
  }

  async status(requestId: string, personKey = 'olga'): Promise<RequestStatus> {
    const answer = await this.call(personKey, 'GET', `/v1/requests/${requestId}`);
    if (!isStatus(answer)) throw new ApiRefused(`GET /v1/requests/${requestId}`, 200, answer);
    return answer;
  }

  async showGate(personKey: string, requestId: string, gate: string): Promise<ShownGate> {
    const answer = await this.call(personKey, 'GET', `/v1/requests/${requestId}/gates/${gate}`);
    const [planDigest, epoch] = [textIn(answer, 'planDigest'), numberIn(answer, 'epoch')];
    if (planDigest === undefined || epoch === undefined) {
      throw new ApiRefused(`GET gate ${gate}`, 200, answer);
    }
    return { planDigest, epoch };
  }

  /** Reads what is asked, then decides on exactly that. */
  async decide(
    personKey: string,
    requestId: string,
    gate: string,
    decision: 'approve' | 'reject',
    evidence: Readonly<Record<string, string>> = {},
    comment = 'decided in the sandbox',
  ): Promise<void> {
    const { epoch, planDigest } = await this.showGate(personKey, requestId, gate);
    await this.call(personKey, 'POST', `/v1/requests/${requestId}/gates/${gate}/decisions`, {
      decision,
      epoch,
      planDigest,
      evidence,
      comment,
    });
  }

  /**
   * Polls the status until it satisfies a condition.
   * @throws Error with the last status when the time runs out
   */
  async until(
    requestId: string,
    condition: (status: RequestStatus) => boolean,
    timeoutMs = PATIENCE_MS,
  ): Promise<RequestStatus> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const status = await this.status(requestId);
      if (condition(status)) return status;
      if (Date.now() > deadline) {
        throw new Error(`not reached in ${timeoutMs} ms; the request is ${JSON.stringify(status, null, 1)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

function textIn(value: unknown, key: string): string | undefined {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  return typeof found === 'string' ? found : undefined;
}

function numberIn(value: unknown, key: string): number | undefined {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  return typeof found === 'number' ? found : undefined;
}

/** The API's answer follows the schema of its OpenAPI document; the fields that are read here are checked. */
function isStatus(value: unknown): value is RequestStatus {
  return (
    typeof value === 'object' &&
    value !== null &&
    'status' in value &&
    'gates' in value &&
    'targets' in value &&
    'times' in value
  );
}
