/** Tells people of commits that came round the path, on the queue `notifications`. What to tell stands in the ledger. */
import { cancellationSignal } from '@temporalio/activity';
import { strayLetter } from '../../domain/promotion/strays.js';
import type { WorkerLedger } from '../../ledger/ports.js';
import type { Mailing } from '../notifications/mailing.js';
import type { StrayNotices } from '../sentinel-contracts.js';

export interface StrayNoticeDeps {
  readonly ledger: Pick<WorkerLedger, 'untoldStrays' | 'noteTold' | 'personal'>;
  readonly mailing: Mailing;
  /** group that owns an application, undefined when it has no path any more */
  readonly ownersOf: (application: string) => string | undefined;
  readonly operators: readonly string[];
  readonly publicUrl: string;
}

export function createStrayNotices(deps: StrayNoticeDeps): StrayNotices {
  const { ledger, mailing, operators } = deps;
  return {
    async tellOfStrays() {
      const strays = await ledger.untoldStrays();
      for (const stray of strays) {
        const { project, branch, commit, places, files } = stray;
        const applications = [...new Set(places.map((key) => key.split('/')[0] ?? ''))];
        const owners = applications.flatMap((application) => deps.ownersOf(application) ?? []);
        const by = stray.by === undefined ? undefined : (await ledger.personal([stray.by])).get(stray.by);
        const link = `${deps.publicUrl.replace(/\/$/, '')}/environments/${applications[0] ?? ''}`;
        // who gets the same id twice, after a crash between sending and noting, knows it as one
        const id = `stray-${commit}`;
        await mailing.tell(
          {
            id,
            event: { type: 'path.changed-around', data: { project, branch, commit, places, files } },
            letter: strayLetter(stray, by ?? 'Somebody whom GitLab has not noted', link),
            groups: [...new Set([...owners, ...operators])],
          },
          cancellationSignal(),
        );
        await ledger.noteTold({ project, branch, commit });
      }
      return { told: strays.length };
    },
  };
}
