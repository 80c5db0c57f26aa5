/** Real ledger, guard and signatures around the activities of a promotion: requests that are asked, planned and agreed on. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { Authority, type MembershipFacts } from '../../src/activities/guard/authority.js';
import { EffectGuard, type GuardSettings } from '../../src/activities/guard/effect-guard.js';
import {
  type EnvironmentGuard,
  type PlaceGuard,
  selectEnvironment,
  selectPlace,
} from '../../src/activities/guard/select-place.js';
import type { DecisionClaims } from '../../src/domain/decision.js';
import type { AnyEntry, EntryBodies, ReadBack } from '../../src/domain/ledger.js';
import type { InventoryManifest, PolicyManifest } from '../../src/domain/manifest.js';
import { effectKey, type Plan, type PlannedEffect, totalsOf } from '../../src/domain/plan.js';
import type { EnvironmentRules, Place } from '../../src/domain/promotion/path.js';
import type { PlacePlan, PromotionPlan } from '../../src/domain/promotion/plan.js';
import {
  environmentKey,
  type PlaceTarget,
  PROMOTION_OBJECT,
  PROPOSALS,
  type PromotionContent,
} from '../../src/domain/promotion/request.js';
import type { PromotionRequest } from '../../src/domain/request.js';
import type { WorkerLedger } from '../../src/ledger/ports.js';
import { signDecision, signRequest } from '../../src/security/attestation.js';
import { canonicalJson, digest } from '../../src/security/canonical.js';
import { KeyRing } from '../../src/security/keyring.js';
import type { Signer } from '../../src/security/signer.js';
import { newId } from '../ledger/fixtures.js';
import { type FreshLedger, freshLedger } from '../ledger/fresh-ledger.js';
import { newSigners, type Signers } from '../ledger/signed-request.js';
import { uniqueName } from '../support/stack.js';

export const WEB = 'registry.example.com/shop/web';
export const DIGEST = `sha256:${'9f31c2e4'.repeat(8)}`;
const GATE = 'owner';
export const POLICY: PolicyManifest = {
  apiVersion: 'gatehouse/v1',
  kind: 'Policy',
  metadata: { name: 'production' },
  spec: {
    appliesTo: { kind: 'Promotion', application: '*', environment: '*' },
    gates: [{ name: GATE, approvers: { group: 'owners', need: 1 }, evidence: [], after: [] }],
    whileOpen: 'refuse',
  },
};
const INVENTORY: InventoryManifest = {
  apiVersion: 'gatehouse/v1',
  kind: 'Inventory',
  metadata: { name: 'harbour' },
  spec: {
    clusters: [],
    secretStores: [],
    projects: [],
    services: {},
    groups: { owners: 'g-owners' },
    roles: { requesters: [], operators: [], auditors: [] },
  },
};
const EVERYBODY: MembershipFacts = {
  isMember: async () => true,
  personIdOf: async (accountId) => accountId.replace(/^a-/, ''),
};

const SETTINGS = { policyFor: () => POLICY, inventory: INVENTORY, membership: EVERYBODY };

/** What one person says at the gate. */
export interface Saying {
  /** default `p-ben` */
  readonly personId?: string;
  readonly decision?: 'approve' | 'reject';
  /** what the envelope claims beside it */
  readonly claims?: Partial<DecisionClaims>;
  /** default: the key of the API */
  readonly signer?: Signer;
}

/** What a test says about a request; the rest is an application with one place, `eu`. */
export interface Asking {
  readonly exception?: PromotionContent['exception'];
  readonly shadow?: true;
  readonly rules?: Partial<EnvironmentRules>;
  readonly places?: readonly Partial<Place>[];
  readonly from?: PromotionContent['from'];
  readonly release?: Partial<PromotionPlan['release']>;
  /** what each place will hold; default: nothing is known */
  readonly placePlans?: readonly Partial<PlacePlan>[];
  /** objects of each place's effects beside its merge */
  readonly effects?: readonly string[];
  /** people who wrote a part of what is promoted */
  readonly authors?: readonly string[];
  /** default true */
  readonly approved?: boolean;
}

