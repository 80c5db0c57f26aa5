/** What disappears from the cluster: whether it really does is up to pruning. */
import type { Finding } from '../finding.js';
import type { RenderedDiff } from '../rendered-diff.js';
import { groupOf, objectTitle, type RenderedObject } from '../rendered-objects.js';

/** Flags every object that the change removes. */
export function checkRemovals(diff: RenderedDiff): readonly Finding[] {
  return diff.removed.map((object) => ({
    check: 'removal' as const,
    object: objectTitle(object),
    message: holdsData(object) ? 'it is removed, and the data it holds may go with it' : 'it is removed',
    remedy: 'Make sure that nothing needs it any more; a rollback makes it anew, without what it held.',
    level: 'warn' as const,
  }));
}

/** Kinds whose deletion can delete data. */
function holdsData(object: RenderedObject): boolean {
  const group = groupOf(object);
  return (
    (group === '' &&
      ['PersistentVolumeClaim', 'PersistentVolume', 'Namespace', 'Secret'].includes(object.kind)) ||
    (group === 'apps' && object.kind === 'StatefulSet') ||
    (group === 'apiextensions.k8s.io' && object.kind === 'CustomResourceDefinition')
  );
}
