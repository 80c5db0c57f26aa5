/**
 * The HTTP side of gitbeaker. Its own one repeats 429 and 502 ten times within a third of a second, any method, never
 * reads Retry-After, and its errors hold the token (measured; reference: saas-apis, sections 1 and 2.7). Ours makes one
 * attempt, and gitbeaker never sees the token.
 */
import { createRequesterFn, type RequesterType, type ResourceOptions } from '@gitbeaker/requester-utils';
import { SystemError } from '../../domain/failure.js';
import type { JsonCall, JsonRequester } from '../http/json-requester.js';
import { type CallSubject, troubleOf } from '../http/trouble.js';

/** What gitbeaker calls for each request. A few of its resources keep the first part of their paths to themselves. */
type RequestHandler = Parameters<typeof createRequesterFn>[1];
type Body = Record<string, unknown> | Record<string, unknown>[] | null;

/** Options for a gitbeaker resource that serves one call. */
export interface CallOptions {
  readonly host: string;
  readonly queryTimeout: null;
  readonly rateLimits: Record<string, never>;
  readonly requesterFn: (options: ResourceOptions) => RequesterType;
}

/**
 * Makes the options for one call: `new Commits(callOptions(…)).create(…)`.
 * @param http below the API's base address, with the credential
 */
export function callOptions(
  http: JsonRequester,
  subject: CallSubject,
  signal: AbortSignal | undefined,
): CallOptions {
  const handlerBelow =
    (prefix: string): RequestHandler =>
    async (endpoint, options = {}) => {
      const path = prefix + endpoint;
      refuseDotSegments(path, subject);
      const search = typeof options.searchParams === 'string' ? `?${options.searchParams}` : '';
      const answer = await http.send({
        operation: subject.operation,
        object: subject.object,
        method: methodOf(options.method),
        path: path + search,
        ...(typeof options.body === 'string' ? { body: JSON.parse(options.body) } : {}),
        signal,
      });
      return {
        status: answer.status,
        headers: Object.fromEntries(answer.headers),
        body: bodyOf(answer.body, subject),
      };
    };
  // the address is the requester's; time-out and limits are ours too
  return {
    host: http.baseUrl,
    queryTimeout: null,
    rateLimits: {},
    requesterFn: (resource) => {
      const prefix = resource.url.slice(`${http.baseUrl}/api/v4/`.length);
      const handler = handlerBelow(prefix === '' ? '' : `${prefix}/`);
      return createRequesterFn(async (_, request) => request, handler)(resource);
    },
  };
}

function methodOf(method: unknown): JsonCall['method'] {
  switch (method) {
    case 'POST':
    case 'PUT':
    case 'PATCH':
    case 'DELETE':
      return method;
    default:
      return 'GET';
  }
}

/** Gitbeaker encodes names but not `.` and `..`, which an address resolves away. */
function refuseDotSegments(endpoint: string, subject: CallSubject): void {
  if (!/(^|\/)\.{0,2}(\/|$)/.test(endpoint)) return;
  throw new SystemError(
    troubleOf(subject, 'invalid', 'a project, branch or file name is empty, "." or ".."', {
      remedy: 'Correct the name in the inventory or the file of the request.',
    }),
  );
}

function bodyOf(body: unknown, subject: CallSubject): Body {
  if (body === undefined || body === null) return null;
  if (Array.isArray(body) && body.every(isRecord)) return body;
  if (isRecord(body)) return body;
  throw new SystemError(
    troubleOf(subject, 'malformed', 'the answer is neither an object nor a list of objects'),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
