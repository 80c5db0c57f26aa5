/** `gatehouse doctor`: is this installation able to work, and if not, what to do. Reads only. */
import { readInstallation } from '../../config/installation.js';
import { optionalSetting, setting } from '../../config/settings.js';
import { temporalConfig } from '../../config/temporal.js';
import type { WorkPlace } from '../../config/temporal-fitness.js';
import { neededQueues } from '../../domain/task-queues.js';
import { readInstalledFiles } from '../../manifests/installed-files.js';
import { apiChecks } from '../doctor/api-checks.js';
import { type Finding, find } from '../doctor/finding.js';
import { keyChecks } from '../doctor/key-checks.js';
import { ledgerChecks } from '../doctor/ledger-checks.js';
import { findingLines } from '../doctor/render-findings.js';
import { systemChecks } from '../doctor/system-checks.js';
import { temporalChecks } from '../doctor/temporal-checks.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { counted } from '../output/text.js';
import type { Session } from '../session.js';

export async function doctor(session: Session): Promise<ExitCode> {
  const { env, output } = session;
  const absent: string[] = [];
  const installed = await installationChecks(env);
  const findings: Finding[] = [...installed.findings];

  const ledgerUrl = optionalSetting('GATEHOUSE_LEDGER_URL', env);
  if (ledgerUrl === undefined) absent.push('ledger (GATEHOUSE_LEDGER_URL)');
  else findings.push(...(await ledgerChecks(ledgerUrl)));

  const { connection, namespace } = temporalConfig();
  if (connection.address === undefined) absent.push('Temporal (TEMPORAL_ADDRESS)');
  else findings.push(...(await temporalChecks(connection, { namespace, ...installed.work })));

  const url = env.GATEHOUSE_URL;
  if (url === undefined || url === '') absent.push('API (GATEHOUSE_URL)');
  else findings.push(...(await apiChecks(url)));

  const isWell = findings.every(({ state }) => state !== 'fault');
  output.result({ ok: isWell, findings, absent }, () => findingLines(findings, absent, output.style));
  return isWell ? EXIT.done : EXIT.error;
}

interface Installed {
  readonly findings: readonly Finding[];
  /** queues that workers have to serve; none when the installation cannot be read */
  readonly work: Pick<WorkPlace, 'taskQueuePrefix' | 'queues'>;
}

/** What the installation file leads to: its files, keys and systems. */
async function installationChecks(env: NodeJS.ProcessEnv): Promise<Installed> {
  const read: { installation?: ReturnType<typeof readInstallation> } = {};
  const file = await find('installation', 'file', async () => {
    const path = setting('GATEHOUSE_INSTALLATION', env);
    read.installation = readInstallation(path);
    return path;
  });
  const { installation } = read;
  if (installation === undefined) return { findings: [file], work: { taskQueuePrefix: '', queues: [] } };
  const found: { files?: ReturnType<typeof readInstalledFiles> } = {};
  const inventory = await find('installation', 'inventory and policies', async () => {
    const files = readInstalledFiles(installation);
    found.files = files;
    return [
      counted(files.inventory.spec.clusters.length, 'cluster'),
      files.policies.length === 1 ? '1 policy' : `${files.policies.length} policies`,
      ...(files.paths.length === 0 ? [] : [counted(files.paths.length, 'promotion path')]),
    ].join(', ');
  });
  return {
    findings: [
      file,
      inventory,
      ...(await keyChecks(installation)),
      ...(found.files === undefined ? [] : await systemChecks(installation, found.files.inventory)),
    ],
    work: {
      taskQueuePrefix: installation.taskQueuePrefix,
      queues: neededQueues((found.files?.paths ?? []).length > 0),
    },
  };
}
