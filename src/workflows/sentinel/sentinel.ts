/**
 * Looks once at every branch that production reads, and ends: a Schedule starts it again and again. It takes no input, and
 * nothing that it is told counts: the activities read Git and the ledger themselves.
 */
import { isCancellation } from '@temporalio/workflow';
import type { ProductionRef } from '../../domain/promotion/strays.js';
import { sentinelActivities } from '../activity-options.js';
import { showDetails } from '../current-details.js';

/** Branches that are looked at side by side: each look is a few calls to GitLab. */
const AT_ONCE = 4;

/** @throws ActivityFailure when a branch could not be looked at, after the others were, so that it is seen in the UI */
export async function sentinel(): Promise<void> {
  const { watching, notices } = sentinelActivities();
  const refs = [...(await watching.listProductionRefs())];
  const counts = { branches: refs.length, strays: 0 };
  const failures: unknown[] = [];
  const look = async (): Promise<void> => {
    for (let ref = refs.shift(); ref !== undefined; ref = refs.shift()) {
      counts.strays += await judged(ref);
    }
  };
  const judged = async (ref: ProductionRef): Promise<number> => {
    try {
      return (await watching.judgeRef(ref)).strays;
    } catch (error) {
      if (isCancellation(error)) throw error;
      failures.push(error);
      return 0;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, look));
  // also those that an earlier look found and could not tell of
  const { told } = await notices.tellOfStrays();
  showDetails(
    `${counts.branches} branches looked at, ${counts.strays} commits came round the path, people told of ${told}.`,
  );
  const [failure] = failures;
  if (failure !== undefined) throw failure;
}
