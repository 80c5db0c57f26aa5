/** Two manifests for one thing: the one that is applied last wins, and nobody says which that is. */
import { textAt } from '../data.js';
import type { Finding } from '../finding.js';
import type { PolicyRules } from '../policy-rules.js';
import { groupOf, objectKey, objectTitle, type RenderedObject } from '../rendered-objects.js';

export function checkDuplicates(after: readonly RenderedObject[], rules: PolicyRules): readonly Finding[] {
  return [
    ...repeated(after, (object) => objectKey(inNamespace(object, rules))).map((objects) => ({
      check: 'duplicate' as const,
      object: title(objects),
      message: `${objects.length} manifests describe this one object`,
      remedy: 'Keep one of them.',
      level: 'refuse' as const,
    })),
    ...repeated(after, (object) => releaseOf(inNamespace(object, rules))).map((objects) => ({
      check: 'duplicate' as const,
      object: objects.map(objectTitle).join(', '),
      message: 'these HelmReleases make the same release, so each undoes the other',
      remedy: 'Give each its own spec.releaseName.',
      level: 'refuse' as const,
    })),
  ];
}

function title(objects: readonly RenderedObject[]): string {
  const [first] = objects;
  return first === undefined ? '' : objectTitle(first);
}

function inNamespace(object: RenderedObject, rules: PolicyRules): RenderedObject {
  return object.namespace === '' && rules.defaultNamespace !== undefined
    ? { ...object, namespace: rules.defaultNamespace }
    : object;
}

/**
 * The Helm release that a HelmRelease makes (source: helm-controller, api/v2 GetReleaseName and GetStorageNamespace; the
 * cluster it goes to counts too).
 */
function releaseOf(object: RenderedObject): string | undefined {
  const group = groupOf(object);
  if (object.kind !== 'HelmRelease') return undefined;
  if (group !== 'helm.toolkit.fluxcd.io' && group !== 'helm.fluxcd.io') return undefined;
  const target = textAt(object.object, 'spec', 'targetNamespace');
  const composed = target === undefined ? object.name : `${target}-${object.name}`;
  return JSON.stringify([
    textAt(object.object, 'spec', 'kubeConfig', 'secretRef', 'name') ?? '',
    target ?? object.namespace,
    textAt(object.object, 'spec', 'releaseName') ?? composed,
  ]);
}

function repeated(
  objects: readonly RenderedObject[],
  keyOf: (object: RenderedObject) => string | undefined,
): readonly (readonly RenderedObject[])[] {
  const groups = new Map<string, RenderedObject[]>();
  for (const object of objects) {
    const key = keyOf(object);
    if (key !== undefined) groups.set(key, [...(groups.get(key) ?? []), object]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}