export interface AskedPromotion {
  readonly requestId: string;
  /** `<application>/<environment>` */
  readonly environment: string;
  /** keys of the places */
  readonly places: readonly string[];
  readonly request: PromotionRequest;
}

export class PromotionStage {
  readonly ledger: FreshLedger;
  readonly placeGuard: PlaceGuard;
  readonly environmentGuard: EnvironmentGuard;
  readonly authority: Authority;
  readonly #signers: Signers;
  readonly #ring: KeyRing;

  private constructor(ledger: FreshLedger, signers: Signers, ring: KeyRing) {
    this.ledger = ledger;
    this.#signers = signers;
    this.#ring = ring;
    this.authority = new Authority(ledger.worker, ring);
    this.placeGuard = this.guardOf();
    this.environmentGuard = new EffectGuard(ledger.worker, this.authority, {
      ...SETTINGS,
      select: selectEnvironment,
    });
  }

  /** A guard of places under other facts, or with a ledger that is not what it seems. */
  guardOf(
    facts: Partial<Omit<GuardSettings<PromotionRequest, PlaceTarget>, 'select'>> = {},
    ledger: WorkerLedger = this.ledger.worker,
  ): PlaceGuard {
    const authority = new Authority(ledger, this.#ring);
    return new EffectGuard(ledger, authority, { ...SETTINGS, ...facts, select: selectPlace });
  }

  /** Id of the key that the API signs decisions with. */
  get decisionKey(): string {
    return this.#signers.decision.kid;
  }

  static async open(): Promise<PromotionStage> {
    const [ledger, signers] = await Promise.all([freshLedger(), newSigners()]);
    const ring = await KeyRing.parse(JSON.stringify({ keys: signers.ring }));
    return new PromotionStage(ledger, signers, ring);
  }

  async close(): Promise<void> {
    await this.ledger.close();
  }

  /**
   * Runs something as an activity; each time in a context of its own.
   * @param onHeartbeat gets what it reports to Temporal
   * @param workflowId whose activity it is
   */
  async run<T>(
    activity: () => Promise<T>,
    onHeartbeat?: (details: unknown) => void,
    workflowId = 'test',
  ): Promise<T> {
    const logger = new DefaultLogger('ERROR');
    const environment = new MockActivityEnvironment(
      { heartbeatTimeoutMs: 1_000, workflowExecution: { workflowId, runId: 'test' } },
      { logger },
    );
    if (onHeartbeat !== undefined) environment.on('heartbeat', onHeartbeat);
    return await environment.run(activity);
  }

  /** Asks for a promotion, plans it, and has it approved unless it is said otherwise. */
  async ask(asking: Asking = {}): Promise<AskedPromotion> {
    const request = await this.accept(asking);
    await this.plan(request, 1, asking);
    if (asking.approved !== false) await this.approve(request, 1);
    return {
      requestId: request.requestId,
      environment: environmentKey(request.content),
      places: request.content.targets.map(({ key }) => key),
      request,
    };
  }

  /** Asks for a promotion; nothing is planned yet. */
  async accept(asking: Asking = {}): Promise<PromotionRequest> {
    const requestId = newId();
    const request = requestOf(requestId, contentOf(asking));
    const text = canonicalJson(request);
    const { contentHash, acceptedAt, workflowId } = request;
    const requestHash = digest(text);
    const claims = { version: 1, requestId, requestHash, contentHash, workflowId, acceptedAt } as const;
    await this.ledger.api.acceptRequest({
      requestId,
      accepted: {
        requestHash,
        contentHash,
        workflowId,
        kind: 'Promotion',
        document: text,
        envelope: await signRequest(claims, this.#signers.request),
      },
      pinnedPolicy: { name: 'production', digest: digest(POLICY_TEXT), document: POLICY_TEXT },
      outbox: { kind: 'start', payload: '{}' },
    });
    return request;
  }

  /** Records a plan and opens its gate. */
  async plan(request: PromotionRequest, epoch: number, asking: Asking = {}): Promise<void> {
    const plan = planOf(request, epoch, asking);
    await this.ledger.worker.recordPlan(request.requestId, {
      epoch,
      digest: digest(canonicalJson(plan)),
      totals: totalsOf(plan.targets),
      plan,
    });
    if (asking.shadow === true) return;
    await this.ledger.worker.openGate(request.requestId, {
      gate: GATE,
      epoch,
      openedAt: new Date().toISOString(),
    });
  }

  /** One owner says yes, and the gate is closed. */
  async approve(request: PromotionRequest, epoch: number): Promise<void> {
    await this.say(request, epoch);
    await this.ledger.worker.closeGate(request.requestId, { gate: GATE, epoch, result: 'passed' });
  }

  /** Somebody decides, as the API records it; the gate stays open. */
  async say(request: PromotionRequest, epoch: number, saying: Saying = {}): Promise<void> {
    const { requestId, workflowId } = request;
    const { personId = 'p-ben', decision = 'approve', signer = this.#signers.decision } = saying;
    const entries = await this.ledger.worker.entriesOf(requestId);
    const plan = entries.findLast((entry) => entry.type === 'plan.recorded');
    if (plan?.type !== 'plan.recorded') throw new Error('nothing is planned');
    const claims: DecisionClaims = {
      version: 1,
      requestId,
      requestHash: digest(canonicalJson(request)),
      planDigest: plan.body.digest,
      policyDigest: request.policy.digest,
      workflowId,
      gate: GATE,
      epoch,
      decision,
      evidence: {},
      approver: {
        issuer: 'https://id.example.com',
        subject: personId,
        accountId: `a-${personId}`,
        personId,
      },
      authTime: 1_763_625_600,
      jti: newId('jti'),
      issuedAt: new Date().toISOString(),
      ...saying.claims,
    };
    await this.ledger.api.recordDecision(
      requestId,
      {
        gate: GATE,
        epoch,
        decision,
        personId,
        jti: claims.jti,
        envelope: await signDecision(claims, signer),
      },
      { kind: 'signal', payload: '{}' },
    );
  }

  /** An effect that was made before the test begins. */
  async completed(
    requestId: string,
    target: string,
    object: string,
    readBack: ReadBack,
    epoch = 1,
  ): Promise<void> {
    const { worker } = this.ledger;
    const seq = await worker.lastSeq();
    const effect = { key: effectKey(target, object), epoch, system: 'gitlab' };
    const reservation = await worker.reserveEffect(requestId, effect, seq);
    if (reservation.state === 'refused') throw new Error(`not reserved: ${reservation.reason}`);
    await worker.completeEffect(requestId, { ...effect, outcome: 'changed', readBack });
  }

  /** An operator's command, as the API records it. */
  async command(
    requestId: string,
    command: EntryBodies['command.given']['command'],
    targets: readonly string[] = [],
  ): Promise<void> {
    await this.ledger.api.recordCommand(
      requestId,
      { commandId: newId('cmd'), command, targets, by: { kind: 'person', id: 'p-ada' } },
      { kind: 'command', payload: '{}' },
    );
  }

  async entries(requestId: string): Promise<readonly AnyEntry[]> {
    return await this.ledger.worker.entriesOf(requestId);
  }

  /** What a check that passed read back; undefined when it has not. */
  async passed(requestId: string, target: string, check: string): Promise<ReadBack | undefined> {
    const found = (await this.entries(requestId)).findLast(
      (entry) => entry.type === 'check.passed' && entry.body.key === effectKey(target, check),
    );
    return found?.type === 'check.passed' ? found.body.readBack : undefined;
  }
}

const POLICY_TEXT = canonicalJson(POLICY);

function contentOf({ exception, shadow, rules, places = [{}], from }: Asking): PromotionContent {
  const application = uniqueName('shop');
  const environment = 'prod';
  return {
    application,
    environment,
    from: from ?? { name: 'dev', places: [], isFirst: true },
    ...(exception === undefined ? {} : { exception }),
    ...(shadow === undefined ? {} : { shadow }),
    asked: { images: {}, charts: {} },
    path: { name: application, digest: digest('path') },
    owners: 'owners',
    images: [WEB],
    charts: [],
    rules: {
      changeRecord: false,
      unpinned: 'warn',
      clusterKinds: [],
      namespaces: [],
      windows: [],
      checks: [],
      soakMs: 0,
      watchMs: 0,
      onFailure: 'hold',
      whileOpen: 'refuse',
      rollout: { waves: ['100%'], maxInFlight: 5, maxFailures: 0 },
      ...rules,
    },
    targets: places.map((place, index) => {
      const name = place.name ?? (index === 0 ? 'eu' : `place-${index}`);
      return {
        key: `${application}/${environment}/${name}`,
        name,
        project: 'shop-prod/ops',
        branch: 'main',
        directory: 'yaml',
        change: { kind: 'copy', keep: [] },
        deliveries: [],
        ...place,
      };
    }),
  };
}

function requestOf(requestId: string, content: PromotionContent): PromotionRequest {
  return {
    version: 1,
    kind: 'Promotion',
    requestId,
    workflowId: `promotion/${environmentKey(content)}`,
    requester: { kind: 'person', id: 'p-ada' },
    policy: { name: 'production', digest: digest(POLICY_TEXT) },
    contentHash: digest(canonicalJson(content)),
    content,
    acceptedAt: new Date().toISOString(),
  };
}

function planOf({ requestId, content }: PromotionRequest, epoch: number, asking: Asking): Plan {
  const { authors = [], effects = [], placePlans = [], release } = asking;
  const key = environmentKey(content);
  return {
    version: 1,
    requestId,
    epoch,
    beneficiary: { personId: 'p-ada' },
    targets: [
      {
        target: key,
        effects: content.rules.changeRecord
          ? [
              planned(key, PROMOTION_OBJECT.changeRecord, 'proposal'),
              planned(key, PROMOTION_OBJECT.changeRecordEnd, 'proposal'),
            ]
          : [],
        invitees: [],
        notes: [],
      },
      ...content.targets.map((place) => ({
        target: place.key,
        effects: [
          ...effects.map((object) =>
            planned(place.key, object, PROPOSALS.includes(object) ? 'proposal' : undefined),
          ),
          planned(place.key, PROMOTION_OBJECT.merge),
          planned(place.key, PROMOTION_OBJECT.revert, 'rollback'),
        ],
        invitees: [],
        notes: [],
      })),
    ],
    promotion: {
      release: {
        images: [{ repository: WEB, digest: DIGEST }],
        charts: [],
        commit: 'a'.repeat(40),
        ...release,
      },
      fingerprint: digest('fingerprint'),
      places: content.targets.map((place, index) => ({
        place: place.key,
        base: 'b'.repeat(40),
        files: [],
        rendered: { before: digest('before'), after: digest('after') },
        diff: '',
        cut: 0,
        images: [],
        ...placePlans[index],
      })),
      risk: { level: 'low', reasons: [] },
      authors,
      findings: [],
    },
    plannedAt: new Date().toISOString(),
  };
}

function planned(target: string, object: string, phase?: PlannedEffect['phase']): PlannedEffect {
  return {
    key: effectKey(target, object),
    system: object === PROMOTION_OBJECT.tags ? 'registry' : 'gitlab',
    object,
    action: 'change',
    count: 1,
    detail: object,
    ...(phase === undefined ? {} : { phase }),
  };
}
