/** The request that a call is about, if the caller may see it. */
import type { FastifyRequest } from 'fastify';
import type { RequestRecord } from '../domain/record.js';
import type { ApiContext } from './context.js';
import { callerOf } from './plugins/authentication.js';
import { Problem } from './problems.js';

/** @throws Problem `not-found` for what is not there and for what the caller may not see, in the same words */
export async function visibleRequest(
  { reader, roles }: Pick<ApiContext, 'reader' | 'roles'>,
  request: FastifyRequest,
  requestId: string,
): Promise<RequestRecord> {
  const identity = callerOf(request);
  const record = await reader.find(requestId);
  if (record !== null) request.about = record.requestId;
  if (record === null || !roles.maySee(identity, record)) {
    throw new Problem('not-found', 'There is no such request, or you may not see it.');
  }
  return record;
}
