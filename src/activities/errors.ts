/** What activities throw. The interceptor in `failure-mapping` turns it into Temporal's failures; nothing else does. */
import { FAILURE, type FailureType, type SystemName, type TroubleScope } from '../domain/failure.js';

export interface StepFields {
  readonly system: SystemName | 'gatehouse';
  readonly operation: string;
  readonly object: string;
  readonly message: string;
  readonly remedy: string;
  readonly scope?: TroubleScope;
}

/** A step that ends for good: retrying would not change it. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed';
  readonly type: FailureType;
  readonly fields: StepFields;

  constructor(type: FailureType, fields: StepFields) {
    super(`${fields.system}: ${fields.operation} ${fields.object}: ${fields.message}`);
    this.type = type;
    this.fields = fields;
  }
}

/** The ledger does not permit the effect. Always comes with an alarm entry. */
export function effectRefused(object: string, message: string, remedy: string): StepFailed {
  return new StepFailed(FAILURE.refused, {
    system: 'gatehouse',
    operation: 'permit',
    object,
    message,
    remedy,
  });
}

/** An object with our name exists and neither the ledger nor a marker shows it as ours. */
export function nameTaken(system: SystemName, noun: string, object: string, remedy: string): StepFailed {
  return new StepFailed(FAILURE.taken, {
    system,
    operation: `ensure ${noun}`,
    object,
    message: `a ${noun} of this name exists and was not made by Gatehouse`,
    remedy,
  });
}
