/** Every refusal and failure leaves as a problem; refusals are audited; what went wrong inside stays in the log. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { actorOf } from '../../domain/identity.js';
import { LedgerUnavailable } from '../../ledger/errors.js';
import { AUDITED, Problem, type ProblemName, problemBody } from '../problems.js';
import type { RefusalAudit } from '../refusal-audit.js';

interface Validation {
  readonly instancePath?: string;
  readonly message?: string;
  readonly params?: unknown;
}

/** Errors that Fastify and its plugins throw, by status. */
const BY_STATUS: Readonly<Record<number, ProblemName>> = {
  400: 'malformed',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  413: 'too-large',
  415: 'unsupported-media-type',
  429: 'too-many-calls',
};

export const errors = fastifyPlugin(
  async (app: FastifyInstance, { audit }: { readonly audit: RefusalAudit }) => {
    app.setErrorHandler(async (error, request, reply) => {
      const problem = problemOf(error);
      if (problem.statusCode >= 500) request.log.error({ err: error }, 'call failed');
      await noteRefusal(audit, request, problem);
      return answer(reply, request, problem);
    });
    app.setNotFoundHandler((request, reply) =>
      answer(reply, request, new Problem('not-found', 'There is nothing at this address.')),
    );
  },
  { name: 'errors' },
);

function answer(reply: FastifyReply, request: FastifyRequest, problem: Problem): FastifyReply {
  const path = request.url.split('?')[0] ?? '';
  const body = problemBody(problem.problem, problem.message, `${path}#${request.id}`, problem.extras);
  if (problem.problem === 'unauthenticated') reply.header('www-authenticate', 'Bearer');
  return reply
    .code(problem.statusCode)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .send(body);
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof LedgerUnavailable) return new Problem('unavailable', 'The ledger does not answer.');
  if (!(error instanceof Error)) return new Problem('internal', 'Something failed that should not.');
  if ('validation' in error && Array.isArray(error.validation)) {
    return new Problem('malformed', 'The call is not of its shape.', {
      faults: error.validation.slice(0, 20).map((fault: Validation) => faultOf(error, fault)),
    });
  }
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500;
  const name = BY_STATUS[status];
  if (name === undefined) return new Problem('internal', 'Something failed that should not.');
  // the framework's own words about a body or a limit hold nothing of ours
  return new Problem(name, name === 'malformed' ? 'The body cannot be read as JSON.' : error.message);
}

function faultOf(error: Error, fault: Validation): { place: string; message: string } {
  const part = 'validationContext' in error ? String(error.validationContext) : 'body';
  const unknown =
    typeof fault.params === 'object' && fault.params !== null && 'additionalProperty' in fault.params
      ? ` "${String(fault.params.additionalProperty).slice(0, 64)}"`
      : '';
  const path = (fault.instancePath ?? '').replaceAll('/', '.');
  return { place: `${part}${path}`, message: `${fault.message ?? 'is wrong'}${unknown}` };
}

async function noteRefusal(audit: RefusalAudit, request: FastifyRequest, problem: Problem): Promise<void> {
  const hidden = problem.problem === 'not-found' && request.about !== null;
  if (!AUDITED.has(problem.problem) && !hidden) return;
  await audit.note({
    route: `${request.method} ${request.routeOptions.url ?? 'unknown'}`,
    status: problem.statusCode,
    reason: hidden ? 'not-visible' : problem.problem,
    ...(request.identity === null ? {} : { by: actorOf(request.identity) }),
    ...(request.about === null ? {} : { requestId: request.about }),
  });
}
