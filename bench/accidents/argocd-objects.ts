/** Applications of Argo CD as its controller writes them, for the accidents. */
import type { Clock, WrittenObject } from './accident.js';
import type { Story } from './story.js';

export interface Written {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: object;
  readonly sync?: object;
  readonly health?: object;
  /** null: no operation ever ran */
  readonly operationState?: object | null;
  readonly status?: object;
  readonly operation?: object;
}

/**
 * An Application that compared, applied and became healthy with a commit a while ago, with changes.
 * @param commit what was compared and applied
 */
export function application(commit: string, clock: Clock, written: Written): WrittenObject {
  const { name, labels, operation } = written;
  const source = { repoURL: 'https://git.example.com/ops/prod.git', path: 'shop', targetRevision: 'main' };
  const spec = {
    project: 'platform',
    source,
    destination: { name: 'harbour-01', namespace: 'shop' },
    syncPolicy: { automated: { prune: true, selfHeal: true } },
    ...written.spec,
  };
  return {
    plural: 'applications',
    namespace: 'argocd',
    name,
    spec,
    ...(labels === undefined ? {} : { labels }),
    ...(operation === undefined ? {} : { operation }),
    status: () => ({
      sync: {
        status: 'Synced',
        revision: commit,
        comparedTo: { source, destination: spec.destination },
        ...written.sync,
      },
      health: { status: 'Healthy', lastTransitionTime: clock.ago(60), ...written.health },
      reconciledAt: clock.ago(40),
      ...(written.operationState === null
        ? {}
        : { operationState: operationState(commit, clock, written.operationState) }),
      ...written.status,
    }),
  };
}

/** An operation that applied a commit and succeeded, with changes. */
export function operationState(commit: string, clock: Clock, change: object = {}): object {
  return {
    phase: 'Succeeded',
    message: 'successfully synced (all tasks run)',
    startedAt: clock.ago(80),
    finishedAt: clock.ago(70),
    operation: { sync: { revision: commit }, initiatedBy: { automated: true }, retry: { limit: 5 } },
    syncResult: { revision: commit, resources: [] },
    ...change,
  };
}

/** A wait for our commit in one Application. */
export function waitFor(name: string): (story: Story) => readonly string[] {
  return ({ ours, folder }) => ['--application', name, '--revision', ours, '--repository', folder];
}
