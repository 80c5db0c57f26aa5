/** The API on a real ledger with real keys and tokens, and the worker's side of the ledger played by the test. */
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { buildApp } from '../../src/api/app.js';
import type { ApiDependencies } from '../../src/api/ports.js';
import { OidcSignIn } from '../../src/api/sign-in/sign-in.js';
import type { EntryType, LedgerEntry } from '../../src/domain/ledger.js';
import { type Plan, totalsOf } from '../../src/domain/plan.js';
import { entriesOfType } from '../../src/domain/record.js';
import type { FleetRequest } from '../../src/domain/request.js';
import { recordOf } from '../../src/ledger/record.js';
import { readManifests } from '../../src/manifests/read.js';
import { canonicalJson, digest } from '../../src/security/canonical.js';
import { generateKeySet, type KeySet } from '../../src/security/key-generation.js';
import { KeyRing } from '../../src/security/keyring.js';
import { TokenVerifier } from '../../src/security/oidc.js';
import { identityBehind } from '../../src/security/person.js';
import { parseSigner } from '../../src/security/signer.js';
import { type FreshLedger, freshLedger } from '../ledger/fresh-ledger.js';
import { exampleOf } from '../manifests/examples.js';
import { AUDIENCE, IdentityProvider, PAGE_CLIENT, type TokenClaims } from './identity-provider.js';
import { WorkflowRecorder } from './recorder.js';

export const PUBLIC_URL = 'https://gatehouse.example.com';

const installation = readManifests([
  { file: 'policy.yaml', text: exampleOf('Policy') },
  { file: 'inventory.yaml', text: exampleOf('Inventory') },
]);
const inventory = installation.inventories[0]?.manifest;
if (inventory === undefined) throw new Error('the example inventory is gone');
const { groups } = inventory.spec;

/** People of the tests. `adm-ada` is Ada's second account: the same person, typed in another case. */
export const PEOPLE = {
  ada: person('ada', 'p-ada', 'requesters'),
  ben: person('ben', 'p-ben', 'procurement'),
  chi: person('chi', 'p-chi', 'dpo'),
  'adm-ada': person('adm-ada', 'P-ADA', 'procurement'),
  olga: person('olga', 'p-olga', 'operators'),
  ivo: person('ivo', 'p-ivo', 'auditors'),
  omar: person('omar', 'p-omar', 'shop-owners'),
  stranger: person('stranger', 'p-stranger'),
} as const;
export type PersonName = keyof typeof PEOPLE;

function person(name: string, personId: string, ...groupNames: string[]): TokenClaims {
  return {
    sub: `sub-${name}`,
    oid: `acc-${name}`,
    person_id: personId,
    name,
    groups: groupNames.map((group) => groups[group] ?? ''),
  };
}

/** An answer over the wire: nothing is believed of its body before it is looked at. */
export class Answer {
  readonly status: number;
  readonly headers: LightMyRequestResponse['headers'];
  readonly raw: string;
  /** the body as data, when it is JSON */
  readonly body: unknown;

  constructor(answer: Pick<LightMyRequestResponse, 'statusCode' | 'headers' | 'body'>) {
    this.status = answer.statusCode;
    this.headers = answer.headers;
    this.raw = answer.body;
    const isJson = String(answer.headers['content-type'] ?? '').includes('json');
    this.body = isJson ? JSON.parse(answer.body) : undefined;
  }

  /** What stands at a dotted path of the body, e.g. `targets.0.lines`; a name on a list is asked of each item. */
  at(path: string): unknown {
    return path.split('.').reduce<unknown>(step, this.body);
  }

  /** A text of the body. */
  text(path: string): string {
    const value = this.at(path);
    if (typeof value !== 'string') throw new Error(`no text at ${path} of ${this.raw}`);
    return value;
  }
}

