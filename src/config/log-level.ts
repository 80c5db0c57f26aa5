/** Checks the LOG_LEVEL setting. */
import { SettingError } from './settings.js';

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LEVELS)[number];

/** @throws SettingError when it is none of the levels */
export function logLevel(value: string | undefined): LogLevel {
  const level = LEVELS.find((item) => item === (value ?? 'info'));
  if (level === undefined) {
    throw new SettingError(`LOG_LEVEL is "${value}". Use one of ${LEVELS.join(', ')}.`);
  }
  return level;
}
