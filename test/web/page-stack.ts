/** The API and its page on a real ledger, with the real login page of the example company; the worker's side is played. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { ControlClient } from '../../sandbox/framework/control-client.js';
import type { RunningStandIn } from '../../sandbox/framework/running.js';
import { startOidc } from '../../sandbox/oidc/stand-in.js';
import { fleetText, inventoryText } from '../../sandbox/stack/example-files.js';
import { freePort } from '../../sandbox/stack/ports.js';
import { shopPathText, shopPolicyText } from '../../sandbox/stack/promotion-files.js';
import { type TemporaryFolder, temporaryFolder } from '../../sandbox/stack/temporary-folder.js';
import { makeWorld, type World } from '../../sandbox/world.js';
import { buildApp } from '../../src/api/app.js';
import type { ApiDependencies } from '../../src/api/ports.js';
import { OidcSignIn } from '../../src/api/sign-in/sign-in.js';
import { type Plan, type TargetPlan, totalsOf } from '../../src/domain/plan.js';
import type { ClusterTarget, FleetRequest } from '../../src/domain/request.js';
import { recordOf } from '../../src/ledger/record.js';
import { readManifests } from '../../src/manifests/read.js';
import { canonicalJson, digest } from '../../src/security/canonical.js';
import { generateKeySet } from '../../src/security/key-generation.js';
import { KeyRing } from '../../src/security/keyring.js';
import { TokenVerifier } from '../../src/security/oidc.js';
import { identityBehind } from '../../src/security/person.js';
import { parseSigner } from '../../src/security/signer.js';
import { PlayedPromotion } from '../api/promotions.js';
import { WorkflowRecorder } from '../api/recorder.js';
import { type FreshLedger, freshLedger } from '../ledger/fresh-ledger.js';
import { reportSystem } from '../support/report.js';

/** Procurement at any login; data protection at a login of the last quarter of an hour. */
const POLICY = `apiVersion: gatehouse/v1
kind: Policy
metadata: {name: saas}
spec:
  appliesTo: {kind: Fleet, service: otterize}
  gates:
    - name: procurement
      approvers: {group: procurement, need: 1}
      evidence: [contractNumber, licences, validUntil]
      deadline: {after: 180d, then: reject}
    - name: data-protection
      approvers: {group: dpo, need: 1}
      evidence: [assessmentUrl]
      freshLogin: 15m
`;

export const GATES = ['procurement', 'data-protection'] as const;
const DAY_MS = 24 * 3_600_000;

export interface AskOptions {
  readonly fleet?: string;
  readonly reason?: string;
  readonly clusters?: number;
}

/** Changes what a planner would have found for one cluster. */
export type Found = (plan: TargetPlan, target: ClusterTarget) => TargetPlan;

export class PageStack {
  readonly url: string;
  readonly world: World;
  readonly ledger: FreshLedger;
  readonly app: FastifyInstance;
  readonly workflows: WorkflowRecorder;
  /** moves the API's clock */
  readonly clock: { aheadMs: number };
  private readonly verifyToken: ApiDependencies['verifyToken'];
  readonly oidc: RunningStandIn;
  private readonly folder: TemporaryFolder;

  private constructor(
    parts: Pick<PageStack, 'url' | 'world' | 'ledger' | 'app' | 'workflows' | 'clock'>,
    verifyToken: ApiDependencies['verifyToken'],
    oidc: RunningStandIn,
    folder: TemporaryFolder,
  ) {
    this.url = parts.url;
    this.world = parts.world;
    this.ledger = parts.ledger;
    this.app = parts.app;
    this.workflows = parts.workflows;
    this.clock = parts.clock;
    this.verifyToken = verifyToken;
    this.oidc = oidc;
    this.folder = folder;
  }

