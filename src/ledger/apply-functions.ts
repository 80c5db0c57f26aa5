/**
 * Functions of the ledger: one file each in `functions`, applied whole after the numbered migrations, in one transaction with
 * the shapes of entries and the rights. So a function stands in one place, and what a migration changes is tables and rows.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type pg from 'pg';
import { shapeFaults } from './shape-faults.js';

/**
 * Does nothing when these very functions are in force, or when newer ones have replaced them: an older build that is started
 * once more takes nothing back.
 * @param client connected as the owner, without a transaction
 * @returns true when they were applied now
 */
export async function applyFunctions(client: pg.Client): Promise<boolean> {
  const functions = readdirSync(new URL('functions', import.meta.url))
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => read(`functions/${name}`));
  const faults = shapeFaults();
  const rights = read('apply/rights.sql');
  const digest = createHash('sha256')
    .update([...functions, rights, JSON.stringify(faults)].join('\n'))
    .digest('hex');
  await client.query('begin');
  try {
    await client.query('set local search_path = gatehouse, pg_temp');
    // they name each other: each is checked when it is called
    await client.query('set local check_function_bodies = off');
    const { rowCount } = await client.query('select 1 from function_set where digest = $1', [digest]);
    if (rowCount === 0) {
      await client.query([read('apply/superseded.sql'), ...functions].join('\n'));
      await client.query('delete from entry_shape');
      await client.query(
        `insert into entry_shape (type, place, fault)
         select f ->> 'type', f ->> 'place', (f ->> 'fault')::jsonpath from jsonb_array_elements($1::jsonb) f`,
        [JSON.stringify(faults)],
      );
      await client.query(rights);
      await client.query('insert into function_set (digest) values ($1)', [digest]);
    }
    await client.query('commit');
    return rowCount === 0;
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

function read(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8');
}
