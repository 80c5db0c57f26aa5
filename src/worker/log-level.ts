/** Checks the LOG_LEVEL setting. */
import { SettingError } from '../config/settings.js';
import type { LoggerOptions } from '../security/logger.js';

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** @throws SettingError when it is none of the levels */
export function logLevel(value: string | undefined): LoggerOptions['level'] {
  const level = LEVELS.find((item) => item === (value ?? 'info'));
  if (level === undefined)
    throw new SettingError(`LOG_LEVEL is "${value}". Use one of ${LEVELS.join(', ')}.`);
  return level;
}
