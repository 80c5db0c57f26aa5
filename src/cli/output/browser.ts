/** Starts the browser of this machine, where there is one. */
import { spawn } from 'node:child_process';

/** What opens an address on each system; elsewhere it is xdg-open. The address is one argument: no shell reads it. */
const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  // `start` is a word of the shell; this is the program behind it
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

/**
 * @param address https, or http on this machine
 * @param env BROWSER names another program
 * @returns false when no browser could be started; the caller shows the address instead
 */
export function openInBrowser(address: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const [program, ...before] = env.BROWSER ? [env.BROWSER] : (OPENERS[process.platform] ?? ['xdg-open']);
  if (program === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    const child = spawn(program, [...before, address], { stdio: 'ignore', detached: true, env });
    child.once('error', () => resolve(false));
    child.once('spawn', () => {
      child.unref();
      resolve(true);
    });
  });
}