function step(value: unknown, name: string): unknown {
  if (Array.isArray(value) && !/^\d+$/.test(name)) return value.map((item: unknown) => step(item, name));
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

export class Gatehouse {
  readonly app: FastifyInstance;
  readonly ledger: FreshLedger;
  readonly provider: IdentityProvider;
  readonly workflows: WorkflowRecorder;
  readonly keys: KeySet;
  readonly deps: ApiDependencies;
  /** moves the API's clock */
  readonly clock: { aheadMs: number };

  private constructor(
    parts: Pick<Gatehouse, 'app' | 'ledger' | 'provider' | 'workflows' | 'keys' | 'deps' | 'clock'>,
  ) {
    this.app = parts.app;
    this.ledger = parts.ledger;
    this.provider = parts.provider;
    this.workflows = parts.workflows;
    this.keys = parts.keys;
    this.deps = parts.deps;
    this.clock = parts.clock;
  }

  static async start(changes: Partial<ApiDependencies> = {}): Promise<Gatehouse> {
    const [ledger, provider, keys] = await Promise.all([
      freshLedger(),
      IdentityProvider.start(),
      generateKeySet(),
    ]);
    const workflows = new WorkflowRecorder();
    const clock = { aheadMs: 0 };
    const verifier = new TokenVerifier({ issuer: provider.issuer, audience: AUDIENCE });
    const verifyToken: ApiDependencies['verifyToken'] = async (token) =>
      identityBehind(await verifier.verify(token));
    if (inventory === undefined) throw new Error('the example inventory is gone');
    const deps: ApiDependencies = {
      ledger: ledger.api,
      workflows,
      inventory,
      policies: installation.policies.map(({ manifest }) => manifest),
      ring: await KeyRing.of(keys.ring),
      signers: {
        decision: await parseSigner(JSON.stringify(keys.signing.decision)),
        request: await parseSigner(JSON.stringify(keys.signing.request)),
      },
      verifyToken,
      publicUrl: PUBLIC_URL,
      signIn: new OidcSignIn({
        issuer: provider.issuer,
        clientId: PAGE_CLIENT,
        redirectUri: `${PUBLIC_URL}/auth/callback`,
        scope: 'openid',
        cookieSecret: keys.pageSession,
        verifyToken,
      }),
      machineRequesters: ['ticketing'],
      ticketHooks: { secrets: [keys.webhooks.incoming], clientId: 'ticket-hook' },
      now: () => Date.now() + clock.aheadMs,
      ...changes,
    };
    const app = await buildApp(deps);
    return new Gatehouse({ app, ledger, provider, workflows, keys, deps, clock });
  }

  async stop(): Promise<void> {
    await this.app.close();
    await Promise.all([this.ledger.close(), this.provider.stop()]);
  }

  /** A token of a person who signed in just now, or as long ago as `auth_time` says. */
  token(name: PersonName, changes: Partial<TokenClaims> = {}): Promise<string> {
    return this.provider.token({ ...PEOPLE[name], auth_time: Math.floor(Date.now() / 1000), ...changes });
  }

  machineToken(clientId: string): Promise<string> {
    return this.provider.token({ sub: clientId, client_id: clientId });
  }

  /** A call with a person's token. */
  async as(
    name: PersonName,
    method: 'GET' | 'POST',
    url: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    return this.call({
      method,
      url,
      headers: { authorization: `Bearer ${await this.token(name)}`, ...headers },
      ...(body === undefined ? {} : { payload: body }),
    });
  }

  async call(options: InjectOptions): Promise<Answer> {
    return new Answer(await this.app.inject(options));
  }

  /** A request of Ada's, by her token. @returns its id */
  async ask(fleet = 'otterize', changes: object = {}): Promise<string> {
    const answer = await this.as('ada', 'POST', '/v1/requests', { ...askBody(fleet), ...changes });
    if (answer.status !== 202) throw new Error(`not accepted: ${answer.raw}`);
    return answer.text('id');
  }

  /** What a worker does after planning: records a plan and opens gates. @returns what an approver has to name */
  async plan(
    requestId: string,
    options: { open?: readonly string[]; beneficiary?: string } = {},
  ): Promise<{ epoch: number; planDigest: string }> {
    const record = recordOf(await this.ledger.worker.entriesOf(requestId));
    if (record?.request.kind !== 'Fleet') throw new Error('no such request for a fleet');
    const epoch = record.plans.length + 1;
    const plan = planOf(record.request, epoch, options.beneficiary ?? 'p-beneficiary');
    const planDigest = digest(canonicalJson(plan));
    await this.ledger.worker.recordPlan(requestId, {
      epoch,
      digest: planDigest,
      totals: totalsOf(plan.targets),
      plan,
    });
    for (const gate of options.open ?? ['procurement', 'data-protection']) {
      await this.ledger.worker.openGate(requestId, { gate, epoch, openedAt: new Date().toISOString() });
    }
    return { epoch, planDigest };
  }

  async entries<T extends EntryType>(
    requestId: string,
    type: T,
  ): Promise<ReturnType<typeof entriesOfType<T>>> {
    return entriesOfType(await this.ledger.api.entriesOf(requestId), type);
  }

  /** Refusals in the ledger, after all that were noted are written. */
  async refusals(): Promise<readonly LedgerEntry<'call.refused'>['body'][]> {
    const all = await this.ledger.api.entriesAfter(0, 1_000);
    return entriesOfType(all, 'call.refused').map(({ body }) => body);
  }
}

export function askBody(fleet = 'otterize'): {
  kind: 'Fleet';
  manifest: string;
  requestedFor: string;
  ticket: string;
} {
  return {
    kind: 'Fleet',
    manifest: exampleOf('Fleet').replace('{name: otterize}', `{name: ${fleet}}`),
    requestedFor: 'emil@example.com',
    ticket: 'CHG0042',
  };
}

export const EVIDENCE = { contractNumber: 'C-2026/17', licences: '2', validUntil: '2099-12-31' } as const;

function planOf(request: FleetRequest, epoch: number, personId: string): Plan {
  return {
    version: 1,
    requestId: request.requestId,
    epoch,
    beneficiary: { personId },
    targets: request.content.targets.map((target) => ({
      target: target.key,
      effects: [
        {
          key: `${target.key}:organisation`,
          system: 'otterize',
          object: 'organisation',
          action: 'create',
          count: 1,
          detail: target.organisation,
          irreversible: 'organisation cannot be deleted later',
        },
        {
          key: `${target.key}:values`,
          system: 'gitlab',
          object: 'values',
          action: 'change',
          count: 1,
          detail: target.values.file,
        },
      ],
      invitees: target.invite.people,
      notes: [],
    })),
    plannedAt: new Date().toISOString(),
  };
}
