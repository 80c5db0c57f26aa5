/** Promotions of the installed paths as the ledger knows them. */

import type { RequestRecord } from '../domain/record.js';
import { workflowIdOf } from '../domain/request.js';
import type { ApiLedger } from '../ledger/ports.js';
import { HISTORY } from './limits.js';
import { Problem } from './problems.js';

export interface EnvironmentName {
  readonly application: string;
  readonly environment: string;
}

/** Rows of the ledger read at once. */
const PAGE = 100;

export class PromotionRecords {
  private readonly ledger: Pick<ApiLedger, 'requests' | 'recordFor'>;

  constructor(ledger: Pick<ApiLedger, 'requests' | 'recordFor'>) {
    this.ledger = ledger;
  }

  /** The newest promotions into an environment, newest first. */
  async newest(
    { application, environment }: EnvironmentName,
    count: number = HISTORY.perEnvironment,
  ): Promise<readonly RequestRecord[]> {
    const page = await this.ledger.requests({
      limit: count,
      workflowId: workflowIdOf.promotion(application, environment),
    });
    return this.recordsOf(page.map(({ requestId }) => requestId));
  }

  /**
   * All promotions into environments that were accepted since a moment, and those that were still open then.
   * @throws Problem `malformed` when there are more than one answer may read
   */
  async since(environments: readonly EnvironmentName[], sinceMs: number): Promise<readonly RequestRecord[]> {
    const ids: string[] = [];
    for (const { application, environment } of environments) {
      const workflowId = workflowIdOf.promotion(application, environment);
      let before: number | undefined;
      for (;;) {
        const page = await this.ledger.requests({
          limit: PAGE,
          workflowId,
          ...(before === undefined ? {} : { before }),
        });
        const recent = page.filter(
          ({ acceptedAt, ended }) =>
            Date.parse(acceptedAt) >= sinceMs || ended === null || Date.parse(ended.at) >= sinceMs,
        );
        ids.push(...recent.map(({ requestId }) => requestId));
        if (ids.length > HISTORY.maxRequests) throw tooMany();
        const last = page.at(-1);
        // one is open at a time, so what came before one that had ended by then had ended too
        if (last === undefined || page.length < PAGE || recent.length < page.length) break;
        before = last.seq;
      }
    }
    return this.recordsOf(ids);
  }

  private async recordsOf(ids: readonly string[]): Promise<readonly RequestRecord[]> {
    const records: RequestRecord[] = [];
    for (const id of ids) {
      const record = await this.ledger.recordFor(id);
      if (record !== null) records.push(record);
    }
    return records;
  }
}

function tooMany(): Problem {
  return new Problem('malformed', `There are more than ${HISTORY.maxRequests} promotions in this period.`, {
    remedy: 'Name an application, an environment or a shorter period (from, to).',
  });
}
