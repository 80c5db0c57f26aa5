/** `gatehouse plan` for a promotion: reads Git, registries and reports, renders, and writes nothing; needs no Temporal. */
import { optionalSetting } from '../../config/settings.js';
import { isEmptyPlan, totalsOf } from '../../domain/plan.js';
import { expandPromotion } from '../../manifests/expand-promotion.js';
import type { InstalledFiles, InstalledPath } from '../../manifests/installed-files.js';
import type { Located } from '../../manifests/manifest.js';
import { suggest } from '../../manifests/near-miss.js';
import { choosePolicy } from '../../manifests/policies.js';
import type { PromotionManifest } from '../../manifests/promotion.js';
import { planPromotion } from '../../planning/promotion/promotion-plan.js';
import type { PromotionSystems } from '../../planning/promotion/systems.js';
import { installedSystems } from '../../systems/installed.js';
import { CliError } from '../cli-error.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { readInstalled } from '../installed.js';
import { localFacts } from '../plan/local-facts.js';
import { promotionPlanLines } from '../plan/promotion-plan-lines.js';
import type { Session } from '../session.js';

export async function planPromotionFile(
  session: Session,
  promotion: Located<PromotionManifest>,
): Promise<ExitCode> {
  const { env, output, signal } = session;
  const { installation, files } = readInstalled(env);
  const path = pathFor(promotion, files);
  const content = expandPromotion(promotion, path.manifest, path.digest);
  const { application, environment, owners, exception } = content;
  const { policy } = choosePolicy(files.policies, {
    kind: 'Promotion',
    application,
    environment,
    owners,
    ...(exception === undefined ? {} : { exception }),
  });
  const gates = policy.spec.gates.map(({ name }) => name);
  const facts = localFacts(optionalSetting('GATEHOUSE_LEDGER_URL', env));
  try {
    let looks = 0;
    const planned = await planPromotion(
      content,
      readingSystems(installedSystems(installation)),
      { checks: facts.checks, effects: facts.history },
      () => {
        looks += 1;
        output.passing(`Reading … ${looks}`);
      },
      signal,
    );
    output.passing('');
    const totals = totalsOf(planned.targets);
    output.result({ totals, gates, ledgerRead: facts.hasLedger, ...planned }, () =>
      promotionPlanLines(planned, { title: `${application} to ${environment}`, gates }, output.style),
    );
    if (!facts.hasLedger) {
      output.aside(
        'No ledger was read, so nothing is known to be verified anywhere. Set GATEHOUSE_LEDGER_URL to a login that may read.',
      );
    }
    if (totals.conflict > 0) return EXIT.error;
    return isEmptyPlan(planned.targets) ? EXIT.done : EXIT.changes;
  } finally {
    await facts.close();
  }
}

function pathFor({ manifest }: Located<PromotionManifest>, files: InstalledFiles): InstalledPath {
  const { name } = manifest.metadata;
  const path = files.pathFor(name);
  if (path !== undefined) return path;
  const known = files.paths.map((one) => one.manifest.metadata.name);
  if (known.length === 0) {
    throw new CliError(
      'No promotion paths are installed, so nothing can be promoted.',
      'Write a Path, and name its folder in files.paths of the installation.',
    );
  }
  throw new CliError(`"${name}" has no path: ${suggest(name, known)}.`, 'Correct the name, or write a Path.');
}

/** Clusters are not asked: to have them compare needs a right to write. The plan of the request itself proves it. */
function readingSystems({
  gitlab,
  directory,
  promotion,
}: ReturnType<typeof installedSystems>): PromotionSystems {
  const { repositories, registry, harbor, kustomize, helm } = promotion;
  return {
    gitlab,
    directory,
    repositories,
    registry,
    harbor,
    kustomize,
    helm,
    runs: async () => ({
      isProven: true,
      message: 'taken for granted here; the plan of the request has to prove it',
    }),
  };
}
