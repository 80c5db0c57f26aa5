/**
 * The codec server of the Temporal UI and CLI, as a Fastify plugin that serves `POST /decode` and nothing else: an `/encode`
 * would let anybody who may look also make payloads (reference: access, section 3.2; temporal, section 5.4).
 */
import type { Payload } from '@temporalio/common';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import type { Actor } from '../domain/request.js';
import type { EncryptionCodec } from './payload-codec.js';

/** A gRPC message of Temporal has at most 4 MiB, so has a page of history (reference: temporal, section 2.1). */
const BODY_LIMIT_BYTES = 4 * 1024 * 1024;
/** Seconds that a browser may remember the answer to a preflight. */
const PREFLIGHT_MAX_AGE = 600;
/** What Temporal's UI sends (reference: temporal, section 5.4). */
const ALLOWED_HEADERS = 'authorization, authorization-extras, content-type, x-namespace';

const base64 = Type.String({ pattern: '^[A-Za-z0-9+/]*={0,2}$' });
const bodyShape = Type.Object(
  {
    payloads: Type.Array(
      Type.Object(
        {
          metadata: Type.Optional(Type.Union([Type.Null(), Type.Record(Type.String(), base64)])),
          data: Type.Optional(Type.Union([Type.Null(), base64])),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
type JsonPayload = Static<typeof bodyShape>['payloads'][number];

export interface CodecServerOptions {
  /** with `binding: 'payload'`: the UI does not say which workflow a payload is of */
  readonly codec: EncryptionCodec;
  readonly namespace: string;
  /** exact origins of Temporal UIs, e.g. `https://temporal.example.com`; no wildcards */
  readonly origins: readonly string[];
  /**
   * Who calls. Throw an error with `statusCode` 401 or 403 to refuse; it is asked before the body is read. Returns whom the
   * audit names.
   */
  readonly authenticate: (request: FastifyRequest) => Promise<Actor>;
  /** Writes the audit: how many and by whom, never what. It is awaited: without its record nothing is answered. */
  readonly onDecoded: (audit: { readonly count: number; readonly by: Actor }) => Promise<void>;
}

/**
 * Registers the codec server: `app.register(codecServer(options), { prefix: '/codec' })`. A browser of another origin, an
 * unauthenticated caller, another namespace and a body of another shape are refused.
 */
export function codecServer(options: CodecServerOptions): FastifyPluginAsync {
  const origins = new Set(options.origins);
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new TypeError(`${origin} is not an origin. Write scheme, host and port only, without a slash.`);
    }
  }
  return async (app) => {
    app.options('/decode', async (request, reply) => {
      if (!allowOrigin(request, reply, origins)) return reply.code(403).send();
      return reply
        .header('access-control-allow-methods', 'POST')
        .header('access-control-allow-headers', ALLOWED_HEADERS)
        .header('access-control-max-age', PREFLIGHT_MAX_AGE)
        .code(204)
        .send();
    });
    const callers = new WeakMap<FastifyRequest, Actor>();
    app.route({
      method: 'POST',
      url: '/decode',
      bodyLimit: BODY_LIMIT_BYTES,
      onRequest: async (request, reply) => {
        if (!allowOrigin(request, reply, origins)) throw refusal(403, 'This origin may not decode payloads.');
        callers.set(request, await options.authenticate(request));
      },
      handler: async (request, reply) => {
        const by = callers.get(request);
        if (by === undefined) throw refusal(401, 'Sign in to decode payloads.');
        const namespace = request.headers['x-namespace'];
        if (namespace !== undefined && namespace !== options.namespace) {
          throw refusal(400, 'This codec server holds no keys for that namespace.');
        }
        if (!Value.Check(bodyShape, request.body)) {
          throw refusal(400, 'Expected {"payloads":[{"metadata":{},"data":""}]} with values in base64.');
        }
        const payloads = await options.codec.decode(request.body.payloads.map(fromJson));
        await options.onDecoded({ count: payloads.length, by });
        return reply.header('cache-control', 'no-store').send({ payloads: payloads.map(toJson) });
      },
    });
  };
}

/** No origin: not a browser, the CLI. `null` and everything that is not listed: no. */
function allowOrigin(request: FastifyRequest, reply: FastifyReply, origins: ReadonlySet<string>): boolean {
  const { origin } = request.headers;
  reply.header('vary', 'Origin');
  if (origin === undefined) return true;
  if (!origins.has(origin)) return false;
  reply.header('access-control-allow-origin', origin).header('access-control-allow-credentials', 'true');
  return true;
}

function refusal(statusCode: number, message: string): Error {
  return Object.assign(new Error(message), { statusCode });
}

function fromJson({ metadata, data }: JsonPayload): Payload {
  return {
    ...(metadata
      ? {
          metadata: Object.fromEntries(
            Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')]),
          ),
        }
      : {}),
    ...(data ? { data: Buffer.from(data, 'base64') } : {}),
  };
}

function toJson({ metadata, data }: Payload): JsonPayload {
  return {
    ...(metadata
      ? {
          metadata: Object.fromEntries(
            Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
          ),
        }
      : {}),
    ...(data ? { data: Buffer.from(data).toString('base64') } : {}),
  };
}
