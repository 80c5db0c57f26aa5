import type { ServerResponse } from 'node:http';
import { type SeenRequest, startVendor } from './http/vendor-server.js';

export interface AnsweringServer extends AsyncDisposable {
  readonly url: string;
  /** what it was asked so far */
  readonly asked: readonly SeenRequest[];
}

/** A vendor that writes its answers itself, to be held by `await using`. */
export async function answeringServer(
  answer: (asked: SeenRequest, response: ServerResponse) => void,
): Promise<AnsweringServer> {
  const vendor = await startVendor((request, response) => {
    answer(request, response);
    return undefined;
  });
  return { url: vendor.url, asked: vendor.seen, [Symbol.asyncDispose]: () => vendor.close() };
}

/** Answers with JSON. */
export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}
