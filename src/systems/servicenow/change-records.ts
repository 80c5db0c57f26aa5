import type { Static, TSchema } from 'typebox';
import { SystemError } from '../../domain/failure.js';
import { basic, bearer, type JsonCall, JsonRequester } from '../http/json-requester.js';
import { shapeOf } from '../http/shape.js';
import type { TokenBucket } from '../http/token-bucket.js';
import { type CallSubject, troubleOf } from '../http/trouble.js';
import type { Secret } from '../secret.js';
import { firstStepOf, stepsToClosed } from './change-steps.js';
import { readError } from './errors.js';
import { FIELDS, Notes, OneRow, Rows, toRecord } from './shapes.js';
import { CHANGE_STATE, type ChangeOutcome, type ChangeRecord, type NewChange } from './types.js';

const TABLE = ['api', 'now', 'table', 'change_request'] as const;
/** Lengths of the vendor's fields; what is longer would be cut without a word. */
const LONGEST = { shortDescription: 160, description: 4000, notes: 4000 } as const;
/** Goes into a query, in which `^` and `=` mean something; the vendor's field holds 100 characters. */
const CORRELATION = /^[A-Za-z0-9._:/-]{1,100}$/;
const SYS_ID = /^[0-9a-f]{32}$/;
/** Records asked for by a correlation id: one, and enough others to name them when there are several. */
const MOST_FOUND = '10';

export type ServiceNowCredential =
  | { readonly kind: 'basic'; readonly username: string; readonly password: Secret }
  | { readonly kind: 'bearer'; readonly token: Secret };

export interface ServiceNowOptions {
  /** the instance, e.g. `https://example.service-now.com` */
  readonly baseUrl: string;
  /** asked anew for each call */
  readonly credential: () => Promise<ServiceNowCredential>;
  readonly timeoutMs?: number;
  readonly bucket?: TokenBucket;
}

/**
 * Change requests by ServiceNow's Table API. The instance drops fields that its user may not write and says 200 all the
 * same, so each answer is compared with what was asked. All methods throw `SystemError`, kind `forbidden` for that.
 */
export class ChangeRecords {
  readonly #http: JsonRequester;

