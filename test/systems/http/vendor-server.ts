import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface SeenRequest {
  readonly method: string;
  /** path and query as they came over the wire */
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface VendorAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** a text goes out as it is, everything else as JSON */
  readonly body?: unknown;
}

/** What a vendor would say; a function that takes the response over answers with `undefined`. */
export type Vendor = (request: SeenRequest, raw: ServerResponse) => VendorAnswer | undefined;

export interface VendorServer {
  readonly url: string;
  readonly seen: SeenRequest[];
  close(): Promise<void>;
}

/** A small HTTP server on a free port of this machine that answers as `vendor` says and notes what it was asked. */
export async function startVendor(vendor: Vendor): Promise<VendorServer> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const answer = async () => {
      const one: SeenRequest = {
        method: request.method ?? '',
        target: request.url ?? '',
        headers: request.headers,
        body: await text(request),
      };
      seen.push(one);
      const said = vendor(one, response);
      if (said === undefined) return;
      const { status = 200, headers = {}, body } = said;
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(body === undefined || typeof body === 'string' ? body : JSON.stringify(body));
    };
    answer().catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = addressOf(server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return address;
}
