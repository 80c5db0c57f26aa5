/** Evidence from the command line: `--evidence contractNumber=C-2026-17`. */
import { CliError } from '../cli-error.js';

/** What an approval may carry (docs/files.md). */
type Wanted = readonly { readonly name: string; readonly label: string; readonly rule: string }[];

/**
 * @param pairs `name=value`, as given
 * @throws CliError for pairs without a name, or the same name twice
 */
export function evidenceOf(pairs: readonly string[]): Readonly<Record<string, string>> {
  const evidence = new Map<string, string>();
  for (const pair of pairs) {
    const [, name, value] = /^([A-Za-z]+)=(.*)$/s.exec(pair) ?? [];
    if (name === undefined || value === undefined) {
      throw new CliError(`"${pair}" is no evidence.`, 'Write --evidence name=value, e.g. licences=25.');
    }
    if (evidence.has(name)) throw new CliError(`The evidence ${name} is given twice.`, 'Give it once.');
    evidence.set(name, value.trim());
  }
  return Object.fromEntries(evidence);
}

/** Refuses what the gate does not know and names what is missing, all at once. @throws CliError */
export function refuseOtherEvidence(
  evidence: Readonly<Record<string, string>>,
  wanted: Wanted,
  gate: string,
): void {
  const unknown = Object.keys(evidence).filter((name) => wanted.every((one) => one.name !== name));
  const missing = wanted.filter(({ name }) => (evidence[name] ?? '') === '');
  if (unknown.length + missing.length === 0) return;
  throw new CliError(
    `The evidence does not suffice for the gate ${gate}.`,
    missing.length === 0 ? 'Leave it out.' : 'Give it with --evidence name=value.',
    [
      ...unknown.map((name) => ({ place: name, message: 'this gate does not ask for it' })),
      ...missing.map(({ name, label, rule }) => ({ place: name, message: `${label}: ${rule}` })),
    ],
  );
}
