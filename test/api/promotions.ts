/** Promotion paths of docs/files.md with their policies, and the worker's side of a promotion played by the test. */
import type { ApiDependencies } from '../../src/api/ports.js';
import type { ReadBack } from '../../src/domain/ledger.js';
import { effectKey, type Plan, type TargetPlan, totalsOf } from '../../src/domain/plan.js';
import { fingerprintText, type Release } from '../../src/domain/promotion/release.js';
import { PROMOTION_CHECK, PROMOTION_OBJECT } from '../../src/domain/promotion/request.js';
import type { PromotionRequest } from '../../src/domain/request.js';
import { recordOf } from '../../src/ledger/record.js';
import type { InstalledPath } from '../../src/manifests/installed-files.js';
import { readManifests } from '../../src/manifests/read.js';
import { canonicalJson, digest } from '../../src/security/canonical.js';
import type { FreshLedger } from '../ledger/fresh-ledger.js';
import { edited, exampleOf } from '../manifests/examples.js';

/** Whatever has a ledger with the worker's login. */
interface WorkersLedger {
  readonly ledger: Pick<FreshLedger, 'worker'>;
}

/** The owners decide on everything; a rollback is decided by operators. */
const POLICIES = `apiVersion: gatehouse/v1
kind: Policy
metadata: {name: any}
spec:
  appliesTo: {kind: Promotion, application: "*", environment: "*"}
  gates: [{name: owner, approvers: {group: owners}}]
---
apiVersion: gatehouse/v1
kind: Policy
metadata: {name: any-rollback}
spec:
  appliesTo: {kind: Promotion, application: "*", environment: "*", exception: rollback}
  gates: [{name: on-call, approvers: {group: operators}}]
`;

/**
 * `shop`: Argo CD, no newer release while one is open. `basket`: Flux; in prd two places, the latest wins, a closed window.
 * @param shop further lines of the shop's prod
 */
export function promotionDeps(shop = ''): Pick<ApiDependencies, 'policies' | 'paths'> {
  const found = readManifests([
    { file: 'saas.yaml', text: exampleOf('Policy', 'saas') },
    { file: 'production.yaml', text: exampleOf('Policy', 'production') },
    { file: 'any.yaml', text: POLICIES },
    {
      file: 'shop.yaml',
      text: edited(exampleOf('Path', 'shop'), /* windows would depend on the clock */ WINDOWS, shop),
    },
    {
      file: 'basket.yaml',
      text: edited(exampleOf('Path', 'basket'), '      scan: {critical: 0}\n', LATEST_WINS),
    },
  ]);
  return {
    policies: found.policies.map(({ manifest }) => manifest),
    paths: found.paths.map(
      ({ manifest }): InstalledPath => ({ manifest, digest: digest(canonicalJson(manifest)) }),
    ),
  };
}

const WINDOWS = `      windows:
        allow:
          - {name: office-hours, schedule: "0 9 * * mon-thu", duration: 7h, timeZone: Europe/Berlin}
        deny:
          - {name: christmas, schedule: "0 0 18 12 *", duration: 20d, timeZone: Europe/Berlin}
`;

/** A window that never opens, too: a moment at which it was open would be luck. */
const LATEST_WINS = `      whileOpen: latest-wins
      windows: {deny: [{name: stocktaking, schedule: "* * * * *", duration: 1h}]}
`;

export const WEB = 'registry.example.com/shop/web';

/** A release of the shop, told from others by one letter. */
export function webRelease(letter: string): Release {
  return {
    images: [{ repository: WEB, digest: `sha256:${letter.repeat(64)}` }],
    charts: [],
    commit: letter.repeat(40),
  };
}

const DIFF = '~ Deployment shop/web (apps/v1)\n-  image: web@sha256:old\n+  image: web@sha256:new\n';

export interface PlanChanges {
  readonly authors?: readonly string[];
  readonly risk?: 'high';
  /** how the cluster will differ, rendered */
  readonly diff?: string;
}

export class PlayedPromotion {
  readonly requestId: string;
  private readonly gatehouse: WorkersLedger;
  private readonly request: PromotionRequest;
  private epoch = 0;

  private constructor(gatehouse: WorkersLedger, request: PromotionRequest) {
    this.gatehouse = gatehouse;
    this.requestId = request.requestId;
    this.request = request;
  }

