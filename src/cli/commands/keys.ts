/** `gatehouse keys`: makes a set of keys, shows a ring, revokes a key. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setting } from '../../config/settings.js';
import { LedgerDatabase } from '../../ledger/database.js';
import { PgApiLedger } from '../../ledger/pg-api.js';
import { describeKeySet, generateKeySet, KEY_FILES, writeKeySet } from '../../security/key-generation.js';
import { KeyRing } from '../../security/keyring.js';
import { CliError } from '../cli-error.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { agrees } from '../output/question.js';
import { columns } from '../output/text.js';
import type { Session } from '../session.js';

/** Makes every key of a new installation. Existing files are never overwritten. */
export async function generateKeys({ output }: Session, folder: string): Promise<ExitCode> {
  const set = await generateKeySet();
  await writeKeySet(folder, set);
  const { decision, request, checkpoint } = set.signing;
  output.result(
    {
      folder,
      files: Object.values(KEY_FILES),
      keys: [decision, request, checkpoint].map(({ kid, alg, use }) => ({ kid, alg, use })),
      codec: set.codec.current,
    },
    () => [
      `Keys made in ${folder}. Give each file to its holder only:`,
      ...columns(describeKeySet(set).map((line) => line.split('  '))).map((line) => `  ${line}`),
      `Pin ${join(folder, KEY_FILES.ring)} outside: whoever verifies evidence needs it. Keep a copy of ${KEY_FILES.codec}: without it every history is unreadable.`,
    ],
  );
  return EXIT.done;
}

/** Shows the public keys of a ring. @param file path of a ring, or of a folder that `generate` made */
export async function describeKeys({ output }: Session, file: string): Promise<ExitCode> {
  const ring = await readRing(file);
  const keys = ring.kids().flatMap((kid) => {
    const key = ring.find(kid);
    return key === undefined ? [] : [key];
  });
  output.result(
    {
      keys: keys.map(({ kid, alg, use, revokedAt }) => ({
        kid,
        alg,
        use,
        ...(revokedAt === undefined ? {} : { revokedAt }),
      })),
    },
    () =>
      columns(
        keys.map(({ kid, alg, use, revokedAt }) => [
          kid,
          alg,
          use,
          revokedAt === undefined ? '' : output.style.bad(`revoked at ${revokedAt}`),
        ]),
      ),
  );
  return EXIT.done;
}

/**
 * Revokes a key in the ledger, from this moment of the chain on. Uses the ledger itself and not the API: when a key is
 * stolen, the API may be what nobody trusts any more.
 */
export async function revokeKey(
  session: Session,
  kid: string,
  options: { readonly keys: string; readonly yes?: boolean },
): Promise<ExitCode> {
  const { env, output } = session;
  const ring = await readRing(options.keys);
  if (ring.find(kid) === undefined) {
    throw new CliError(
      `The ring ${options.keys} holds no key ${kid}.`,
      `It holds ${ring.kids().join(', ')}.`,
    );
  }
  if (options.yes !== true) {
    if (!output.canAsk) {
      throw new CliError(
        'Nobody is at the terminal to confirm.',
        'Add --yes: a revocation cannot be taken back.',
      );
    }
    if (!(await agrees(output, `Revoke ${kid} now? What it signs from now on counts nowhere, for ever.`))) {
      output.aside('Nothing was done.');
      return EXIT.error;
    }
  }
  const database = new LedgerDatabase({
    connectionString: setting('GATEHOUSE_LEDGER_URL', env),
    applicationName: 'gatehouse-revoke-key',
    poolSize: 1,
  });
  try {
    const ledger = new PgApiLedger(database);
    await ledger.revokeKey({ kid });
    const revokedAt = (await ledger.revokedKeys()).get(kid);
    output.result({ kid, revokedAt }, () => [
      `${kid} is revoked since ${revokedAt}. What it signed before stays valid.`,
      'Write "revokedAt" into the ring of whoever verifies outside, and put a new key in use.',
    ]);
    return EXIT.done;
  } finally {
    await database.close();
  }
}

async function readRing(path: string): Promise<KeyRing> {
  try {
    return await KeyRing.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EISDIR') {
      return KeyRing.read(join(path, KEY_FILES.ring));
    }
    throw error;
  }
}
