/** A guard for positive controls. It exists in the tests only; the product has no switch for it. */
import type { EffectResult, TargetRef } from '../../src/activities/contracts.js';
import type { Authority } from '../../src/activities/guard/authority.js';
import {
  EffectGuard,
  type GuardSettings,
  type PermittedEffect,
  type SelectTarget,
} from '../../src/activities/guard/effect-guard.js';
import type { SystemName } from '../../src/domain/failure.js';
import { effectKey } from '../../src/domain/plan.js';
import { currentPlan } from '../../src/domain/record.js';
import type { RequestDocument } from '../../src/domain/request.js';
import type { WorkerLedger } from '../../src/ledger/ports.js';
import { recordOf } from '../../src/ledger/record.js';

/** Asks nobody: no decision, no signature, no reservation. */
export class GuardThatSaysYes<R extends RequestDocument, T> extends EffectGuard<R, T> {
  private readonly record: WorkerLedger;
  private readonly find: SelectTarget<R, T>;

  constructor(ledger: WorkerLedger, authority: Authority, settings: GuardSettings<R, T>) {
    super(ledger, authority, settings);
    this.record = ledger;
    this.find = settings.select;
  }

  override async make(
    ref: TargetRef,
    _system: SystemName,
    object: string,
    act: (effect: PermittedEffect<R, T>) => Promise<EffectResult>,
  ): Promise<EffectResult> {
    const record = recordOf(await this.record.entriesOf(ref.requestId));
    const key = effectKey(ref.target, object);
    const planned = record === null ? undefined : currentPlan(record);
    const plan = planned?.plan.targets.find(({ target }) => target === ref.target);
    const effect = plan?.effects.find((item) => item.key === key);
    const selected = record === null ? undefined : this.find(record.request, ref.target);
    if (!planned || !plan || !effect || !selected) throw new Error('there is no such effect');
    return act({
      requestId: ref.requestId,
      key,
      epoch: planned.epoch,
      ...selected,
      whole: planned.plan,
      plan,
      planned: effect,
      reservedAtMs: Date.now(),
      resumed: false,
      history: [],
      readBackOf: () => Promise.resolve({}),
    });
  }
}