  static async of(gatehouse: WorkersLedger, requestId: string): Promise<PlayedPromotion> {
    const record = recordOf(await gatehouse.ledger.worker.entriesOf(requestId));
    if (record?.request.kind !== 'Promotion') throw new Error(`${requestId} is no promotion`);
    return new PlayedPromotion(gatehouse, record.request);
  }

  /** Keys of the places, in the order of the path. */
  get places(): readonly string[] {
    return this.request.content.targets.map(({ key }) => key);
  }

  /** Records a plan, proposes it, and opens gates. @returns what an approver has to name */
  async plan(
    release: Release = webRelease('a'),
    changes: PlanChanges & { readonly open?: readonly string[] } = {},
  ): Promise<{ epoch: number; planDigest: string }> {
    const { worker } = this.gatehouse.ledger;
    const planDigest = await this.recordPlan(release, changes);
    const { epoch } = this;
    if (this.request.content.rules.changeRecord) {
      await this.effect(effectKey(this.environmentKey, PROMOTION_OBJECT.changeRecord), {
        number: 'CHG0031415',
        url: 'https://servicenow.example.com/CHG0031415',
      });
    }
    for (const [index, place] of this.places.entries()) {
      await this.effect(effectKey(place, PROMOTION_OBJECT.mergeRequest), {
        iid: 42 + index,
        url: `https://gitlab.example.com/shop/prod-ops/-/merge_requests/${42 + index}`,
      });
    }
    for (const gate of changes.open ?? ['owner']) {
      await worker.openGate(this.requestId, { gate, epoch, openedAt: new Date().toISOString() });
    }
    return { epoch, planDigest };
  }

  /** Records a plan and does nothing with it: all that there is of one in shadow. @returns its digest */
  async recordPlan(release: Release = webRelease('a'), changes: PlanChanges = {}): Promise<string> {
    const { worker } = this.gatehouse.ledger;
    this.epoch += 1;
    const { epoch } = this;
    const plan: Plan = {
      version: 1,
      requestId: this.requestId,
      epoch,
      beneficiary: { personId: '' },
      targets: [this.environmentPlan(), ...this.places.map(placePlan)],
      promotion: {
        release,
        fingerprint: digest(fingerprintText(release)),
        places: this.places.map((place) => ({
          place,
          base: 'b'.repeat(40),
          files: [{ path: 'apps/shop/web.yaml', before: digest('old'), after: digest('new') }],
          rendered: { before: digest('old'), after: digest('new') },
          diff: changes.diff ?? DIFF,
          cut: 0,
          images: release.images.map(({ repository, digest: id }) => `${repository}@${id}`),
        })),
        risk: {
          level: changes.risk ?? 'low',
          reasons: changes.risk === 'high' ? ['a Deployment is removed'] : [],
        },
        authors: changes.authors ?? [],
        findings: ['dev runs it: Synced'],
      },
      plannedAt: new Date().toISOString(),
    };
    const planDigest = digest(canonicalJson(plan));
    await worker.recordPlan(this.requestId, {
      epoch,
      digest: planDigest,
      totals: totalsOf(plan.targets),
      plan,
    });
    return planDigest;
  }

  /** A look at one place in shadow noted something. */
  async shadowSaw(place: string, check: string, readBack: ReadBack): Promise<void> {
    await this.gatehouse.ledger.worker.passCheck(this.requestId, {
      key: effectKey(place, check),
      system: 'gitlab',
      readBack,
    });
  }

  /** People have agreed: the gates close, the places may start. */
  async agree(gates: readonly string[] = ['owner']): Promise<void> {
    const { worker } = this.gatehouse.ledger;
    const { epoch, requestId } = this;
    for (const gate of gates) await worker.closeGate(requestId, { gate, epoch, result: 'passed' });
    await worker.startRequest(requestId, { targets: this.places.length });
  }

  /** A place is ready to be merged, and waits. */
  async startPlace(place: string): Promise<void> {
    await this.gatehouse.ledger.worker.startTarget(this.requestId, { target: place });
  }

  async merge(place: string): Promise<void> {
    await this.effect(effectKey(place, PROMOTION_OBJECT.merge), { commit: 'c'.repeat(40) });
  }

