/** Objects of Argo CD, Flux and External Secrets against the schemas that their projects publish. */
import type { Finding } from '../finding.js';
import { groupOf, objectTitle, type RenderedObject } from '../rendered-objects.js';
import { checkSchema } from './crd-schemas.js';
import { hasPlaceholder, valueAt } from './placeholders.js';

/** Kinds of other projects are noted once each: they could not be checked. */
export function checkSchemas(after: readonly RenderedObject[]): readonly Finding[] {
  const unknown = new Set<string>();
  const findings = after.flatMap((object): readonly Finding[] => {
    const answer = checkSchema(object);
    if (answer.state === 'unknown-kind') {
      if (!isBuiltIn(object)) unknown.add(`${object.apiVersion} ${object.kind}`);
      return [];
    }
    if (answer.state === 'not-served') {
      return [
        {
          check: 'schema',
          object: objectTitle(object),
          message: `${object.apiVersion} of ${object.kind} is not served`,
          remedy: `Use ${answer.served.map((version) => `${groupOf(object)}/${version}`).join(' or ')}.`,
          level: 'refuse',
        },
      ];
    }
    return answer.faults
      .filter(
        ({ field, unknown: noSuchField }) => noSuchField || !hasPlaceholder(valueAt(object.object, field)),
      )
      .map(({ field, message, unknown: noSuchField }) => ({
        check: 'schema',
        object: objectTitle(object),
        message: `${field}: ${message}`,
        remedy: noSuchField
          ? 'Correct its name: the API server drops it in silence.'
          : 'Correct the manifest: the API server refuses it.',
        level: noSuchField ? 'warn' : 'refuse',
      }));
  });
  return [
    ...findings,
    ...[...unknown].sort().map((kind) => ({
      check: 'schema' as const,
      object: kind,
      message: 'no schema of this kind is known here',
      remedy: 'Nothing to do: the API server checks it when it is applied.',
      level: 'note' as const,
    })),
  ];
}

/** Kinds of Kubernetes itself: groups without a dot, or below k8s.io. */
function isBuiltIn(object: RenderedObject): boolean {
  const group = groupOf(object);
  return !group.includes('.') || group.endsWith('.k8s.io');
}
