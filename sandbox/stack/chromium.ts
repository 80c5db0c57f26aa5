import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { progress } from './progress.js';
import { runCommand } from './run-command.js';

/** What to do on a machine without the browser. */
export const NO_CHROMIUM =
  'Chromium is not on this machine. Install it (Debian: apt-get install chromium-headless-shell fonts-dejavu-core) or set CHROMIUM_PATH to its program.';

/** The one that never had a window comes first: a page costs it a quarter of the processor's time. */
const NAMES = [
  'chromium-headless-shell',
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
] as const;
/** Debian has both, others only the second. */
const PACKAGES = ['chromium-headless-shell', 'chromium'] as const;

/** Path of the browser: `CHROMIUM_PATH`, else the first known name on the PATH, else undefined. */
export function chromiumPath(): string | undefined {
  const given = process.env.CHROMIUM_PATH;
  if (given !== undefined && given !== '') return given;
  const folders = (process.env.PATH ?? '').split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

/**
 * Installs the browser where that needs no question: as root on Debian and its like. Elsewhere it does nothing.
 * @returns why it is still missing, or undefined when it is there
 */
export async function installChromium(): Promise<string | undefined> {
  if (chromiumPath() !== undefined) return undefined;
  if (process.getuid?.() !== 0) return NO_CHROMIUM;
  const show = progress('Installing Chromium');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const onLine = (line: string) => show.update(line.slice(0, 80));
  try {
    await runCommand('apt-get', ['update', '-qq'], { env, onLine });
    const install = (name: string) =>
      runCommand('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name, 'fonts-dejavu-core'], {
        env,
        onLine,
      });
    const [best, other] = PACKAGES;
    await install(best).catch(() => install(other));
    show.done('done');
  } catch (error) {
    show.done('failed');
    return `${NO_CHROMIUM} ${error instanceof Error ? error.message : error}`;
  }
  return chromiumPath() === undefined ? NO_CHROMIUM : undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
