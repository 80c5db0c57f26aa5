/** The Applications that an Application brings: Argo CD leaves their health out of its own (argo-cd #3781). */
import type { Application } from '../systems/argocd/application.js';
import { sameRepository } from '../systems/argocd/revisions.js';
import type { ApplicationReader } from './shared-applications.js';

export interface ApplicationKey {
  readonly namespace: string;
  readonly name: string;
}

/** Which sources of a child follow what its parent follows, and so must come to our commit too. */
export interface ParentSources {
  readonly follows: (source: { readonly repoURL?: string; readonly targetRevision?: string }) => boolean;
}

/**
 * Its children, in its own order: those that it manages, and those that ApplicationSets which it manages have made.
 * @param namespace its own
 * @throws SystemError
 */
export async function childrenOf(
  { status }: Application,
  namespace: string,
  readerOf: (namespace: string) => ApplicationReader,
  signal: AbortSignal,
): Promise<readonly ApplicationKey[]> {
  const found = new Map<string, ApplicationKey>();
  for (const { group, kind, name, namespace: place, hook } of status?.resources ?? []) {
    if (group !== 'argoproj.io' || hook === true || name === undefined) continue;
    const where = place || namespace;
    const keys =
      kind === 'Application'
        ? [{ namespace: where, name }]
        : kind === 'ApplicationSet'
          ? await madeBySet(name, where, readerOf(where), signal)
          : [];
    for (const key of keys) found.set(`${key.namespace}/${key.name}`, key);
  }
  return [...found.values()];
}

/** An ApplicationSet makes its Applications in its own namespace, and owns them. */
async function madeBySet(
  set: string,
  namespace: string,
  reader: ApplicationReader,
  signal: AbortSignal,
): Promise<readonly ApplicationKey[]> {
  const readings = await reader.matching('', signal);
  return readings.flatMap(({ application }) => {
    const owners = application?.metadata.ownerReferences ?? [];
    const isOwned = owners.some(({ kind, name }) => kind === 'ApplicationSet' && name === set);
    return application !== null && isOwned ? [{ namespace, name: application.metadata.name }] : [];
  });
}

/** A child that reads the same branch of the same repository is changed by the same commits. */
export function sourcesOf({ spec }: Application): ParentSources {
  const single = spec.source ?? spec.sourceHydrator?.drySource;
  const own = spec.sources ?? (single === undefined ? [] : [single]);
  return {
    follows: ({ repoURL = '', targetRevision = 'HEAD' }) =>
      own.some(
        (source) =>
          !source.chart &&
          sameRepository(source.repoURL ?? '', repoURL) &&
          (source.targetRevision ?? 'HEAD') === targetRevision,
      ),
  };
}