  constructor(options: ServiceNowOptions) {
    this.#http = new JsonRequester({
      system: 'servicenow',
      baseUrl: options.baseUrl,
      credential: async () => {
        const credential = await options.credential();
        if (credential.kind === 'bearer') return bearer(credential.token.reveal());
        return basic(credential.username, credential.password);
      },
      timeoutMs: options.timeoutMs,
      bucket: options.bucket,
      readError,
    });
  }

  /**
   * The change request with this correlation id, whatever its state, or null.
   * @throws SystemError kind `conflict` when there are several, `invalid` for an id that no query can hold
   */
  async find(correlationId: string, signal?: AbortSignal): Promise<ChangeRecord | null> {
    const subject = subjectOf('list change requests', correlationId);
    if (!CORRELATION.test(correlationId)) {
      throw new SystemError(
        troubleOf(subject, 'invalid', 'a correlation id has up to 100 letters, digits and . _ : / -'),
      );
    }
    const { result } = await this.#send(Rows, subject, {
      method: 'GET',
      path: TABLE,
      query: {
        sysparm_query: `correlation_id=${correlationId}^ORDERBYsys_created_on`,
        sysparm_limit: MOST_FOUND,
      },
      signal,
    });
    // A query that an instance does not understand is left out, and everything is found.
    if (result.some((row) => row.correlation_id !== correlationId)) {
      throw new SystemError(
        troubleOf(subject, 'malformed', 'the answer holds change requests that were not asked for', {
          remedy: 'Let the user of Gatehouse read the field correlation_id of change requests.',
        }),
      );
    }
    const [first, ...others] = result;
    if (first === undefined) return null;
    if (others.length === 0) return this.#record(first);
    const numbers = result.map(({ number }) => number).join(', ');
    throw new SystemError(
      troubleOf(subject, 'conflict', `several change requests have this correlation id: ${numbers}`, {
        remedy: 'Empty the correlation id of all but one of them at ServiceNow, then retry.',
      }),
    );
  }

  /**
   * Finds the change request by its correlation id or creates it, in state New with no approval asked for, and reads it
   * back. One that is there is left as it is.
   */
  async open(
    wanted: NewChange,
    signal?: AbortSignal,
  ): Promise<{ readonly record: ChangeRecord; readonly outcome: 'created' | 'adopted' }> {
    const known = await this.find(wanted.correlationId, signal);
    if (known !== null) return { record: known, outcome: 'adopted' };
    const subject = subjectOf('create change request', wanted.correlationId);
    const { plannedStart, plannedEnd, assignmentGroup } = wanted;
    await this.#send(OneRow, subject, {
      method: 'POST',
      path: TABLE,
      body: {
        correlation_id: wanted.correlationId,
        correlation_display: 'Gatehouse',
        short_description: cut(oneLine(wanted.shortDescription), LONGEST.shortDescription),
        description: cut(wanted.description, LONGEST.description),
        type: wanted.type ?? 'normal',
        ...(plannedStart === undefined ? {} : { start_date: timeOf(plannedStart, subject) }),
        ...(plannedEnd === undefined ? {} : { end_date: timeOf(plannedEnd, subject) }),
        ...(assignmentGroup === undefined ? {} : { assignment_group: assignmentGroup }),
      },
      signal,
    });
    const record = await this.find(wanted.correlationId, signal);
    if (record !== null) return { record, outcome: 'created' };
    throw new SystemError(
      troubleOf(subject, 'forbidden', 'the change request was created, but cannot be found again', {
        remedy: 'Let the user of Gatehouse read change requests and write their field correlation_id.',
      }),
    );
  }

  /**
   * Asks for approval: moves a change request from New to where its type is approved (Assess; Authorize for an emergency;
   * a standard change is approved beforehand and goes to Scheduled). Elsewhere it is left alone.
   */
  async requestApproval(sysId: string, signal?: AbortSignal): Promise<ChangeRecord> {
    const record = await this.read(sysId, signal);
    if (record.state !== CHANGE_STATE.new) return record;
    return this.#moveTo(record, firstStepOf(record.type), {}, signal);
  }

  /** @throws SystemError kind `not-found` */
  async read(sysId: string, signal?: AbortSignal): Promise<ChangeRecord> {
    const subject = subjectOf('get change request', sysId);
    const path = pathOf(sysId, subject);
    const { result } = await this.#send(OneRow, subject, { method: 'GET', path, signal });
    return this.#record(result);
  }

  /** Adds a work note, once: a note that holds the same text already is enough. */
  async addWorkNote(sysId: string, text: string, signal?: AbortSignal): Promise<'created' | 'unchanged'> {
    const subject = subjectOf('add work note', sysId);
    const path = pathOf(sysId, subject);
    const note = cut(text.trim(), LONGEST.notes);
    if (note === '') throw new SystemError(troubleOf(subject, 'invalid', 'a work note needs a text'));
    if (await this.#hasNote(path, note, subject, signal)) return 'unchanged';
    await this.#send(OneRow, subject, { method: 'PATCH', path, body: { work_notes: note }, signal });
    if (await this.#hasNote(path, note, subject, signal)) return 'created';
    throw dropped(subject, 'work_notes');
  }

  /**
   * Closes the change request with what came of it, through Implement and Review. What is closed in this way already stays
   * as it is.
   * @throws SystemError kind `conflict` when it was cancelled, or closed with another outcome; `invalid` when a rule of the
   * instance does not allow a step, e.g. because nobody has approved
   */
  async close(
    sysId: string,
    end: { readonly outcome: ChangeOutcome; readonly notes: string },
    signal?: AbortSignal,
  ): Promise<ChangeRecord> {
    let record = await this.read(sysId, signal);
    if (isOver(record)) {
      if (record.state === CHANGE_STATE.closed && record.outcome === end.outcome) return record;
      throw ended('close change request', record);
    }
    for (const state of stepsToClosed(record.state)) {
      const last = { close_code: end.outcome, close_notes: cut(end.notes, LONGEST.notes) };
      record = await this.#moveTo(record, state, state === CHANGE_STATE.closed ? last : {}, signal);
    }
    return record;
  }

  /**
   * Cancels a change request that was not carried out, with the reason as a work note.
   * @throws SystemError kind `conflict` when it is closed, `invalid` when a rule of the instance does not allow it, as in
   * Review
   */
  async cancel(sysId: string, reason: string, signal?: AbortSignal): Promise<ChangeRecord> {
    const record = await this.read(sysId, signal);
    if (record.state === CHANGE_STATE.canceled) return record;
    if (isOver(record)) throw ended('cancel change request', record);
    return this.#moveTo(record, CHANGE_STATE.canceled, { work_notes: cut(reason, LONGEST.notes) }, signal);
  }

  /** Reads one change request, for `doctor`. */
  async ping(signal?: AbortSignal): Promise<void> {
    const subject = subjectOf('list change requests', 'first');
    const query = { sysparm_limit: '1' };
    await this.#send(Rows, subject, { method: 'GET', path: TABLE, query, signal });
  }

  async #moveTo(
    record: ChangeRecord,
    state: number,
    fields: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<ChangeRecord> {
    const subject = subjectOf('update change request', record.number);
    const { result } = await this.#send(OneRow, subject, {
      method: 'PATCH',
      path: pathOf(record.sysId, subject),
      body: { ...fields, state: String(state) },
      signal,
    });
    if (result.state !== String(state)) throw dropped(subject, 'state');
    if (fields.close_code !== undefined && result.close_code !== fields.close_code) {
      throw dropped(subject, 'close_code');
    }
    return this.#record(result);
  }

  async #hasNote(
    path: readonly string[],
    note: string,
    subject: CallSubject,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    // only the display value of a journal field holds its entries
    const query = { sysparm_fields: 'work_notes', sysparm_display_value: 'true' };
    const { result } = await this.#send(Notes, subject, { method: 'GET', path, query, signal });
    return oneLine(result.work_notes).includes(oneLine(note));
  }

  async #send<S extends TSchema>(
    schema: S,
    subject: CallSubject,
    call: Omit<JsonCall, 'operation' | 'object'>,
  ): Promise<Static<S>> {
    const query = {
      sysparm_fields: FIELDS.join(','),
      sysparm_display_value: 'false',
      sysparm_exclude_reference_link: 'true',
      ...call.query,
    };
    const answer = await this.#http.send({ ...subject, ...call, query });
    return shapeOf(schema, answer.body, subject);
  }

  #record(row: Static<typeof OneRow>['result']): ChangeRecord {
    return toRecord(row, this.#http.baseUrl);
  }
}

