/** Activities on the queue `change-records`. */
import { cancellationSignal } from '@temporalio/activity';
import { FAILURE } from '../../domain/failure.js';
import { whyNotClosed } from '../../domain/promotion/effect-conditions.js';
import { PROMOTION_OBJECT } from '../../domain/promotion/request.js';
import type { RequestRecord } from '../../domain/record.js';
import type { WorkerLedger } from '../../ledger/ports.js';
import { recordOf } from '../../ledger/record.js';
import type { ChangeRecords } from '../../systems/servicenow/change-records.js';
import { effectRefused, StepFailed } from '../errors.js';
import type { EnvironmentGuard } from '../guard/select-place.js';
import type { ChangeRecordActivities } from '../promotion-contracts.js';
import { openChangeRecord } from './change-record.js';
import { endChangeRecord } from './change-record-end.js';

/** Change records as the activities ask for them. */
export type ChangeRecordsPort = Pick<
  ChangeRecords,
  'open' | 'requestApproval' | 'read' | 'addWorkNote' | 'close' | 'cancel'
>;

export interface ChangeRecordActivityDeps {
  readonly ledger: Pick<WorkerLedger, 'entriesOf'>;
  readonly guard: EnvironmentGuard;
  /** undefined: not configured */
  readonly changeRecords: ChangeRecordsPort | undefined;
  /** address of the page, for the link in the record */
  readonly publicUrl: string;
  /** group that records are assigned to; the vendor wants one before somebody can approve */
  readonly assignmentGroup?: string;
}

export function createChangeRecordActivities(deps: ChangeRecordActivityDeps): ChangeRecordActivities {
  const { guard } = deps;
  return {
    ensureChangeRecord: (ref) =>
      guard.make(
        ref,
        'servicenow',
        PROMOTION_OBJECT.changeRecord,
        async (effect) =>
          await openChangeRecord(
            configured(deps.changeRecords, ref.target),
            { record: await recordFor(deps, ref.requestId), effect, ...settingsOf(deps) },
            cancellationSignal(),
          ),
        { phase: 'proposal' },
      ),

    ensureChangeRecordEnd: (ref) =>
      guard.make(
        ref,
        'servicenow',
        PROMOTION_OBJECT.changeRecordEnd,
        async (effect) =>
          await endChangeRecord(
            configured(deps.changeRecords, ref.target),
            { record: await recordFor(deps, ref.requestId), effect, ...settingsOf(deps) },
            cancellationSignal(),
          ),
        { phase: 'tidying', whyNot: whyNotClosed },
      ),
  };
}

export interface RecordSettings {
  readonly publicUrl: string;
  readonly assignmentGroup?: string;
}

function settingsOf({ publicUrl, assignmentGroup }: ChangeRecordActivityDeps): RecordSettings {
  return { publicUrl, ...(assignmentGroup === undefined ? {} : { assignmentGroup }) };
}

/** The guard has verified the request; this reads what else the ledger says of it. */
async function recordFor(
  { ledger }: Pick<ChangeRecordActivityDeps, 'ledger'>,
  requestId: string,
): Promise<RequestRecord> {
  const record = recordOf(await ledger.entriesOf(requestId));
  if (record === null) throw effectRefused(requestId, 'the ledger knows no such request', 'Ask again');
  return record;
}

function configured(changeRecords: ChangeRecordsPort | undefined, object: string): ChangeRecordsPort {
  if (changeRecords !== undefined) return changeRecords;
  throw new StepFailed(FAILURE.hopeless, {
    system: 'servicenow',
    operation: 'ensure change record',
    object,
    message: 'the path wants a change record, and the installation names no system for them',
    remedy: 'Add systems.servicenow to the installation, or take changeRecord off the path, then retry',
  });
}
