/**
 * Commands that need clients of systems, Temporal or the ledger. In the command line as one file they are a part that is
 * unpacked when one of them is asked for, so that all others start at once. Each is a file of `commands/` by its name.
 */
export const LARGE_COMMANDS = [
  'plan',
  'wait',
  'verify',
  'doctor',
  'migrate',
  'setup-temporal',
  'set-current-version',
  'keys',
] as const;

/**
 * @param args what stands behind `gatehouse`; options that may stand before the command take no value
 * @returns whether they ask for a large command
 */
export function asksForLarge(args: readonly string[]): boolean {
  const name = args.find((arg) => !arg.startsWith('-'));
  return LARGE_COMMANDS.some((large) => large === name);
}
