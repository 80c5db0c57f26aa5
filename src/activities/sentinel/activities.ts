/** Activities of the sentinel, on the queue `plan`. */
import { cancellationSignal } from '@temporalio/activity';
import { refuseWithAlarm } from '../refusal.js';
import type { SentinelActivities } from '../sentinel-contracts.js';
import { judgeRef, type SentinelDeps, watchedPlaces } from './judge-ref.js';

export function createSentinelActivities(deps: SentinelDeps): SentinelActivities {
  const refs = (): ReturnType<typeof watchedPlaces> => watchedPlaces(deps.paths);
  return {
    async listProductionRefs() {
      const once = new Map(
        refs().map(({ project, branch }) => [`${project} ${branch}`, { project, branch }] as const),
      );
      return [...once.values()];
    },

    async judgeRef({ project, branch }) {
      if (!refs().some((place) => place.project === project && place.branch === branch)) {
        const object = `${String(project).slice(0, 200)} ${String(branch).slice(0, 200)}`;
        await refuseWithAlarm(deps.ledger, {
          requestId: null,
          detail: `the sentinel was told to look at ${object}, which no path has`,
          object,
          message: 'no path has this branch',
          remedy: 'Its runs are started by its Schedule',
        });
      }
      return await judgeRef(deps, { project, branch }, cancellationSignal());
    },
  };
}