  deliveriesOf(place: string) {
    return this.request.content.targets.find(({ key }) => key === place)?.deliveries ?? [];
  }

  /** Everything that proves a place, and its end. */
  async prove(place: string): Promise<void> {
    const { worker } = this.gatehouse.ledger;
    await this.deliver(place);
    for (const check of [PROMOTION_CHECK.verified, PROMOTION_CHECK.soaked]) {
      await worker.passCheck(this.requestId, {
        key: effectKey(place, check),
        system: 'gatehouse',
        readBack: {},
      });
    }
    await worker.endTarget(this.requestId, { target: place, outcome: 'done' });
  }

  async deliver(place: string): Promise<void> {
    for (const { name } of this.deliveriesOf(place)) {
      const key = effectKey(place, PROMOTION_CHECK.delivered(name));
      await this.gatehouse.ledger.worker.passCheck(this.requestId, { key, system: 'argocd', readBack: {} });
    }
  }

  /** Waits of a place have seen something half a minute ago. */
  async sees(place: string, clause: string): Promise<void> {
    for (const { name } of this.deliveriesOf(place)) {
      await this.gatehouse.ledger.worker.noteWait(this.requestId, {
        target: place,
        step: PROMOTION_CHECK.delivered(name),
        clause,
        since: new Date(Date.now() - 30_000).toISOString(),
      });
    }
  }

  async fail(place: string, remedy = 'Mend the pods'): Promise<void> {
    await this.gatehouse.ledger.worker.endTarget(this.requestId, {
      target: place,
      outcome: 'failed',
      failure: {
        step: 'waitForDelivery',
        system: 'argocd',
        operation: 'wait',
        object: place,
        message: 'the sync failed: hook smoke-test',
        remedy,
        scope: 'target',
      },
    });
  }

  /** From the agreement to the end of a promotion that goes well. */
  async bring(gates?: readonly string[]): Promise<void> {
    await this.agree(gates);
    for (const place of this.places) {
      await this.startPlace(place);
      await this.merge(place);
      await this.prove(place);
    }
    await this.end('done');
  }

  async end(outcome: 'done' | 'cancelled' | 'rolled-back'): Promise<void> {
    await this.gatehouse.ledger.worker.endRequest(this.requestId, { outcome, message: outcome });
  }

  async effect(key: string, readBack: ReadBack): Promise<void> {
    const { worker } = this.gatehouse.ledger;
    const { epoch, requestId } = this;
    const judged = await worker.lastSeq();
    const system = key.includes('change-record') ? 'servicenow' : 'gitlab';
    const reserved = await worker.reserveEffect(requestId, { key, epoch, system }, judged);
    if (reserved.state === 'refused') throw new Error(`${key}: ${reserved.reason}`);
    await worker.completeEffect(requestId, { key, epoch, system, outcome: 'created', readBack });
  }

  private get environmentKey(): string {
    const { application, environment } = this.request.content;
    return `${application}/${environment}`;
  }

  private environmentPlan(): TargetPlan {
    const key = effectKey(this.environmentKey, PROMOTION_OBJECT.changeRecord);
    const isWanted = this.request.content.rules.changeRecord;
    return {
      target: this.environmentKey,
      effects: isWanted
        ? [
            {
              key,
              system: 'servicenow',
              object: PROMOTION_OBJECT.changeRecord,
              action: 'create',
              count: 1,
              detail: 'change record',
              phase: 'proposal',
            },
          ]
        : [],
      invitees: [],
      notes: [],
    };
  }
}

function placePlan(place: string): TargetPlan {
  const effect = (object: string, phase?: 'proposal' | 'rollback'): TargetPlan['effects'][number] => ({
    key: effectKey(place, object),
    system: 'gitlab',
    object,
    action: object === PROMOTION_OBJECT.mergeRequest ? 'create' : 'change',
    count: 1,
    detail: object === PROMOTION_OBJECT.merge ? 'apps/shop/web.yaml' : 'into shop/prod-ops main',
    ...(phase === undefined ? {} : { phase }),
  });
  return {
    target: place,
    effects: [
      effect(PROMOTION_OBJECT.mergeRequest, 'proposal'),
      effect(PROMOTION_OBJECT.merge),
      effect(PROMOTION_OBJECT.revert, 'rollback'),
    ],
    invitees: [],
    notes: [],
  };
}
