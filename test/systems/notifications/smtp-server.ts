/** A mail server that answers as each test says: enough of RFC 5321 for one mail per connection. */
import { createServer, type Socket } from 'node:net';

export interface MailServer extends AsyncDisposable {
  readonly port: number;
  /** every line that a client sent, across connections */
  readonly lines: readonly string[];
}

/** @param answerTo the reply to a command, e.g. `550 no such user`; undefined = the usual one, null = silence */
export async function mailServer(answerTo: (line: string) => string | null | undefined): Promise<MailServer> {
  const lines: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    let rest = '';
    let inText = false;
    socket.write('220 mail.example.com ESMTP\r\n');
    socket.on('data', (chunk: Buffer) => {
      const parts = (rest + chunk.toString('utf8')).split('\r\n');
      rest = parts.pop() ?? '';
      for (const line of parts) {
        lines.push(line);
        if (inText && line !== '.') continue;
        const reply = answerTo(line);
        if (reply === null) continue;
        if (line === '.') inText = false;
        if (line === 'DATA' && reply === undefined) inText = true;
        socket.write(`${reply ?? usual(line)}\r\n`);
        if (line === 'QUIT') socket.end();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  return {
    port: address.port,
    lines,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function usual(line: string): string {
  if (line.startsWith('EHLO')) return '250-mail.example.com\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME';
  if (line.startsWith('AUTH')) return '235 welcome';
  if (line === 'DATA') return '354 go on';
  return line === 'QUIT' ? '221 bye' : '250 ok';
}
