/** The outside, played: systems answer at once as the script says, through the real guard; notices are written down. */
import type {
  ArgoCdActivities,
  CheckResult,
  EffectResult,
  ExternalSecretsActivities,
  GateNotice,
  GitLabActivities,
  NotificationActivities,
  OtterizeActivities,
  PlanActivities,
  TargetRef,
} from '../../src/activities/contracts.js';
import { StepFailed } from '../../src/activities/errors.js';
import type { EffectGuard } from '../../src/activities/guard/effect-guard.js';
import { FAILURE, type SystemName } from '../../src/domain/failure.js';
import { effectKey, type Plan, totalsOf } from '../../src/domain/plan.js';
import { currentPlan } from '../../src/domain/record.js';
import type { WorkerLedger } from '../../src/ledger/ports.js';
import { recordOf } from '../../src/ledger/record.js';
import { canonicalJson, digest } from '../../src/security/canonical.js';

/** Effects of one cluster: object, system, how many things it makes. */
const EFFECTS = [
  ['organisation', 'otterize', 'organisation', 1],
  ['invites', 'otterize', 'invites', 2],
  ['environment', 'otterize', 'environment', 1],
  ['integration', 'otterize', 'integration', 1],
  ['integration', 'key-vault', 'secrets', 2],
  ['values', 'gitlab', 'values', 1],
] as const;

export class PlayedSystems {
  /** every notice, in the order in which it was sent */
  readonly notices: (GateNotice & { readonly requestId: string })[] = [];
  /** how often each effect was made, by its key */
  readonly made = new Map<string, number>();
  private readonly failures = new Map<string, number>();
  private readonly holds = new Map<string, Promise<void>>();
  private readonly ledger: WorkerLedger;
  private readonly guard: EffectGuard;

  constructor(ledger: WorkerLedger, guard: EffectGuard) {
    this.ledger = ledger;
    this.guard = guard;
  }

  /** The next `times` attempts at an object of a target fail for good. */
  fail(target: string, object: string, times = 1): void {
    this.failures.set(effectKey(target, object), times);
  }

  /** Attempts at an object of a target wait until the returned function is called. */
  hold(target: string, object: string): () => void {
    let release: () => void = () => undefined;
    this.holds.set(
      effectKey(target, object),
      new Promise((resolve) => {
        release = resolve;
      }),
    );
    return release;
  }

  byQueue() {
    return {
      plan: this.plan(),
      otterize: this.otterize(),
      gitlab: this.gitlab(),
      argocd: this.argocd(),
      'external-secrets': this.externalSecrets(),
      notifications: this.notifications(),
    } as const;
  }

  private plan(): PlanActivities {
    const { ledger } = this;
    return {
      async planFleet({ requestId }) {
        const record = recordOf(await ledger.entriesOf(requestId));
        if (record === null) throw new Error('no such request');
        if (currentPlan(record) === undefined) {
          const plan: Plan = {
            version: 1,
            requestId,
            epoch: 1,
            beneficiary: { personId: 'p-ada' },
            targets: record.request.content.targets.map(({ key }) => ({
              target: key,
              effects: EFFECTS.map(([effect, system, object, count]) => ({
                key: effectKey(key, effect),
                system,
                object,
                action: 'create',
                count,
                detail: `${object} of ${key}`,
              })),
              invitees: [],
              notes: [],
            })),
            plannedAt: new Date().toISOString(),
          };
          await ledger.recordPlan(requestId, {
            epoch: 1,
            digest: digest(canonicalJson(plan)),
            totals: totalsOf(plan.targets),
            plan,
          });
        }
        return { state: 'planned', epoch: 1, message: 'planned' };
      },
      confirmPlan: () => Promise.resolve({ state: 'confirmed', epoch: 1 }),
    };
  }

  private otterize(): OtterizeActivities {
    return {
      ensureOrganisation: (ref) => this.effect(ref, 'otterize', 'organisation', { organisationId: 'org_1' }),
      ensureInvites: (ref) => this.effect(ref, 'otterize', 'invites', { people: 2 }),
      ensureEnvironment: (ref) => this.effect(ref, 'otterize', 'environment', { environmentId: 'env_1' }),
      ensureIntegration: (ref) => this.effect(ref, 'otterize', 'integration', { integrationId: 'int_1' }),
      waitForConnected: (ref) => this.check(ref, 'otterize', 'connected'),
    };
  }

  private gitlab(): GitLabActivities {
    return { ensureValues: (ref) => this.effect(ref, 'gitlab', 'values', { commit: 'a'.repeat(40) }) };
  }

  private argocd(): ArgoCdActivities {
    return { waitForSync: (ref) => this.check(ref, 'argocd', 'sync') };
  }

  private externalSecrets(): ExternalSecretsActivities {
    return { waitForExternalSecret: (ref) => this.check(ref, 'external-secrets', 'external-secret') };
  }

  private notifications(): NotificationActivities {
    return {
      notifyGate: async ({ requestId, notice }) => {
        this.notices.push({ requestId, ...notice });
        const { gate, epoch, kind, number } = notice;
        await this.ledger.remindGate(requestId, { gate, epoch, kind, number });
      },
      notifyRequest: () => Promise.resolve(),
    };
  }

  private async effect(
    ref: TargetRef,
    system: SystemName,
    object: string,
    readBack: EffectResult['readBack'],
  ): Promise<EffectResult> {
    return this.guard.make(ref, system, object, async ({ key }) => {
      await this.script(ref.target, system, object);
      this.made.set(key, (this.made.get(key) ?? 0) + 1);
      return { outcome: 'created', readBack };
    });
  }

  private async check(ref: TargetRef, system: SystemName, object: string): Promise<CheckResult> {
    await this.guard.permitted({ requestId: ref.requestId, target: ref.target });
    await this.script(ref.target, system, object);
    const readBack = { seen: true };
    await this.ledger.passCheck(ref.requestId, { key: effectKey(ref.target, object), system, readBack });
    return { readBack };
  }

  private async script(target: string, system: SystemName, object: string): Promise<void> {
    const key = effectKey(target, object);
    await this.holds.get(key);
    const left = this.failures.get(key) ?? 0;
    if (left === 0) return;
    this.failures.set(key, left - 1);
    throw new StepFailed(FAILURE.system, {
      system,
      operation: `make ${object}`,
      object: target,
      message: 'the script of the test says no',
      remedy: 'Try once more',
    });
  }
}
