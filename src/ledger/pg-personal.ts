/** The erasable table of personal values. */
import type { PersonalRef } from '../domain/request.js';
import { column, type LedgerDatabase, type Row } from './database.js';
import { LedgerCorrupt } from './errors.js';
import { newSalt, personalRef } from './personal-ref.js';
import type { PersonalReader, PersonalWriter } from './ports.js';

export class PgPersonalTable implements PersonalReader, PersonalWriter {
  readonly #database: LedgerDatabase;

  constructor(database: LedgerDatabase) {
    this.#database = database;
  }

  async keepPersonal(requestId: string, values: readonly string[]): Promise<readonly PersonalRef[]> {
    if (values.length === 0) return [];
    const salts = values.map(newSalt);
    const refs = values.map((value, i) => personalRef(salts[i] ?? '', value));
    const rows = await this.#database.query(
      'keep personal values',
      'select gatehouse.keep_personal($1, $2::text[], $3::text[], $4::text[]) as kept',
      [requestId, refs, salts, values],
    );
    return column.texts(rows[0] ?? {}, 'kept');
  }

  async personal(refs: readonly PersonalRef[]): Promise<ReadonlyMap<PersonalRef, string>> {
    if (refs.length === 0) return new Map();
    return new Map((await this.rowsOf(refs)).map(personalValueOf));
  }

  rowsOf(refs: readonly PersonalRef[]): Promise<readonly Row[]> {
    return this.#database.query(
      'read personal values',
      'select ref, salt, value from gatehouse.personal_values($1::text[])',
      [refs],
    );
  }
}

/**
 * The reference stands in signed documents and commits to the value: another value behind it is a forgery.
 * @throws LedgerCorrupt
 */
export function personalValueOf(row: Row): readonly [PersonalRef, string] {
  const ref = column.text(row, 'ref');
  const value = column.text(row, 'value');
  if (personalRef(column.text(row, 'salt'), value) !== ref) {
    throw new LedgerCorrupt(`the personal value behind ${ref} is not the one that was kept`);
  }
  return [ref, value];
}
