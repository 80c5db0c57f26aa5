/** `gatehouse plan`: reads file, installation and systems, and writes nothing; needs no Temporal. */
import { optionalSetting } from '../../config/settings.js';
import type { FleetManifest } from '../../domain/manifest.js';
import { totalsOf } from '../../domain/plan.js';
import { expandFleet } from '../../manifests/expand.js';
import type { Located } from '../../manifests/manifest.js';
import { choosePolicy } from '../../manifests/policies.js';
import { isFleet } from '../../manifests/read.js';
import { planTargets } from '../../planning/fleet-plan.js';
import { installedSystems } from '../../systems/installed.js';
import { readAskedFile } from '../asked-file.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { readInstalled } from '../installed.js';
import { estimateSeconds } from '../plan/estimate.js';
import { localFacts } from '../plan/local-facts.js';
import { isNothing, planLines } from '../plan/render-plan.js';
import type { Session } from '../session.js';

/** @param file path of a Fleet or a Promotion */
export async function plan(session: Session, file: string): Promise<ExitCode> {
  const { asked } = readAskedFile(file);
  if (isFleet(asked)) return planFleet(session, asked);
  return (await import('./plan-promotion.js')).planPromotionFile(session, asked);
}

async function planFleet(session: Session, fleet: Located<FleetManifest>): Promise<ExitCode> {
  const { env, output, signal } = session;
  const { installation, files } = readInstalled(env);
  const { policy } = choosePolicy(files.policies, { kind: 'Fleet', service: fleet.manifest.spec.service });
  const facts = localFacts(optionalSetting('GATEHOUSE_LEDGER_URL', env));
  try {
    const content = expandFleet(fleet, files.inventory, facts.refOf, files.owned);
    const total = content.targets.length;
    const targets = await planTargets(
      content.targets,
      installedSystems(installation),
      facts,
      (done) => output.passing(`Reading ${done} of ${total} …`),
      signal,
    );
    output.passing('');
    const totals = totalsOf(targets);
    const gates = policy.spec.gates.map(({ name }) => name);
    const shown = { targets, maxInFlight: content.maxInFlight, gates };
    output.result(
      {
        totals,
        seconds: estimateSeconds(targets, content.maxInFlight),
        gates,
        ledgerRead: facts.hasLedger,
        targets: targets.map(({ target, effects, notes }) => ({ target, effects, notes })),
      },
      () => planLines(shown, output.style, output.width),
    );
    if (!facts.hasLedger && targets.some(hasForeignOrganisation)) {
      output.aside(
        "No ledger was read: organisations that Gatehouse made look like somebody else's. Set GATEHOUSE_LEDGER_URL to a login that may read, e.g. the auditor's.",
      );
    }
    if (totals.conflict > 0) return EXIT.error;
    return isNothing(totals) ? EXIT.done : EXIT.changes;
  } finally {
    await facts.close();
  }
}

function hasForeignOrganisation(target: Awaited<ReturnType<typeof planTargets>>[number]): boolean {
  return target.effects.some(({ object, action }) => object === 'organisation' && action === 'conflict');
}
