/** The change log: one row for each promotion, to be read by people, spreadsheets and programs. */
import { personIdOf } from '../person-id.js';
import { currentPlan, entriesOfType, type RequestRecord } from '../record.js';
import { deriveStatus } from '../status/request-status.js';
import type { StatusWord } from '../status/shapes.js';
import { describeRelease } from './release.js';

/** Holds no personal data: how many agreed, not who. */
export interface ChangeLogRow {
  /** ISO 8601: when the request ended; of an open one, when it was accepted */
  readonly at: string;
  readonly application: string;
  readonly environment: string;
  /** one line; empty while nothing is planned */
  readonly release: string;
  /** `hotfix`, `break-glass`, `rollback`; empty: the normal way */
  readonly exception: string;
  readonly outcome: StatusWord;
  readonly requestId: string;
  /** different persons who agreed */
  readonly approvers: number;
  readonly waitedMs: number;
  readonly workedMs: number;
}

const COLUMNS = [
  'at',
  'application',
  'environment',
  'release',
  'exception',
  'outcome',
  'requestId',
  'approvers',
  'waitedMs',
  'workedMs',
] as const satisfies readonly (keyof ChangeLogRow)[];

/**
 * @param records requests, any order; those that are no promotions are left out
 * @param nowMs time of asking: what open requests have waited until now
 * @returns rows, oldest first
 */
export function changeLog(records: readonly RequestRecord[], nowMs: number): readonly ChangeLogRow[] {
  return records
    .flatMap((record) => rowOf(record, nowMs) ?? [])
    .sort((a, b) => a.at.localeCompare(b.at) || a.requestId.localeCompare(b.requestId));
}

function rowOf(record: RequestRecord, nowMs: number): ChangeLogRow | undefined {
  const { request } = record;
  if (request.kind !== 'Promotion') return undefined;
  const { application, environment, exception } = request.content;
  const plan = currentPlan(record);
  const release = plan?.plan.promotion?.release;
  const { status, times, endedAt, acceptedAt } = deriveStatus(record, [], nowMs);
  return {
    at: endedAt ?? acceptedAt,
    application,
    environment,
    release: release === undefined ? '' : describeRelease(release),
    exception: exception ?? '',
    outcome: status,
    requestId: record.requestId,
    approvers: approversOf(record, plan?.epoch),
    waitedMs: times.waitedMs,
    workedMs: times.workedMs,
  };
}

function approversOf(record: RequestRecord, epoch: number | undefined): number {
  const agreed = entriesOfType(record.entries, 'decision.made').filter(
    ({ body }) => body.epoch === epoch && body.decision === 'approve',
  );
  return new Set(agreed.map(({ body }) => personIdOf(body.personId))).size;
}

/** RFC 4180, with a header. No cell can be taken for a formula by a spreadsheet. */
export function changeLogCsv(rows: readonly ChangeLogRow[]): string {
  const lines = rows.map((row) => COLUMNS.map((column) => cellOf(row[column])).join(','));
  return [COLUMNS.join(','), ...lines, ''].join('\r\n');
}

/** JSON that may also stand inside of a page: nothing in it can end a script or open a tag. */
export function changeLogJson(rows: readonly ChangeLogRow[]): string {
  return JSON.stringify(rows, null, 2).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** What spreadsheets take for the beginning of a formula, also after white space and in full width (source: OWASP, CSV injection). */
const FORMULA = /^\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/;

function cellOf(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return `"${text.replaceAll('"', '""')}"`;
}
