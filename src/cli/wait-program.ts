/** `gatehouse wait` as a program of its own: for pipelines that have no Gatehouse (docs/wait.md). */
import type { Command } from 'commander';
import type { WaitOptions } from './commands/wait.js';
import type { ExitCode } from './exit-code.js';
import { collected, durationWithDefault, wholeOption } from './options.js';
import { programFrame, type Run, type Runner } from './program-frame.js';
import type { Session } from './session.js';

const EXIT_CODES = `
Exit codes: 0 proven, 1 failed or an error, 3 still waiting when the time was up.`;

/** What `wait` does; the bench of accidents gives it a clock of its own. */
export type Waiting = (session: Session, options: WaitOptions) => Promise<ExitCode>;

const waitForReal: Waiting = async (session, options) =>
  (await import('./commands/wait.js')).wait(session, options);

/** Defaults of `wait`: longer than pods take to crash at their start; what pipelines allow a deployment. */
const STABILISATION = '15s';
const WAIT_TIMEOUT = '10m';

/** @param runner gets what the chosen command does */
export function buildWaitProgram(runner: Runner, waiting: Waiting = waitForReal): Command {
  const { program, run } = programFrame(
    'Ends a deployment job when the cluster provably runs your commit, and not before',
    EXIT_CODES,
    runner,
  );
  addWaiting(program, run, waiting);
  addVersion(program, run);
  return program;
}

/** @param waiting what the command does */
export function addWaiting(program: Command, run: Run, waiting: Waiting = waitForReal): void {
  program
    .command('wait')
    .description('prove that a cluster runs a revision (Argo CD, Flux); needs only the right to read')
    .option('--application <name>', 'Application of Argo CD')
    .option('--selector <labels>', 'all Applications with these labels; none at all is a failure')
    .option('--expect <count>', 'how many Applications --selector must match', wholeOption(1, 10_000))
    .option('--flux <kind/name>', 'kustomization/NAME or helmrelease/NAME')
    .option('--revision <commit>', 'whole id of the commit that must run, or one that contains it')
    .option('--chart-version <version>', 'version that sources of Helm charts, or the HelmRelease, must have')
    .option('--namespace <name>', 'of the Application (argocd) or the object of Flux (flux-system)')
    .option(
      '--repository <clone>',
      'folder or address of a clone: later commits that contain ours count, too',
    )
    .option('--source <url>', 'which source of an Application has our commit, when it has several')
    .option('--image <name@digest>', 'image that must run; may be repeated', collected, [])
    .option('--workload <kind/name>', 'where to look for it; may be repeated', collected, [])
    .option('--workload-namespace <name>', 'of the workloads; default: where the resources go')
    .option('--workload-kubeconfig <file>', 'cluster of the workloads, when it is another one')
    .option('--workload-context <name>', 'context in it')
    .option('--kubeconfig <file>', 'default: KUBECONFIG, the service account of the pod, ~/.kube/config')
    .option('--context <name>', 'context of the kubeconfig')
    .option('--server <url>', 'API server, instead of a kubeconfig')
    .option('--token-file <file>', 'bearer token for --server; read for each call')
    .option('--ca-file <file>', 'authority that signed the certificate of --server')
    .option('--refresh', 'ask Argo CD to compare, or Flux to reconcile, at once (needs the right to patch)')
    .option('--manual-sync', 'somebody else syncs: auto-sync that is off is no failure')
    .addOption(
      durationWithDefault('--stabilisation <duration>', 'how long it must stay healthy', STABILISATION),
    )
    .addOption(durationWithDefault('--timeout <duration>', 'give up after this time', WAIT_TIMEOUT))
    .action((options: WaitOptions) => run((session) => waiting(session, options)));
}

export function addVersion(program: Command, run: Run): void {
  program
    .command('version')
    .description('version of this command')
    .action(() => run(async (session) => (await import('./commands/version.js')).version(session)));
}
