/** The HTTP side of `@kubernetes/client-node`: one attempt, no redirects, a bounded answer, a signal that is obeyed. */
import {
  type HttpLibrary,
  type RequestContext,
  ResponseContext,
  wrapHttpLibrary,
} from '@kubernetes/client-node';
import { request } from 'undici';
import { KeptAgent } from './connection.js';

/** Largest answer that is read, in bytes: an object in etcd has at most 1.5 MiB. */
const LARGEST_ANSWER = 8 * 1024 * 1024;

/** Thrown when an answer is larger than any single object can be. */
export class AnswerTooLarge extends Error {
  override readonly name = 'AnswerTooLarge';
}

/**
 * Makes an HTTP library for one call. The library that comes with the client follows redirects with the credential and
 * has no time-out of its own.
 * @param signal ends the call
 * @param onCredential told of the `authorization` header before it is sent, so that it can be kept out of errors
 */
export function singleAttempt(signal: AbortSignal, onCredential: (header: string) => void): HttpLibrary {
  return wrapHttpLibrary({
    send: (context) => {
      for (const [name, value] of Object.entries(context.getHeaders())) {
        if (name.toLowerCase() === 'authorization') onCredential(value);
      }
      return send(context, signal);
    },
  });
}

async function send(context: RequestContext, signal: AbortSignal): Promise<ResponseContext> {
  const dispatcher = context.getDispatcher();
  const body = context.getBody();
  try {
    // no redirect is followed unless one asks for it
    const answer = await request(context.getUrl(), {
      method: context.getHttpMethod(),
      headers: context.getHeaders(),
      signal,
      ...(typeof body === 'string' ? { body } : {}),
      ...(dispatcher === undefined ? {} : { dispatcher }),
    });
    const bytes = await readAll(answer.body);
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(answer.headers)) {
      if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
    }
    return new ResponseContext(answer.statusCode, headers, {
      text: async () => bytes.toString('utf8'),
      binary: async () => bytes,
      stream: () => new Blob([bytes]).stream(),
    });
  } finally {
    if (!(dispatcher instanceof KeptAgent)) await dispatcher?.destroy();
  }
}

async function readAll(body: AsyncIterable<unknown>): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.byteLength;
    if (size > LARGEST_ANSWER) throw new AnswerTooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
