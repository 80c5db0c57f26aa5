import Type from 'typebox';
import type { JsonRequester } from '../http/json-requester.js';
import { explainedNotFound, subjectOf } from './errors.js';
import { allPages } from './pages.js';

/** Most freeze periods of a project; people write them by hand. */
const MOST_FREEZE_PERIODS = 200;

const FreezeRow = Type.Object({
  id: Type.Integer(),
  freeze_start: Type.String(),
  freeze_end: Type.String(),
  cron_timezone: Type.String(),
});

/** A time in which a project says nothing should be deployed. GitLab itself stops no merge in it. */
export interface FreezePeriod {
  readonly id: number;
  /** five cron fields */
  readonly freezeStart: string;
  /** five cron fields */
  readonly freezeEnd: string;
  /** name of a time zone as IANA or Rails has it, e.g. `UTC`, `Europe/Berlin`, `Berlin` */
  readonly timeZone: string;
}

/** Reads the freeze periods of a project; see `GitLabRepositories.freezePeriods`. */
export async function readFreezePeriods(
  http: JsonRequester,
  project: string,
  signal: AbortSignal | undefined,
): Promise<readonly FreezePeriod[]> {
  const subject = subjectOf('list freeze periods', project);
  try {
    const rows = await allPages(http, subject, {
      path: ['projects', project, 'freeze_periods'],
      row: FreezeRow,
      most: MOST_FREEZE_PERIODS,
      what: 'freeze periods',
      signal,
    });
    return rows.map((row) => ({
      id: row.id,
      freezeStart: row.freeze_start,
      freezeEnd: row.freeze_end,
      timeZone: row.cron_timezone,
    }));
  } catch (error) {
    throw explainedNotFound(error, subject);
  }
}
