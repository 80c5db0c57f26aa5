/** Objects whose API version the target no longer serves, or soon will not. */
import type { Finding } from '../finding.js';
import type { PolicyRules } from '../policy-rules.js';
import { objectTitle, type RenderedObject } from '../rendered-objects.js';
import { removalOf } from './removed-apis.js';

export function checkDeprecatedApis(
  after: readonly RenderedObject[],
  rules: PolicyRules,
): readonly Finding[] {
  return after.flatMap((object): readonly Finding[] => {
    const removal = removalOf(object.apiVersion, object.kind, rules.kubernetesMinor);
    if (removal === undefined) return [];
    const when =
      removal.removedIn === undefined
        ? 'is no longer served'
        : removal.gone
          ? `was removed in Kubernetes ${removal.removedIn}`
          : `will be removed in Kubernetes ${removal.removedIn}`;
    return [
      {
        check: 'deprecated-api',
        object: objectTitle(object),
        message: `${object.apiVersion} ${object.kind} ${when}`,
        remedy:
          removal.instead === undefined
            ? 'There is no successor: take it out.'
            : `Use ${removal.instead}; its fields may differ.`,
        level: removal.gone ? 'refuse' : 'warn',
      },
    ];
  });
}
