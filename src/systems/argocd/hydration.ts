/**
 * Applications with a source hydrator: Argo CD compares with commits that it made itself, each of one commit of the dry source,
 * where people push (argo-cd 3.5, pkg/apis/application/v1alpha1/types.go). Pure.
 */
import { type Application, isCommit } from './application.js';

/** The Application as if it read its dry source: each hydrated commit is the one that it was made of, as far as that is known. */
export function withDryRevisions(application: Application): Application {
  const made = madeOf(application);
  const { status } = application;
  if (made.size === 0 || status === undefined) return application;
  const dry = (revision: string): string => made.get(revision) ?? revision;
  const translated = <T extends { readonly revision?: string; readonly revisions?: string[] }>(of: T): T => ({
    ...of,
    ...(of.revision === undefined ? {} : { revision: dry(of.revision) }),
    ...(of.revisions === undefined ? {} : { revisions: of.revisions.map(dry) }),
  });
  const { sync, operationState, history } = status;
  const { operation, syncResult } = operationState ?? {};
  return {
    ...application,
    status: {
      ...status,
      ...(sync === undefined ? {} : { sync: translated(sync) }),
      ...(history ? { history: history.map(translated) } : {}),
      ...(operationState === undefined
        ? {}
        : {
            operationState: {
              ...operationState,
              ...(syncResult === undefined ? {} : { syncResult: translated(syncResult) }),
              ...(operation?.sync === undefined
                ? {}
                : { operation: { ...operation, sync: translated(operation.sync) } }),
            },
          }),
    },
  };
}

/** Dry commits by the commits that were made of them. */
function madeOf({ status }: Application): ReadonlyMap<string, string> {
  const { lastSuccessfulOperation, currentOperation } = status?.sourceHydrator ?? {};
  const done = currentOperation?.phase === 'Hydrated' ? currentOperation : undefined;
  const made = new Map<string, string>();
  for (const { drySHA, hydratedSHA } of [done ?? {}, lastSuccessfulOperation ?? {}]) {
    if (drySHA !== undefined && hydratedSHA !== undefined && isCommit(drySHA)) made.set(hydratedSHA, drySHA);
  }
  return made;
}

/** The commit of the dry source that was hydrated last or is being hydrated; undefined without a hydrator. */
export function dryCommitsNamedBy({ status }: Application): readonly string[] {
  const { lastSuccessfulOperation, currentOperation } = status?.sourceHydrator ?? {};
  const named = [lastSuccessfulOperation?.drySHA, currentOperation?.drySHA];
  return [...new Set(named.filter((one) => one !== undefined).filter(isCommit))];
}

/** A hydration of one of these commits that failed, in Argo CD's words. */
export function failedHydration(
  { status }: Application,
  isOurs: (commit: string) => boolean,
): { readonly message: string; readonly since: string | undefined } | undefined {
  const {
    phase,
    message,
    drySHA = '',
    startedAt,
    finishedAt,
  } = status?.sourceHydrator?.currentOperation ?? {};
  if (phase !== 'Failed' || !isOurs(drySHA)) return undefined;
  return { message: message ?? '', since: finishedAt ?? startedAt };
}
