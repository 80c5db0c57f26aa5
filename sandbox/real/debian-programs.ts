import { constants } from 'node:fs';
import { access, mkdir, readdir, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { alone, cacheFolder } from '../stack/cache.js';
import { progress } from '../stack/progress.js';
import { runCommand } from '../stack/run-command.js';
import { ComponentUnavailable } from './component.js';

/** A program that Debian and its like have as a package. */
export interface DebianProgram {
  readonly name: string;
  readonly packageName: string;
}

export const ETCD: DebianProgram = { name: 'etcd', packageName: 'etcd-server' };
export const REDIS: DebianProgram = { name: 'redis-server', packageName: 'redis-server' };
export const REGISTRY: DebianProgram = { name: 'docker-registry', packageName: 'docker-registry' };

/** How to run one. */
export interface ProgramToRun {
  readonly command: string;
  /** The environment that it needs to find its libraries. */
  readonly env: NodeJS.ProcessEnv;
  /** e.g. `3.4.23` */
  readonly version: string;
}

const folderOf = (program: DebianProgram) => cacheFolder('debian', program.name);
const markerOf = (program: DebianProgram) => join(folderOf(program), 'complete');

/**
 * Gets programs that are not on the PATH: their packages are downloaded by apt and unpacked into the cache. Nothing is
 * installed on the machine and no service is started, so it needs no root where apt has its lists.
 * @throws ComponentUnavailable where there is no apt, or the packages can't be had
 */
export async function installDebianPrograms(
  programs: readonly DebianProgram[],
  signal: AbortSignal,
): Promise<void> {
  for (const program of programs) {
    if ((await onPath(program.name)) !== undefined || (await exists(markerOf(program)))) continue;
    await alone(`debian-${program.name}`, async () => {
      if (!(await exists(markerOf(program)))) await unpack(program, signal);
    });
  }
}

/** @throws ComponentUnavailable when it was not installed */
export async function debianProgram(program: DebianProgram): Promise<ProgramToRun> {
  const found = await onPath(program.name);
  if (found !== undefined) return withVersion(found, process.env);
  const root = join(folderOf(program), 'root');
  for (const command of [join(root, 'usr/bin', program.name), join(root, 'usr/sbin', program.name)]) {
    if (!(await exists(command))) continue;
    const architectures = await readdir(join(root, 'usr/lib')).catch(() => []);
    const libraries = architectures.map((name) => join(root, 'usr/lib', name));
    const more = process.env.LD_LIBRARY_PATH === undefined ? [] : [process.env.LD_LIBRARY_PATH];
    const path = [...libraries, ...more].join(delimiter);
    return withVersion(command, { ...process.env, ...(path !== '' && { LD_LIBRARY_PATH: path }) });
  }
  throw unavailable(program, 'It is not in the cache.');
}

async function unpack(program: DebianProgram, signal: AbortSignal): Promise<void> {
  const folder = folderOf(program);
  const packages = join(folder, 'packages');
  const show = progress(`Getting ${program.name}`);
  const onLine = (line: string) => show.update(line.slice(0, 100));
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(join(packages, 'partial'), { recursive: true });
    if (process.getuid?.() === 0) await runCommand('apt-get', ['update', '-qq'], { env, onLine, signal });
    const into = ['-o', `Dir::Cache::archives=${packages}`, '-o', 'Debug::NoLocking=1'];
    // with what it depends on, as far as the machine does not have it
    const wanted = ['install', '--download-only', '-y', '--no-install-recommends', program.packageName];
    await runCommand('apt-get', [...wanted, ...into], { env, onLine, signal });
    for (const file of await readdir(packages)) {
      if (!file.endsWith('.deb')) continue;
      await runCommand('dpkg-deb', ['-x', join(packages, file), join(folder, 'root')], { onLine, signal });
    }
    await debianProgram(program);
    await rm(packages, { recursive: true, force: true });
    await mkdir(markerOf(program));
    show.done('done');
  } catch (error) {
    show.done('failed');
    throw unavailable(program, error instanceof Error ? error.message : String(error));
  }
}

async function withVersion(command: string, env: NodeJS.ProcessEnv): Promise<ProgramToRun> {
  const said = await runCommand(command, ['--version'], { env, timeoutMs: 20_000 });
  return { command, env, version: /\d+\.\d+\.\d+/.exec(said)?.[0] ?? 'of unknown version' };
}

function unavailable(program: DebianProgram, why: string): ComponentUnavailable {
  return new ComponentUnavailable(
    `${program.name} could not be had. Put it on the PATH, or run on Debian or its like with package lists (as root: apt-get update), where the package ${program.packageName} is unpacked into the cache.\n${why}`,
  );
}

async function onPath(name: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return undefined;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
