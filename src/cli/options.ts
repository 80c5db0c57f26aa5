/** Readers of option values; each refuses with words that say what belongs there. */
import { InvalidArgumentError, Option } from 'commander';

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30m` to milliseconds. */
export function durationOption(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const factor = UNITS[unit ?? ''];
  if (count === undefined || factor === undefined) {
    throw new InvalidArgumentError('Write a whole number and s, m, h or d, e.g. 30m.');
  }
  return Number(count) * factor;
}

/** An option whose default is shown as a person would write it. @param text e.g. `10m` */
export function durationWithDefault(flags: string, description: string, text: string): Option {
  return new Option(flags, description).argParser(durationOption).default(durationOption(text), text);
}

/** A whole number between two bounds. */
export function wholeOption(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d{1,9}$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`Write a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** For options that may be given several times. */
export function collected(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}
