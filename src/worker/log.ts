/** Temporal's logger on top of ours, so that one scrubber sees every line. */
import type { LogLevel, LogMetadata, Logger as TemporalLogger } from '@temporalio/worker';
import type { Logger } from 'pino';

/** @param logger the process's own logger */
export function temporalLogger(logger: Logger): TemporalLogger {
  const write = (level: LogLevel, message: string, meta?: LogMetadata): void => {
    const line = meta ?? {};
    switch (level) {
      case 'TRACE':
        return logger.trace(line, message);
      case 'DEBUG':
        return logger.debug(line, message);
      case 'INFO':
        return logger.info(line, message);
      case 'WARN':
        return logger.warn(line, message);
      case 'ERROR':
        return logger.error(line, message);
    }
  };
  return {
    log: write,
    trace: (message, meta) => write('TRACE', message, meta),
    debug: (message, meta) => write('DEBUG', message, meta),
    info: (message, meta) => write('INFO', message, meta),
    warn: (message, meta) => write('WARN', message, meta),
    error: (message, meta) => write('ERROR', message, meta),
  };
}
