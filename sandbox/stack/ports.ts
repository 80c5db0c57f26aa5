import { createServer } from 'node:net';

/** A TCP port of 127.0.0.1 that is free now. Take it soon: nothing keeps it for you. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.unref();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('No free port was given'));
        else resolve(address.port);
      });
    });
  });
}