  /** @param codec given the page's address: what the API decodes, for whom */
  static async start(world = makeWorld(), codec?: NonNullable<ApiDependencies['codec']>): Promise<PageStack> {
    const folder = await temporaryFolder('page');
    const [ledger, keys, port, oidc] = await Promise.all([
      freshLedger(),
      generateKeySet(),
      freePort(),
      startOidc({ world, folder: folder.path, port: 0, originOf: () => undefined }),
    ]);
    reportSystem('oidc', 'stand-in');
    const url = `http://127.0.0.1:${port}`;
    const clock = { aheadMs: 0 };
    const verifier = new TokenVerifier({ issuer: oidc.origin, audience: 'gatehouse' });
    const verifyToken: ApiDependencies['verifyToken'] = async (token) =>
      identityBehind(await verifier.verify(token));
    const workflows = new WorkflowRecorder();
    const { policies, inventories, paths } = readManifests([
      { file: 'policy.yaml', text: POLICY },
      { file: 'shop-policies.yaml', text: shopPolicyText() },
      {
        file: 'shop.yaml',
        text: shopPathText(world, 'registry.example.com/shop/web', {
          changeRecord: true,
          whileOpen: 'queue',
        }),
      },
      { file: 'inventory.yaml', text: inventoryText(world, 'https://127.0.0.1:9') },
    ]);
    const inventory = inventories[0]?.manifest;
    if (inventory === undefined) throw new Error('the example inventory is gone');
    const app = await buildApp({
      ledger: ledger.api,
      workflows,
      paths: paths.map(({ manifest }) => ({ manifest, digest: digest(canonicalJson(manifest)) })),
      inventory,
      policies: policies.map(({ manifest }) => manifest),
      ring: await KeyRing.of(keys.ring),
      signers: {
        decision: await parseSigner(JSON.stringify(keys.signing.decision)),
        request: await parseSigner(JSON.stringify(keys.signing.request)),
      },
      verifyToken,
      publicUrl: url,
      ...(codec === undefined ? {} : { codec }),
      signIn: new OidcSignIn({
        issuer: oidc.origin,
        clientId: 'gatehouse-page',
        redirectUri: `${url}/auth/callback`,
        scope: 'openid profile email groups',
        cookieSecret: keys.pageSession,
        verifyToken,
      }),
      now: () => Date.now() + clock.aheadMs,
    });
    await app.listen({ host: '127.0.0.1', port });
    return new PageStack({ url, world, ledger, app, workflows, clock }, verifyToken, oidc, folder);
  }

  async stop(): Promise<void> {
    await this.app.close();
    await Promise.all([this.ledger.close(), this.oidc.close()]);
    await this.folder.remove();
  }

  /** Ada asks for Emil, by the API. @returns the id of the request */
  async ask(options: AskOptions = {}): Promise<string> {
    const token = await this.token('ada');
    const answer = await this.app.inject({
      method: 'POST',
      url: '/v1/requests',
      headers: { authorization: `Bearer ${token}` },
      payload: {
        kind: 'Fleet',
        manifest: fleetText(this.world, {
          name: options.fleet ?? `fleet-${randomUUID().slice(0, 8)}`,
          clusters: this.world.clusters.slice(0, options.clusters ?? 2),
        }),
        requestedFor: 'emil@example.com',
        ticket: 'CHG0042',
        reason: options.reason ?? 'The shop teams want to see who calls whom before the season starts.',
      },
    });
    if (answer.statusCode !== 202) throw new Error(`not accepted: ${answer.body}`);
    return Value.Parse(Type.Object({ id: Type.String() }), answer.json()).id;
  }

  /** Emil asks for a promotion of the shop, by the API; the test plays the worker. */
  async promote(changes: object = {}): Promise<PlayedPromotion> {
    const answer = await this.app.inject({
      method: 'POST',
      url: '/v1/requests',
      headers: { authorization: `Bearer ${await this.token('emil')}` },
      payload: { kind: 'Promotion', application: 'shop', to: 'prod', ticket: 'CHG0050', ...changes },
    });
    if (answer.statusCode !== 202) throw new Error(`not accepted: ${answer.body}`);
    return PlayedPromotion.of(this, Value.Parse(Type.Object({ id: Type.String() }), answer.json()).id);
  }

  /** Nothing of the shop's promotions stays open for the next test. */
  async endPromotions(): Promise<void> {
    for (const { requestId } of await this.ledger.api.openRequests('promotion/shop/prod')) {
      await this.ledger.worker.endRequest(requestId, { outcome: 'cancelled', message: 'over' });
    }
  }

