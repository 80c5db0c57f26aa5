/** Reads requests as the ledger knows them, with votes whose signatures hold. */
import type { Vote } from '../domain/gate-rules.js';
import { mapRecordTexts, referencesIn, withValues } from '../domain/personal-text.js';
import { isOver, type RequestRecord } from '../domain/record.js';
import { deriveStatus } from '../domain/status/request-status.js';
import type { RequestStatus, Surroundings } from '../domain/status/shapes.js';
import { waitForTurn } from '../domain/turns.js';
import type { ApiLedger } from '../ledger/ports.js';
import { recordOf } from '../ledger/record.js';
import type { KeyRing } from '../security/keyring.js';
import type { Holds } from './holds.js';
import type { WorkflowPort } from './ports.js';
import { unsound } from './soundness.js';
import { verifiedVotes } from './verified-votes.js';

/** Anything else is no request id, and no question to the database. */
const REQUEST_ID = /^[A-Za-z0-9_-]{1,64}$/;

export class RequestReader {
  private readonly ledger: ApiLedger;
  private readonly ring: KeyRing;
  private readonly holds: Pick<Holds, 'all'>;
  private readonly workflows: Pick<WorkflowPort, 'look'>;
  private readonly now: () => number;

  constructor(
    ledger: ApiLedger,
    ring: KeyRing,
    holds: Pick<Holds, 'all'>,
    workflows: Pick<WorkflowPort, 'look'>,
    now: () => number,
  ) {
    this.ledger = ledger;
    this.workflows = workflows;
    this.ring = ring;
    this.holds = holds;
    this.now = now;
  }

  /** The record without asking who wants it; null when there is none. @throws LedgerCorrupt when its documents cannot be read */
  async find(requestId: string): Promise<RequestRecord | null> {
    if (!REQUEST_ID.test(requestId)) return null;
    return recordOf(await this.ledger.entriesOf(requestId));
  }

  /** Where a request stands now. @param around what it meets, where that is read already */
  async statusOf(record: RequestRecord, around?: Surroundings): Promise<RequestStatus> {
    return deriveStatus(
      await this.readable(record),
      await this.votesOf(record),
      this.now(),
      around ?? (await this.around(record)),
    );
  }

  /** Where a request stands for whoever looks at it alone: with what Temporal knows of its run. */
  async closelyOf(record: RequestRecord): Promise<RequestStatus> {
    return this.statusOf(record, await this.closelyAround(record));
  }

  /** What a request meets, and what Temporal knows of its run; for one request, never for a list. */
  async closelyAround(record: RequestRecord): Promise<Surroundings> {
    const around = await this.around(record);
    // one that is in line has no run yet
    if (isOver(record) || around.line !== undefined) return around;
    return { ...around, run: await this.workflows.look(record.request.workflowId) };
  }

  /** What a request meets that its own entries don't hold. */
  async around(record: RequestRecord): Promise<Surroundings> {
    if (isOver(record)) return {};
    return {
      waits: await this.ledger.waitsOf(record.requestId),
      undelivered: await this.ledger.undelivered(record.requestId),
      holds: await this.holds.all(),
      ...(waitForTurn(record) === undefined ? {} : { line: await this.lineBefore(record) }),
    };
  }

  private async lineBefore({ requestId, request }: RequestRecord): Promise<readonly string[]> {
    const line = (await this.ledger.openRequests(request.workflowId)).map((one) => one.requestId);
    return line.slice(0, Math.max(0, line.indexOf(requestId)));
  }

  /** The record with people's names in its texts, as far as they are not erased. For reading, not for verifying. */
  async readable(record: RequestRecord): Promise<RequestRecord> {
    const refs = referencesIn(record);
    if (refs.length === 0) return record;
    const values = await this.ledger.personal(refs);
    return mapRecordTexts(record, (text) => withValues(text, values));
  }

  /** What of a request does not hold, if anything: then nothing may be shown as what is asked, nor decided. */
  async unsound(record: RequestRecord): Promise<string | undefined> {
    const unreadable = await this.ledger.unreadableIn(record.requestId);
    if (unreadable !== undefined) return unreadable;
    return unsound(record, this.ring.withRevocations(await this.ledger.revokedKeys()));
  }

  /** Votes that count: verified with the keys that are not revoked. */
  async votesOf(record: RequestRecord): Promise<readonly Vote[]> {
    return verifiedVotes(record, this.ring.withRevocations(await this.ledger.revokedKeys()));
  }
}
