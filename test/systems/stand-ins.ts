import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { ControlClient } from '../../sandbox/framework/control-client.js';
import { startTypeScript } from '../../sandbox/stack/processes.js';
import { temporaryFolder } from '../../sandbox/stack/temporary-folder.js';
import { makeWorld, type World } from '../../sandbox/world.js';
import { reportSystem } from '../support/report.js';

const ENTRY = fileURLToPath(new URL('../../sandbox/main.ts', import.meta.url));
const Addresses = Type.Record(Type.String(), Type.String());

export interface StandIns {
  readonly world: World;
  /** origins by name, and extras */
  readonly addresses: Readonly<Record<string, string>>;
  /** the address of a stand-in; fails when it was not started */
  origin(name: string): string;
  control(name: string, ca?: string): ControlClient;
  close(): Promise<void>;
}

/** Starts the named stand-ins in a process of their own, with a fresh example world of three clusters. */
export async function startStandIns(...names: readonly string[]): Promise<StandIns> {
  return await startStandInsIn(makeWorld({ clusters: 3 }), names);
}

/** The same with a world that the caller has made. */
export async function startStandInsIn(world: World, names: readonly string[]): Promise<StandIns> {
  const folder = await temporaryFolder('stand-ins');
  const worldFile = path.join(folder.path, 'world.json');
  const portFile = path.join(folder.path, 'ports.json');
  writeFileSync(worldFile, JSON.stringify(world), { mode: 0o600 });
  const running = await startTypeScript({
    name: 'stand-ins',
    entry: ENTRY,
    args: [
      ...['--state', path.join(folder.path, 'state'), '--world', worldFile],
      ...['--only', names.join(','), '--port-file', portFile],
    ],
    logFile: path.join(folder.path, 'stand-ins.log'),
    ready: () => (existsSync(portFile) ? addressesIn(portFile) : undefined),
  });
  for (const name of names) reportSystem(name, 'stand-in');
  const origin = (name: string) => {
    const address = running.found[name];
    if (address === undefined) throw new Error(`The stand-in ${name} was not started.`);
    return address;
  };
  return {
    world,
    addresses: running.found,
    origin,
    control: (name, ca) => new ControlClient(origin(name), ca),
    close: async () => {
      await running.stop();
      await folder.remove();
    },
  };
}

function addressesIn(file: string): Record<string, string> {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!Value.Check(Addresses, value)) throw new Error('The port file is not of its shape.');
  return value;
}
