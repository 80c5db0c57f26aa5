import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The folder outside the checkout that keeps what is slow to make: `GATEHOUSE_CACHE`, else `gatehouse` in
 * `XDG_CACHE_HOME`, else in `~/.cache`. It may be deleted at any time; it fills again.
 */
export function cacheFolder(...below: readonly string[]): string {
  const base =
    process.env.GATEHOUSE_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'gatehouse');
  return join(base, ...below);
}

/** How often a waiting process looks at a lock, and how often the holder says that it is alive. */
const LOCK_POLL_MS = 500;
const LOCK_BEAT_MS = 5000;
/** A lock without a sign of life for this long belongs to a process that was killed, perhaps on another machine. */
const LOCK_STALE_MS = 30_000;

/**
 * Does `work` while no other process on this cache does work of the same name: two runs don't build the same twice.
 * @param onWait called once when another process is at it already
 */
export async function alone<T>(name: string, work: () => Promise<T>, onWait?: () => void): Promise<T> {
  const lock = cacheFolder('locks', name);
  await mkdir(cacheFolder('locks'), { recursive: true });
  let waiting = false;
  while (!(await take(lock))) {
    if (!waiting) onWait?.();
    waiting = true;
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  }
  const beat = setInterval(() => void writeBeat(lock).catch(() => undefined), LOCK_BEAT_MS);
  beat.unref();
  try {
    return await work();
  } finally {
    clearInterval(beat);
    await rm(lock, { recursive: true, force: true });
  }
}

/** Making a folder is atomic: exactly one process succeeds. */
async function take(lock: string): Promise<boolean> {
  try {
    await mkdir(lock);
    await writeBeat(lock);
    return true;
  } catch {
    if (await stale(lock)) await rm(lock, { recursive: true, force: true });
    return false;
  }
}

const writeBeat = (lock: string) => writeFile(join(lock, 'beat'), `${process.pid}\n`);

async function stale(lock: string): Promise<boolean> {
  const seen = await stat(join(lock, 'beat')).catch(() => stat(lock).catch(() => undefined));
  if (seen === undefined) return false;
  if (Date.now() - seen.mtimeMs > LOCK_STALE_MS) return true;
  const holder = Number(await readFile(join(lock, 'beat'), 'utf8').catch(() => ''));
  return holder > 0 && !isAlive(holder);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
