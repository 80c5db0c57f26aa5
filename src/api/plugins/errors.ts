/** Every refusal and failure leaves as a problem; refusals are audited; what went wrong inside stays in the log. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { actorOf } from '../../domain/identity.js';
import { LedgerCorrupt, LedgerUnavailable } from '../../ledger/errors.js';
import { KnownMethods } from '../known-methods.js';
import { AUDITED, Problem, type ProblemName, problemBody } from '../problems.js';
import type { RefusalAudit } from '../refusal-audit.js';

interface Validation {
  readonly instancePath?: string;
  readonly message?: string;
  readonly params?: unknown;
  readonly keyword?: string;
  readonly parentSchema?: unknown;
}

/** Errors that Fastify and its plugins throw, by status. */
const BY_STATUS: Readonly<Record<number, ProblemName>> = {
  400: 'malformed',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not-found',
  405: 'wrong-method',
  408: 'too-slow',
  413: 'too-large',
  414: 'address-too-long',
  415: 'unsupported-media-type',
  429: 'too-many-calls',
  431: 'headers-too-large',
};

export const errors = fastifyPlugin(
  async (app: FastifyInstance, { audit }: { readonly audit: RefusalAudit }) => {
    app.setErrorHandler(async (error, request, reply) => {
      const problem = problemOf(error);
      if (problem.statusCode >= 500 || error instanceof LedgerCorrupt)
        request.log.error({ err: error }, 'call failed');
      await noteRefusal(audit, request, problem);
      return answer(reply, request, problem);
    });
    const known = new KnownMethods();
    app.addHook('onRoute', ({ url, method }) => known.add(url, [method].flat()));
    app.setNotFoundHandler((request, reply) => {
      const methods = known.of(pathOf(request));
      if (methods.length === 0) {
        return answer(reply, request, new Problem('not-found', 'There is nothing at this address.'));
      }
      const allowed = methods.join(', ');
      reply.header('allow', allowed);
      return answer(
        reply,
        request,
        new Problem('wrong-method', `This address does not know ${request.method}.`, {
          remedy: `Use ${methods.join(' or ')}.`,
        }),
      );
    });
  },
  { name: 'errors' },
);

/**
 * What the framework refuses before any route, such as an address that is not percent-encoded text: as a problem too. None of
 * the plugins has seen the call.
 */
export function refuseBeforeRouting(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const refused = new Problem('malformed', 'The address cannot be read.', {
    faults: [{ place: 'path', message: 'must be percent-encoded UTF-8' }],
  });
  const isAddress = error instanceof Error && 'code' in error && error.code === 'FST_ERR_BAD_URL';
  answer(reply, request, isAddress ? refused : problemOf(error));
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?')[0] ?? '';
}

function answer(reply: FastifyReply, request: FastifyRequest, problem: Problem): FastifyReply {
  const instance = `${pathOf(request)}#${request.id}`;
  const body = problemBody(problem.problem, problem.message, instance, problem.extras);
  if (problem.problem === 'unauthenticated') reply.header('www-authenticate', 'Bearer');
  return reply
    .code(problem.statusCode)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .send(body);
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof LedgerUnavailable) return new Problem('unavailable', 'The ledger does not answer.');
  if (error instanceof LedgerCorrupt) return new Problem('unsound', `This cannot be read: ${error.what}.`);
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
  return {
    place: `${part}${path}`,
    message: chosenFrom(fault) ?? `${fault.message ?? 'is wrong'}${unknown}`,
  };
}

/** What a value must be one of, in words; undefined when it is another kind of fault. */
function chosenFrom({ keyword, params, parentSchema }: Validation): string | undefined {
  const values =
    keyword === 'enum' || keyword === 'const'
      ? valuesIn(params)
      : keyword === 'discriminator'
        ? tagsOf(parentSchema, params)
        : [];
  if (values.length === 0) return undefined;
  const words = values.map((value) => JSON.stringify(value));
  return words.length === 1 ? `must be ${words[0]}` : `must be one of ${words.join(', ')}`;
}

function valuesIn(params: unknown): readonly unknown[] {
  const allowed = field(params, 'allowedValues');
  return Array.isArray(allowed)
    ? allowed
    : [field(params, 'allowedValue')].filter((one) => one !== undefined);
}

/** The tags of the kinds that a body can be. */
function tagsOf(schema: unknown, params: unknown): readonly unknown[] {
  const tag = field(params, 'tag');
  const kinds = field(schema, 'oneOf');
  if (typeof tag !== 'string' || !Array.isArray(kinds)) return [];
  return kinds
    .map((kind: unknown) => field(field(field(kind, 'properties'), tag), 'const'))
    .filter((one) => one !== undefined);
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
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
