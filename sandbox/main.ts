import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import Type, { type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { startSandbox } from './sandbox.js';
import { readWorld } from './world.js';

/**
 * `tsx sandbox/main.ts --state DIR --world FILE [--only a,b] [--ports JSON] [--port-file FILE] [--peers FILE]`
 *
 * Runs stand-ins until SIGTERM or SIGINT. The port file is written when all are up; `--peers` reads the port file of
 * stand-ins that run in another process.
 */
const USAGE =
  'usage: tsx sandbox/main.ts --state DIR --world FILE [--only a,b] [--ports JSON] [--port-file FILE] [--peers FILE]';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      state: { type: 'string' },
      world: { type: 'string' },
      only: { type: 'string' },
      ports: { type: 'string' },
      'port-file': { type: 'string' },
      peers: { type: 'string' },
    },
  });
  if (values.state === undefined || values.world === undefined) throw new Error(USAGE);
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
  });
  const sandbox = await startSandbox({
    stateDir: values.state,
    world: readWorld(values.world),
    ...(values.only === undefined ? {} : { only: values.only.split(',') }),
    ...(values.ports === undefined
      ? {}
      : { ports: parsed(Type.Record(Type.String(), Type.Integer()), values.ports, '--ports') }),
    ...(values.peers === undefined
      ? {}
      : {
          peers: parsed(
            Type.Record(Type.String(), Type.String()),
            readFileSync(values.peers, 'utf8'),
            '--peers',
          ),
        }),
  });
  const text = `${JSON.stringify(sandbox.addresses, null, 2)}\n`;
  const portFile = values['port-file'];
  if (portFile === undefined) {
    process.stdout.write(text);
  } else {
    // whoever waits for the file must never see half of it
    writeFileSync(`${portFile}.new`, text);
    renameSync(`${portFile}.new`, portFile);
  }
  await stopped;
  await sandbox.close();
}

function parsed<T extends TSchema>(schema: T, text: string, option: string): Static<T> {
  const value: unknown = JSON.parse(text);
  if (!Value.Check(schema, value)) throw new Error(`${option} does not have the right shape\n${USAGE}`);
  return value;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
