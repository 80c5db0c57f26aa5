/** Activities on the queue `argocd`. */
import { effectKey } from '../../domain/plan.js';
import type { ClusterTarget } from '../../domain/request.js';
import type { WorkerLedger } from '../../ledger/ports.js';
import { type Application, commitsNamedBy } from '../../systems/argocd/application.js';
import type { Applications } from '../../systems/argocd/applications.js';
import { ERROR_PATIENCE_MS, judgeSync } from '../../systems/argocd/sync-state.js';
import type { GitLabClient } from '../../systems/gitlab/client.js';
import type { ArgoCdActivities } from '../contracts.js';
import { effectRefused } from '../errors.js';
import type { EffectGuard } from '../guard/effect-guard.js';
import { WaitNotes } from '../wait-notes.js';
import { type Look, waitFor } from '../waiting.js';

/** Argo CD up to 3.5.1 loses a refresh request made while it compares: ask again after this long, in milliseconds. */
const REFRESH_AGAIN_MS = 10_000;
/**
 * The sync has ended but nothing was compared since, in whole seconds: the state may still be that before the end. One
 * more comparison tells; asked for after this long, in milliseconds, so that it lies in a later second.
 */
const COMPARE_AGAIN_MS = 1_200;

/** The check that the wait becomes. */
const SYNC = 'sync';

export interface ArgoCdActivityDeps {
  readonly ledger: WorkerLedger;
  readonly guard: EffectGuard;
  readonly gitlab: GitLabClient;
  readonly applicationsOf: (application: ClusterTarget['application']) => Applications;
  readonly stabilisationMs: number;
  /** of the installation: an input may ask for less, never for more */
  readonly waitAtMostMs: number;
}

export function createArgoCdActivities(deps: ArgoCdActivityDeps): ArgoCdActivities {
  return {
    async waitForSync(input) {
      const { verified, target } = await deps.guard.permitted(input);
      const values = await deps.guard.readBackOf(verified.record, input, 'values');
      const revision = values.commit;
      if (typeof revision !== 'string') {
        throw effectRefused(input.target, 'the ledger holds no commit of the values', 'Retry the cluster');
      }
      const watch = new SyncWatch(deps, target, revision);
      const readBack = await waitFor(
        {
          system: 'argocd',
          operation: 'wait for sync',
          object: target.application.name,
          maxWaitMs: Math.min(input.maxWaitMs, deps.waitAtMostMs),
          remedy: 'Look at the Application in Argo CD, then retry',
          notes: new WaitNotes(deps.ledger, { ...input, step: SYNC }),
        },
        (signal) => watch.look(signal),
      );
      await deps.ledger.passCheck(input.requestId, {
        key: effectKey(input.target, SYNC),
        system: 'argocd',
        readBack,
      });
      return { readBack };
    },
  };
}

/** Looks at one Application until it runs our commit or a later one that contains it. */
class SyncWatch {
  private readonly deps: ArgoCdActivityDeps;
  private readonly target: ClusterTarget;
  private readonly revision: string;
  private readonly applications: Applications;
  private readonly containing: Set<string>;
  private readonly notContaining = new Set<string>();
  private requested: { readonly at: string; readonly askedMs: number } | undefined;
  private firstAsked: string | undefined;
  private comparedTooEarly = false;

  constructor(deps: ArgoCdActivityDeps, target: ClusterTarget, revision: string) {
    this.deps = deps;
    this.target = target;
    this.revision = revision;
    this.applications = deps.applicationsOf(target.application);
    this.containing = new Set([revision]);
  }

  async look(signal: AbortSignal): Promise<Look> {
    const notBefore = await this.refresh(signal);
    const { name } = this.target.application;
    const application = await this.applications.read(name, signal);
    if (application !== null) await this.askGit(application, signal);
    const judgement = judgeSync(
      application,
      {
        revision: this.revision,
        containing: this.containing,
        notBefore,
        stabilisationMs: this.deps.stabilisationMs,
        errorPatienceMs: ERROR_PATIENCE_MS,
      },
      new Date().toISOString(),
    );
    switch (judgement.state) {
      case 'synced':
        return {
          state: 'reached',
          readBack: { ...judgement.readBack, deployedAt: deployedAt(application, notBefore) },
        };
      case 'waiting':
        this.comparedTooEarly = judgement.clause === 'compared-too-early';
        return { state: 'waiting', clause: `${judgement.clause}: ${judgement.message}` };
      case 'hopeless':
        return judgement;
    }
  }

  /** Nothing happens for minutes after a push unless somebody asks (measured on the real one). */
  private async refresh(signal: AbortSignal): Promise<string> {
    const again = this.comparedTooEarly ? COMPARE_AGAIN_MS : REFRESH_AGAIN_MS;
    if (this.requested === undefined || Date.now() - this.requested.askedMs > again) {
      const { requestedAt } = await this.applications.requestRefresh(
        this.target.application.name,
        'normal',
        signal,
      );
      this.requested = { at: requestedAt, askedMs: Date.now() };
      this.firstAsked ??= requestedAt;
    }
    return this.firstAsked ?? this.requested.at;
  }

  /** A later commit that contains ours is as good as ours; only Git knows. */
  private async askGit(application: Application, signal: AbortSignal): Promise<void> {
    const { project } = this.target.values;
    for (const commit of commitsNamedBy(application)) {
      if (this.containing.has(commit) || this.notContaining.has(commit)) continue;
      const contains = await this.deps.gitlab.isAncestor(project, this.revision, commit, signal);
      (contains ? this.containing : this.notContaining).add(commit);
    }
  }
}

/** End of the operation that brought it, or the time of our request when nothing had to be applied. */
function deployedAt(application: Application | null, notBefore: string): string {
  const finishedAt = application?.status?.operationState?.finishedAt;
  return finishedAt !== undefined && finishedAt !== null && Date.parse(finishedAt) > Date.parse(notBefore)
    ? finishedAt
    : notBefore;
}
