/** The parts of ServiceNow's answers that Gatehouse reads (vendor: Table API; every value of a record is a text). */
import Type, { type Static } from 'typebox';
import type { ChangeApproval, ChangeRecord, ChangeType } from './types.js';

/** Fields asked for by `sysparm_fields`; of what is not asked for nothing comes. */
export const FIELDS = [
  'sys_id',
  'number',
  'correlation_id',
  'state',
  'approval',
  'type',
  'close_code',
] as const;

export const Row = Type.Object({
  sys_id: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  number: Type.String({ minLength: 1 }),
  correlation_id: Type.String(),
  state: Type.String({ pattern: '^-?[0-9]+$' }),
  approval: Type.String(),
  type: Type.Optional(Type.String()),
  close_code: Type.Optional(Type.String()),
});
export type Row = Static<typeof Row>;

export const OneRow = Type.Object({ result: Row });
export const Rows = Type.Object({ result: Type.Array(Row) });
export const Notes = Type.Object({ result: Type.Object({ work_notes: Type.String() }) });

const APPROVALS: readonly ChangeApproval[] = ['not requested', 'requested', 'approved', 'rejected'];
const TYPES: readonly ChangeType[] = ['normal', 'standard', 'emergency'];

/** @param baseUrl of the instance, for the link */
export function toRecord(row: Row, baseUrl: string): ChangeRecord {
  return {
    sysId: row.sys_id,
    number: row.number,
    correlationId: row.correlation_id,
    state: Number(row.state),
    // what an installation adds to the four (cancelled, not required, duplicate) is no approval
    approval: APPROVALS.find((one) => one === row.approval) ?? 'not requested',
    type: TYPES.find((one) => one === row.type) ?? 'normal',
    ...(row.close_code ? { outcome: row.close_code } : {}),
    url: new URL(`nav_to.do?uri=${encodeURIComponent(`change_request.do?sys_id=${row.sys_id}`)}`, baseUrl)
      .href,
  };
}