  /** What a worker does after planning: records a plan, opens the gates. A second time it is a plan made anew. */
  async plan(
    requestId: string,
    found: Found = (plan) => plan,
  ): Promise<{ epoch: number; planDigest: string }> {
    const record = recordOf(await this.ledger.worker.entriesOf(requestId));
    if (record?.request.kind !== 'Fleet') throw new Error('no such request for a fleet');
    const epoch = record.plans.length + 1;
    const invitees = await this.ledger.worker.keepPersonal(requestId, [
      'ada.lovelace@example.com',
      'dora.jaeger-mueller@example.com',
      'emil@example.com',
      'olga@example.com',
    ]);
    const plan = planOf(record.request, epoch, await this.personId('emil'), (target) =>
      found(newTenant(target, invitees), target),
    );
    const planDigest = digest(canonicalJson(plan));
    await this.ledger.worker.recordPlan(requestId, {
      epoch,
      digest: planDigest,
      totals: totalsOf(plan.targets),
      plan,
    });
    for (const gate of GATES) {
      await this.ledger.worker.openGate(requestId, {
        gate,
        epoch,
        openedAt: new Date().toISOString(),
        ...(gate === 'procurement' ? { due: new Date(Date.now() + 180 * DAY_MS).toISOString() } : {}),
      });
    }
    return { epoch, planDigest };
  }

  /** What a worker does when the last gate has passed. */
  async begin(requestId: string): Promise<void> {
    for (const gate of GATES) {
      await this.ledger.worker.closeGate(requestId, { gate, epoch: 1, result: 'passed' });
    }
    await this.ledger.worker.startRequest(requestId, { targets: 2 });
  }

  /** The directory's id of a person, as the API spells it. */
  async personId(key: string): Promise<string> {
    return (await this.verifyToken(await this.token(key))).personId;
  }

  private async token(account: string): Promise<string> {
    const answer: unknown = JSON.parse(await new ControlClient(this.oidc.origin).post('/token', { account }));
    return Value.Parse(Type.Object({ access_token: Type.String() }), answer).access_token;
  }

  /** Every decision of a request as the ledger holds it. */
  async decisions(
    requestId: string,
  ): Promise<readonly { gate: string; decision: string; personId: string }[]> {
    const entries = await this.ledger.api.entriesOf(requestId);
    return entries.flatMap((entry) =>
      entry.type === 'decision.made'
        ? [{ gate: entry.body.gate, decision: entry.body.decision, personId: entry.body.personId }]
        : [],
    );
  }

  /** Calls that the API refused, by their reason. */
  async refusals(): Promise<readonly string[]> {
    const entries = await this.ledger.api.entriesAfter(0, 1_000);
    return entries.flatMap((entry) => (entry.type === 'call.refused' ? [entry.body.reason] : []));
  }
}

function planOf(
  request: FleetRequest,
  epoch: number,
  personId: string,
  planned: (target: ClusterTarget) => TargetPlan,
): Plan {
  return {
    version: 1,
    requestId: request.requestId,
    epoch,
    beneficiary: { personId },
    targets: request.content.targets.map(planned),
    plannedAt: new Date().toISOString(),
  };
}

/** What the planner finds where nothing is there yet. */
function newTenant(target: ClusterTarget, invitees: TargetPlan['invitees']): TargetPlan {
  const effect = (
    object: string,
    count: number,
    detail: string,
    more: Partial<TargetPlan['effects'][number]> = {},
  ): TargetPlan['effects'][number] => ({
    key: `${target.key}:${object}`,
    system: 'otterize',
    object,
    action: 'create',
    count,
    detail,
    ...more,
  });
  return {
    target: target.key,
    effects: [
      effect('organisation', 1, target.organisation, {
        irreversible: 'an organisation cannot be deleted later',
      }),
      effect('invites', invitees.length, `${invitees.length} people`),
      effect('environment', 1, target.environment.name),
      effect('integration', 1, target.integration),
      effect('secrets', 2, `in ${target.secretStore.name}`, {
        key: `${target.key}:integration`,
        system: 'key-vault',
      }),
      effect('values', 1, target.values.file, { system: 'gitlab', action: 'change' }),
    ],
    invitees,
    notes: ['Gina Rossi of the group platform-oncall is a guest without a mail address of the company'],
  };
}
