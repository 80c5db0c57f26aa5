/** Waits on this machine for the browser to come back from the provider (source: RFC 8252, section 7.3). */
import { createServer, type Server } from 'node:http';
import { CliError } from '../cli-error.js';

const PATH = '/callback';

export interface Loopback {
  readonly redirectUri: string;
  /** the query of the first answer; rejects when the signal is aborted */
  readonly answer: (signal: AbortSignal) => Promise<URLSearchParams>;
  readonly close: () => void;
}

/** @param port 0: a free one. Providers ignore the port of a loopback address, as RFC 8252 wants; fix it for one that does not */
export async function openLoopback(port: number): Promise<Loopback> {
  let found: (query: URLSearchParams) => void = () => undefined;
  const answered = new Promise<URLSearchParams>((resolve) => {
    found = resolve;
  });
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const isAnswer = request.method === 'GET' && url.pathname === PATH;
    response
      .writeHead(isAnswer ? 200 : 404, {
        'content-type': 'text/plain; charset=utf-8',
        'cache-control': 'no-store',
        connection: 'close',
      })
      .end(isAnswer ? 'Gatehouse has the answer. You can close this window.\n' : 'Nothing here.\n');
    if (isAnswer) found(url.searchParams);
  });
  const chosen = await listen(server, port);
  return {
    redirectUri: `http://127.0.0.1:${chosen}${PATH}`,
    answer: (signal) =>
      new Promise((resolve, reject) => {
        const stop = (): void => reject(new CliError('Nobody signed in.', 'Run gatehouse login again.'));
        if (signal.aborted) stop();
        signal.addEventListener('abort', stop, { once: true });
        answered.then(resolve, reject);
      }),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', () =>
      reject(new CliError(`Port ${port} of this machine is taken.`, 'Choose another with --port.')),
    );
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
