import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { RunningStandIn } from './framework/running.js';
import { STAND_INS } from './registry.js';
import type { World } from './world.js';

export interface SandboxOptions {
  readonly world: World;
  /** state of all stand-ins, one folder each; start again with the same folder to go on */
  readonly stateDir: string;
  /** names of stand-ins to start; default all */
  readonly only?: readonly string[];
  /** fixed ports by name; default a free one */
  readonly ports?: Readonly<Record<string, number>>;
  /** addresses of stand-ins that run in other processes */
  readonly peers?: Readonly<Record<string, string>>;
}

export interface Sandbox {
  /** origins by name, and extras as `caFile` */
  readonly addresses: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** A stand-in was asked for that does not exist. */
export class UnknownStandInError extends Error {
  override readonly name = 'UnknownStandInError';
}

/**
 * Starts the chosen stand-ins in this process.
 * @throws UnknownStandInError for a name that is not in the registry
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const chosen = options.only ?? Object.keys(STAND_INS);
  const unknown = chosen.filter((name) => !(name in STAND_INS));
  if (unknown.length > 0) {
    throw new UnknownStandInError(
      `no stand-in called ${unknown.join(', ')}; there are ${Object.keys(STAND_INS).join(', ')}`,
    );
  }
  const addresses: Record<string, string> = { ...options.peers };
  const running: RunningStandIn[] = [];
  const close = async () => {
    await Promise.all(running.map((standIn) => standIn.close()));
  };
  try {
    for (const [name, start] of Object.entries(STAND_INS)) {
      if (!chosen.includes(name)) continue;
      const folder = path.join(options.stateDir, name);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const standIn = await start({
        world: options.world,
        folder,
        port: options.ports?.[name] ?? 0,
        originOf: (other) => addresses[other],
      });
      running.push(standIn);
      Object.assign(addresses, standIn.extra, { [name]: standIn.origin });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { addresses, close };
}
