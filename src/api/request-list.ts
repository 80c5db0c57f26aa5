/** The list of requests that a caller may see: newest first, narrowed by what the caller asks for. */
import type { Static } from 'typebox';
import type { Identity } from '../domain/identity.js';
import type { RequestRecord } from '../domain/record.js';
import type { PersonalRef } from '../domain/request.js';
import type { StatusWord } from '../domain/status/shapes.js';
import { subjectOf } from '../domain/subject.js';
import type { RequestSummary } from '../ledger/ports.js';
import type { ApiContext } from './context.js';
import { LIMITS } from './limits.js';
import type { listQuery, RequestListSchema, SummarySchema } from './schemas/requests.js';
import { requesterOf } from './views/gate-view.js';

const DEFAULT_ROWS = 20;

export type ListFilter = Static<ReturnType<typeof listQuery>>;

/**
 * A page of the list. It may hold fewer rows than asked for while there are older ones: a call reads a bounded stretch of the
 * ledger, and `next` says where the next one goes on.
 */
export async function listRequests(
  context: ApiContext,
  identity: Identity,
  filter: ListFilter,
): Promise<Static<typeof RequestListSchema>> {
  const { found, next } = await findRequests(context, identity, filter);
  const names = await context.deps.ledger.personal(
    found.flatMap(({ record }) => record.request.requesterName ?? []),
  );
  return {
    requests: found.map((one) => rowOf(one, names)),
    ...(next === undefined ? {} : { next: String(next) }),
  };
}

interface Found {
  readonly summary: RequestSummary;
  readonly record: RequestRecord;
  readonly status: StatusWord;
}

async function findRequests(
  { deps, roles, reader }: ApiContext,
  identity: Identity,
  filter: ListFilter,
): Promise<{ readonly found: readonly Found[]; readonly next?: number }> {
  const limit = Math.min(Number(filter.limit ?? DEFAULT_ROWS), LIMITS.maxPage);
  const seesAll = roles.has(identity, 'operator') || roles.has(identity, 'auditor');
  const { kind, ticket, status: wanted } = filter;
  const isNarrowed = [kind, ticket, wanted].some((one) => one !== undefined);
  // who gets some only gets them from a longer stretch; one more than asked for says whether there are older ones
  const pageSize = seesAll && !isNarrowed ? limit + 1 : LIMITS.maxPage;
  const found: Found[] = [];
  let before = filter.before === undefined ? undefined : Number(filter.before);
  for (let read = 0; read < LIMITS.listReads; read += pageSize) {
    const page = await deps.ledger.requests({
      limit: pageSize,
      ...(before === undefined ? {} : { before }),
      ...(filter.workflowId === undefined ? {} : { workflowId: filter.workflowId }),
    });
    for (const summary of page) {
      if (found.length === limit) return { found, ...(before === undefined ? {} : { next: before }) };
      before = summary.seq;
      if (kind !== undefined && kind !== summary.kind) continue;
      const record = await deps.ledger.recordFor(summary.requestId);
      if (record === null || !(seesAll || roles.maySee(identity, record))) continue;
      if (ticket !== undefined && ticket !== record.request.ticket) continue;
      const { status } = await reader.statusOf(record);
      if (wanted === undefined || wanted === status) found.push({ summary, record, status });
    }
    if (page.length < pageSize) return { found };
  }
  return { found, ...(before === undefined ? {} : { next: before }) };
}

function rowOf(
  { summary, record: { request }, status }: Found,
  names: ReadonlyMap<PersonalRef, string>,
): Static<typeof SummarySchema> {
  return {
    id: summary.requestId,
    kind: summary.kind,
    workflowId: summary.workflowId,
    title: subjectOf(request).title,
    status,
    requester: requesterOf(request, names),
    ...(request.ticket === undefined ? {} : { ticket: request.ticket }),
    acceptedAt: summary.acceptedAt,
    ...(summary.ended === null ? {} : { endedAt: summary.ended.at }),
  };
}
