/**
 * The evidence bundle: one request's entries as a portable file that verifies without database and Temporal
 * (`verifyBundle`). Entries of other requests are in it as links only: they let the chain be followed to a signed
 * checkpoint, and show nothing but their type.
 */
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { type ChainLink, linkOf } from './entry-hash.js';
import { isEntryType } from './entry-shapes.js';
import { LedgerCorrupt, LedgerRefused } from './errors.js';
import { membersRead, membersWritten } from './json-members.js';
import type { ChainReader, Checkpoint, StoredEntry } from './ports.js';
import { PAGE } from './tuning.js';

export interface Bundle {
  readonly version: 1;
  readonly kind: 'gatehouse-evidence';
  readonly requestId: string;
  /** all entries of the request, and every key revocation between them and the checkpoint; oldest first */
  readonly entries: readonly StoredEntry[];
  /** what lies between them, up to the checkpoint, oldest first */
  readonly others: readonly ChainLink[];
  /** the newest checkpoint, when it covers the last entry of the request; null when none does yet */
  readonly checkpoint: Checkpoint | null;
}

/**
 * Reads the bundle of a request, open or ended.
 * @throws LedgerRefused `unknown-request`; LedgerCorrupt when the chain has a gap
 */
export async function makeBundle(ledger: ChainReader, requestId: string): Promise<Bundle> {
  const own = await ledger.storedEntriesOf(requestId);
  const [first, last] = [own.at(0), own.at(-1)];
  if (first === undefined || last === undefined) {
    throw new LedgerRefused('make a bundle', 'unknown-request', `${requestId} is not in the ledger`);
  }
  // the newest one, not the first that would do: what came later, a no or a revocation, must not be missing
  const [newest] = await ledger.checkpoints(1);
  const checkpoint = newest !== undefined && newest.seq >= last.seq ? newest : null;
  const end = checkpoint?.seq ?? last.seq;
  const entries: StoredEntry[] = [];
  const others: ChainLink[] = [];
  for await (const entry of chainOf(ledger, first.seq, end)) {
    // entries of the request that came after the first read belong to it too: the file holds all up to the checkpoint
    if (entry.requestId === requestId || entry.type === 'key.revoked') entries.push(entry);
    else others.push(linkOf(entry));
  }
  return { version: 1, kind: 'gatehouse-evidence', requestId, entries, others, checkpoint };
}

async function* chainOf(ledger: ChainReader, from: number, to: number): AsyncGenerator<StoredEntry> {
  let next = from;
  while (next <= to) {
    const page = await ledger.storedEntriesAfter(next - 1, Math.min(PAGE, to - next + 1));
    for (const entry of page) {
      if (entry.seq !== next) throw new LedgerCorrupt(`entry ${next} is missing in the chain`);
      yield entry;
      next += 1;
    }
    if (page.length === 0) throw new LedgerCorrupt(`entry ${next} is missing in the chain`);
  }
}

const closed = { additionalProperties: false } as const;
const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Owner = Type.String({ pattern: '^([0-9a-f]{64})?$' });
const Position = Type.Integer({ minimum: 1 });
const BundleShape = Compile(
  Type.Object(
    {
      version: Type.Literal(1),
      kind: Type.Literal('gatehouse-evidence'),
      requestId: Type.String(),
      entries: Type.Array(
        Type.Object(
          {
            seq: Position,
            at: Type.String(),
            type: Type.String(),
            requestId: Type.Union([Type.String(), Type.Null()]),
            body: Type.String(),
            prevHash: Hash,
            hash: Hash,
          },
          closed,
        ),
      ),
      others: Type.Array(
        Type.Object({ seq: Position, type: Type.String(), owner: Owner, digest: Hash }, closed),
      ),
      checkpoint: Type.Union([
        Type.Object({ seq: Position, hash: Hash, envelope: Type.String() }, closed),
        Type.Null(),
      ]),
    },
    closed,
  ),
);

/**
 * @param text content of a bundle file
 * @returns the bundle, or one line about what is wrong with it
 */
export function parseBundle(text: string): Bundle | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'the file is not JSON';
  }
  // readers differ in which of two they take: one would show what another does not verify
  if (membersWritten(text) !== membersRead(value)) return 'the file holds a member twice';
  if (!BundleShape.Check(value)) return 'the file is not an evidence bundle of version 1';
  const entries: StoredEntry[] = [];
  for (const entry of value.entries) {
    const { type } = entry;
    if (!isEntryType(type))
      return `entry ${entry.seq} is of the type ${type}, which this version does not know`;
    entries.push({ ...entry, type });
  }
  return { ...value, entries };
}
