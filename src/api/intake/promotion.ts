/** A promotion that is asked for. */
import type { PromotionContent } from '../../domain/promotion/request.js';
import { workflowIdOf } from '../../domain/request.js';
import { expandPromotion } from '../../manifests/expand-promotion.js';
import { ManifestError } from '../../manifests/fault.js';
import type { InstalledPath } from '../../manifests/installed-files.js';
import { faultMaker, type Located } from '../../manifests/manifest.js';
import { suggest } from '../../manifests/near-miss.js';
import type { PromotionManifest } from '../../manifests/promotion.js';
import { canonicalJson, digest } from '../../security/canonical.js';
import type { Fault } from '../problems.js';
import { withManifestFaults } from './manifest-faults.js';
import type { Wanted } from './wanted.js';

/**
 * @param paths those of the installation
 * @param placeOf where a fault is, for who sent it
 * @throws Problem `invalid-manifest` for an application without a path, and for what its path does not have
 */
export function wantedPromotion(
  promotion: Located<PromotionManifest>,
  paths: readonly InstalledPath[],
  placeOf?: (fault: ManifestError['faults'][number]) => Fault,
): Wanted {
  const content = withManifestFaults(() => {
    const path = pathOf(promotion, paths);
    return expandPromotion(promotion, path.manifest, path.digest);
  }, placeOf);
  const { application, environment, exception, owners } = content;
  const contentHash = digest(canonicalJson(content));
  return {
    kind: 'Promotion',
    workflowId: (content.shadow === true ? workflowIdOf.shadow : workflowIdOf.promotion)(
      application,
      environment,
    ),
    subject: {
      kind: 'Promotion',
      application,
      environment,
      owners,
      ...(exception === undefined ? {} : { exception }),
    },
    ...turnOf(content),
    name: `The ${content.shadow === true ? 'shadow' : 'promotion'} of ${application} to ${environment}`,
    people: [],
    contentHash: () => contentHash,
    refsIn: () => [],
    document: (common, requestedFor) => ({
      ...common,
      kind: 'Promotion',
      ...(requestedFor === undefined ? {} : { requestedFor }),
      contentHash,
      content,
    }),
  };
}

/** Who goes round the normal way is in a hurry, and goes before those who do not. */
function turnOf({ rules, exception }: PromotionContent): Pick<Wanted, 'turn'> {
  if (rules.whileOpen !== 'queue') return {};
  return { turn: exception === undefined ? 'last' : 'first' };
}

function pathOf(
  { manifest, document }: Located<PromotionManifest>,
  paths: readonly InstalledPath[],
): InstalledPath {
  const { name } = manifest.metadata;
  const path = paths.find((candidate) => candidate.manifest.metadata.name === name);
  if (path !== undefined) return path;
  const known = paths.map((candidate) => candidate.manifest.metadata.name);
  throw new ManifestError([
    faultMaker(document)(['metadata', 'name'], `"${name}" has no path: ${suggest(name, known)}`),
  ]);
}
