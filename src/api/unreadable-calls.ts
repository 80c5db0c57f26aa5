/** What Node refuses before there is a call: headers beyond its bound, a call that does not end, bytes that are no HTTP. */
import type { Socket } from 'node:net';
import { securityHeadersOf } from './plugins/security-headers.js';
import { PROBLEMS, type ProblemName, problemBody } from './problems.js';

interface Refusal {
  readonly problem: ProblemName;
  readonly detail: string;
  readonly reason: string;
}

/** By the code of Node's error (source: Node's documentation of `clientError`). */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: {
    problem: 'headers-too-large',
    detail: 'Address and headers together are larger than 16 KB.',
    reason: 'Request Header Fields Too Large',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    problem: 'too-slow',
    detail: 'The call did not come to its end in time.',
    reason: 'Request Timeout',
  },
};
const NO_HTTP: Refusal = { problem: 'malformed', detail: 'This is no HTTP.', reason: 'Bad Request' };

/** Answers on the socket itself, as every refusal of the API leaves, and ends the connection. */
export function refuseUnreadable(error: Error, socket: Socket, tls: boolean): void {
  const code = 'code' in error ? String(error.code) : '';
  // nobody is there any more, or the answer to an earlier call is under way
  if (code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const { problem, detail, reason } = REFUSALS[code] ?? NO_HTTP;
  const body = JSON.stringify(problemBody(problem, detail, `unread#${crypto.randomUUID()}`));
  const headers = {
    ...securityHeadersOf(tls),
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${PROBLEMS[problem].status} ${reason}\r\n${lines.join('')}\r\n${body}`);
}
