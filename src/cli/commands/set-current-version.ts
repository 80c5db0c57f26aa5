/** `gatehouse set-current-version`: the step of a deployment after which workflows run on the new build. */
import { optionalSetting } from '../../config/settings.js';
import { moveCurrentVersion, VersionNotMoved } from '../../config/worker-version.js';
import { CliError } from '../cli-error.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';
import { atTemporal } from '../temporal-connection.js';

/**
 * @param asked build id; undefined: that of GATEHOUSE_BUILD_ID
 * @param options.back also to an older version than the current one
 */
export async function setCurrentVersion(
  { env, output }: Session,
  asked: string | undefined,
  { back = false }: { readonly back?: boolean },
): Promise<ExitCode> {
  const buildId = asked ?? optionalSetting('GATEHOUSE_BUILD_ID', env) ?? '';
  if (buildId === '') {
    throw new CliError('No build is named.', 'Give the build id, or set GATEHOUSE_BUILD_ID.');
  }
  try {
    const before = await atTemporal((connection, namespace) =>
      moveCurrentVersion(connection, namespace, { buildId, back }),
    );
    output.result({ current: buildId, ...(before === undefined ? {} : { before }) }, () => [
      before === buildId
        ? `${buildId} is the current version already.`
        : `${buildId} is the current version now${before === undefined ? '' : `; before it was ${before}`}.`,
    ]);
    return EXIT.done;
  } catch (error) {
    if (error instanceof VersionNotMoved) throw new CliError(error.message, error.remedy);
    throw error;
  }
}
