/** All checks of what would be in the cluster after a change. */
import { checkClusterKinds } from './checks/cluster-scope.js';
import { checkDeprecatedApis } from './checks/deprecated-apis.js';
import { checkDuplicates } from './checks/duplicates.js';
import { checkImagePins } from './checks/image-pins.js';
import { checkMigrations } from './checks/migrations.js';
import { checkNamespaces } from './checks/namespaces.js';
import { checkPlaceholders } from './checks/placeholders.js';
import { checkPlainSecrets } from './checks/plain-secrets.js';
import { checkRemovals } from './checks/removals.js';
import { checkSchemas } from './checks/schemas.js';
import type { Finding } from './finding.js';
import type { PolicyRules } from './policy-rules.js';
import type { RenderedDiff } from './rendered-diff.js';
import type { RenderedObject } from './rendered-objects.js';

/**
 * Runs every check. What is wrong in the whole of `after` counts, not only what changes, but for kinds of the cluster,
 * migrations and removals, which are about the change.
 * @param diff of the rendering before and `after`
 * @param charted those of `after` that a chart makes: values of its Secrets do not stand in Git
 * @returns refusals first
 */
export function checkRendered(
  after: readonly RenderedObject[],
  diff: RenderedDiff,
  rules: PolicyRules,
  charted: ReadonlySet<RenderedObject> = new Set(),
): readonly Finding[] {
  const findings = [
    ...checkClusterKinds(diff, rules),
    ...checkNamespaces(after, rules),
    ...checkPlainSecrets(after.filter((object) => !charted.has(object))),
    ...checkImagePins(after, rules),
    ...checkDeprecatedApis(after, rules),
    ...checkDuplicates(after, rules),
    ...checkSchemas(after),
    ...checkPlaceholders(after),
    ...checkMigrations(diff),
    ...checkRemovals(diff),
  ];
  return LEVELS.flatMap((level) => findings.filter((finding) => finding.level === level));
}

const LEVELS = ['refuse', 'warn', 'note'] as const;
