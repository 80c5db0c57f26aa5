/** The HTTP side of `@kubernetes/client-node`: one attempt, no redirects, a bounded answer, a signal that is obeyed. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import {
  type HttpLibrary,
  type RequestContext,
  ResponseContext,
  wrapHttpLibrary,
} from '@kubernetes/client-node';

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
  const url = new URL(context.getUrl());
  const body = context.getBody();
  const agent = context.getAgent();
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    const call = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      method: context.getHttpMethod(),
      headers: context.getHeaders(),
      signal,
      ...(agent === undefined ? {} : { agent }),
    });
    call.once('response', resolve);
    call.on('error', reject);
    call.end(typeof body === 'string' ? body : undefined);
  });
  const answer = await readAll(message);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return new ResponseContext(message.statusCode ?? 0, headers, {
    text: async () => answer.toString('utf8'),
    binary: async () => answer,
  });
}

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.byteLength;
    if (size > LARGEST_ANSWER) throw new AnswerTooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
