/** The logger of every process: JSON lines by pino, each scrubbed twice, as values and as the finished line. */
import { type DestinationStream, type Logger, pino } from 'pino';
import type { Scrubber } from './redaction.js';
import { REDACTED } from './secret-shapes.js';

export interface LoggerOptions {
  /** the process: `api`, `worker`, `sandbox` */
  readonly name: string;
  readonly level: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  readonly scrubber: Scrubber;
  /** where lines go; standard output by default */
  readonly destination?: DestinationStream;
}

/**
 * Makes a logger. Give it errors and objects as they are; secrets in them, in their causes, headers and URLs are taken out.
 * Child loggers are covered too. It can be given to Fastify as `loggerInstance`.
 */
export function createLogger({ name, level, scrubber, destination }: LoggerOptions): Logger {
  const options = {
    name,
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    // cheap first net for what Fastify and HTTP clients log themselves; a child logger may bring serializers of its own
    redact: {
      paths: [
        'req.headers.authorization',
        'req.headers.cookie',
        '*.headers.authorization',
        '*.headers.cookie',
      ],
      censor: REDACTED,
    },
    serializers: { err: (error: unknown) => scrubber.value(error) },
    formatters: {
      level: (label: string) => ({ level: label }),
      bindings: (bindings: Record<string, unknown>) => asRecord(scrubber.value(bindings)),
      log: (object: Record<string, unknown>) => scrubMembers(scrubber, object),
    },
    hooks: { streamWrite: (line: string) => scrubLine(scrubber, line) },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** The finished line once more: messages, interpolated values, and whatever a serializer made. It stays JSON. */
function scrubLine(scrubber: Scrubber, line: string): string {
  const clean = scrubber.text(line);
  if (clean === line) return line;
  try {
    JSON.parse(clean);
    return clean;
  } catch {
    return `${JSON.stringify({ level: 'warn', msg: 'A log line held a secret and was dropped whole.' })}\n`;
  }
}

/** Requests and replies are left to their serializers, which pick a few members; the finished line is scrubbed anyway. */
function scrubMembers(scrubber: Scrubber, object: Record<string, unknown>): Record<string, unknown> {
  const { req, res, ...rest } = object;
  const kept = Object.entries({ req, res }).filter(([, value]) => value !== undefined);
  return { ...asRecord(scrubber.value(rest)), ...Object.fromEntries(kept) };
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : { value };
}
