import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/security/logger.js';
import { Scrubber } from '../../src/security/redaction.js';

const canary = `canary-${randomBytes(12).toString('hex')}`;

function setUp() {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const scrubber = new Scrubber();
  const logger = createLogger({ name: 'test', level: 'trace', scrubber, destination });
  const entries = (): unknown[] => lines.map((line): unknown => JSON.parse(line));
  return { scrubber, logger, lines, entries };
}

describe('the logger', () => {
  it('writes what is no secret as it is', () => {
    const { logger, entries } = setUp();
    logger.info({ requestId: 'req-1', count: 2 }, 'request accepted');
    expect(entries()).toEqual([
      expect.objectContaining({
        level: 'info',
        name: 'test',
        requestId: 'req-1',
        count: 2,
        msg: 'request accepted',
      }),
    ]);
  });

  it('takes secrets out of errors and their causes', () => {
    const { logger, lines, entries } = setUp();
    const cause = Object.assign(new Error('inner'), { headers: { authorization: canary } });
    logger.error(new Error(`outer token=${canary}`, { cause }));
    logger.error({ err: new Error('outer', { cause }), other: cause }, 'failed');
    expect(lines.join('')).not.toContain(canary);
    expect(entries()[1]).toMatchObject({
      msg: 'failed',
      err: { message: 'outer', cause: { message: 'inner' } },
    });
  });

  it('takes secrets out of messages, interpolated values and child loggers', () => {
    const { logger, lines, scrubber } = setUp();
    scrubber.remember(canary);
    logger.info(`plain ${canary}`);
    logger.info('interpolated %s %j', canary, { a: canary });
    logger.child({ deep: { a: canary } }).info('child');
    logger.child({}, { serializers: { odd: () => canary } }).info({ odd: 1 }, 'serializer');
    logger.setBindings({ later: canary });
    logger.info('bindings');
    expect(lines).toHaveLength(5);
    expect(lines.join('')).not.toContain(canary);
  });

  it('takes secrets that it does not know out of child loggers by name', () => {
    const { logger, lines } = setUp();
    logger.child({ password: `"${canary}`, deep: { clientSecret: canary } }).info('child');
    expect(lines.join('')).not.toContain(canary);
  });

  it('is safe as the logger of Fastify', async () => {
    const { logger, lines, entries } = setUp();
    const app = Fastify({ loggerInstance: logger });
    app.get('/fail', (request) => {
      request.log.info({ req: request, headers: request.headers }, 'headers');
      throw new Error(`password=${canary}`);
    });
    await app.inject({
      url: `/fail?access_token=${canary}`,
      headers: { authorization: `Bearer ${canary}`, cookie: `session=${canary}`, 'x-api-key': canary },
    });
    await app.close();
    expect(lines.join('')).not.toContain(canary);
    expect(entries()).toContainEqual(
      expect.objectContaining({ msg: 'incoming request', req: expect.objectContaining({ method: 'GET' }) }),
    );
  });

  it('keeps every line JSON, whatever a secret looks like', () => {
    const { logger, entries, scrubber } = setUp();
    scrubber.remember('"msg":"a');
    scrubber.remember('\\\\\\\\\\\\\\\\');
    logger.info('a');
    logger.info({ path: '\\\\\\\\\\\\\\\\' }, 'b');
    expect(entries()).toHaveLength(2);
  });
});
