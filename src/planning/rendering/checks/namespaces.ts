/** Objects stay in the namespaces of their application. */
import type { Finding } from '../finding.js';
import type { PolicyRules } from '../policy-rules.js';
import { objectTitle, type RenderedObject } from '../rendered-objects.js';
import { isClusterKind, scopesIn } from './cluster-scope.js';
import { defaultOf, hasPlaceholder } from './placeholders.js';

/** Refuses objects in namespaces that the rules do not name; warns of objects whose namespace cannot be known. */
export function checkNamespaces(after: readonly RenderedObject[], rules: PolicyRules): readonly Finding[] {
  const scopes = scopesIn(after);
  return after
    .filter((object) => !isClusterKind(object, scopes))
    .flatMap((object): readonly Finding[] => {
      const written = object.namespace === '' ? rules.defaultNamespace : object.namespace;
      // what has no value here is told by checkPlaceholders, for the whole object
      if (hasPlaceholder(written) && defaultOf(written ?? '') === undefined) return [];
      const namespace = defaultOf(written ?? '') ?? written;
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