function subjectOf(operation: string, object: string): CallSubject {
  return { system: 'servicenow', operation, object };
}

function pathOf(sysId: string, subject: CallSubject): readonly string[] {
  if (SYS_ID.test(sysId)) return [...TABLE, sysId];
  throw new SystemError(troubleOf(subject, 'invalid', 'a sys_id has 32 digits from 0 to f'));
}

function isOver({ state }: ChangeRecord): boolean {
  return state === CHANGE_STATE.closed || state === CHANGE_STATE.canceled;
}

function ended(operation: string, record: ChangeRecord): SystemError {
  const how =
    record.state === CHANGE_STATE.canceled ? 'cancelled' : `closed as ${record.outcome ?? 'unknown'}`;
  return new SystemError(
    troubleOf(subjectOf(operation, record.number), 'conflict', `somebody has ${how} it already`, {
      remedy:
        'Look at the change request at ServiceNow and note there what happened; it cannot be opened again.',
    }),
  );
}

function dropped(subject: CallSubject, field: string): SystemError {
  return new SystemError(
    troubleOf(
      subject,
      'forbidden',
      `the field ${field} is not what was written, although the answer was good`,
      {
        remedy: `Let the user of Gatehouse write the field ${field} of change requests, or look for a rule that sets it back.`,
      },
    ),
  );
}

/** ISO 8601 to the vendor's own form, which is in UTC. */
function timeOf(iso: string, subject: CallSubject): string {
  const time = Date.parse(iso);
  if (Number.isNaN(time)) throw new SystemError(troubleOf(subject, 'invalid', 'a planned time is no time'));
  return new Date(time).toISOString().slice(0, 19).replace('T', ' ');
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
