import pg from 'pg';
import type { GatehouseStack } from '../../sandbox/stack/gatehouse.js';
import type { Sink } from './search.js';

const TABLES = `
  select format('%I.%I', table_schema, table_name) as name
  from information_schema.tables
  where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')
  order by 1`;
/** Where a password or a setting could stand outside of tables of ours. */
const CATALOGUES = [
  'pg_catalog.pg_authid',
  'pg_catalog.pg_description',
  'pg_catalog.pg_proc',
  'pg_catalog.pg_stat_activity',
];

/** All rows of all tables as text, one sink for each table. */
export async function postgresSinks(stack: GatehouseStack): Promise<readonly Sink[]> {
  const client = new pg.Client({ connectionString: stack.databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(TABLES);
    const sinks: Sink[] = [];
    for (const name of [...rows.map((row) => row.name), ...CATALOGUES]) {
      const { rows: lines } = await client.query<{ line: string }>(`select t::text as line from ${name} t`);
      sinks.push({ name: `postgres ${name}`, bytes: Buffer.from(lines.map(({ line }) => line).join('\n')) });
    }
    return sinks;
  } finally {
    await client.end();
  }
}
