/** Objects stay in the namespaces of their application. */
import type { Finding } from '../finding.js';
import type { PolicyRules } from '../policy-rules.js';
import { objectTitle, type RenderedObject } from '../rendered-objects.js';
import { isClusterKind } from './cluster-scope.js';

/** Refuses objects in namespaces that the rules do not name; warns of objects whose namespace cannot be known. */
export function checkNamespaces(after: readonly RenderedObject[], rules: PolicyRules): readonly Finding[] {
  return after
    .filter((object) => !isClusterKind(object))
    .flatMap((object): readonly Finding[] => {
      const namespace = object.namespace === '' ? rules.defaultNamespace : object.namespace;
      if (namespace === undefined) {
        return [
          {
            check: 'namespace',
            object: objectTitle(object),
            message: 'it names no namespace, so whatever delivers it decides',
            remedy: 'Write the namespace into the manifest or the kustomization.',
            level: 'warn',
          },
        ];
      }
      if (rules.namespaces.includes(namespace)) return [];
      return [
        {
          check: 'namespace',
          object: objectTitle(object),
          message: `the namespace ${namespace} is not one of this application`,
          remedy: `Use one of: ${rules.namespaces.join(', ') || '(none)'}. Another one must be listed in namespaces of the path.`,
          level: 'refuse',
        },
      ];
    });
}
