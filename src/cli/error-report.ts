/** Turns whatever was thrown into a report for people and programs; never a stack trace, never a secret. */
import { SystemError } from '../domain/failure.js';
import { describeFault, ManifestError } from '../manifests/fault.js';
import { Scrubber } from '../security/redaction.js';
import { CliError, type CliFault } from './cli-error.js';
import type { Style } from './output/style.js';
import { systemLabel } from './output/system-label.js';

export interface ErrorReport {
  readonly message: string;
  readonly remedy?: string;
  readonly faults: readonly CliFault[];
}

const scrubber = new Scrubber();

/** @param error anything that a command threw */
export function reportOf(error: unknown): ErrorReport {
  if (error instanceof CliError) {
    return {
      message: error.message,
      faults: error.faults,
      ...(error.remedy === '' ? {} : { remedy: error.remedy }),
    };
  }
  if (error instanceof ManifestError) return reportOfManifest(error);
  if (error instanceof SystemError) {
    const { system, operation, object, message, remedy } = error.trouble;
    return { message: `${systemLabel(system)}: ${operation} ${object}: ${message}`, remedy, faults: [] };
  }
  if (!(error instanceof Error)) return { message: 'Something unexpected was thrown.', faults: [] };
  return fileTrouble(error) ?? { message: scrubber.text(error.message), faults: [] };
}

/** Lines for people. */
export function errorLines(report: ErrorReport, style: Style): readonly string[] {
  const [first = '', ...rest] = report.message.split('\n');
  return [
    `${style.bad('Error:')} ${first}`,
    ...rest.map((line) => `  ${line}`),
    ...report.faults.map(({ place, message }) => `  ${place === '' ? '' : `${place}: `}${message}`),
    ...(report.remedy === undefined ? [] : [report.remedy]),
  ];
}

function reportOfManifest(error: ManifestError): ErrorReport {
  const { faults } = error;
  const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`;
  const files = [...new Set(faults.map(({ file }) => file))].join(', ');
  return {
    message: `${files} cannot be used: ${count}.`,
    remedy: 'Correct them and try again. docs/files.md says what may stand where.',
    faults: faults.map((fault) => ({
      place: `${fault.file}:${fault.line}:${fault.column}`,
      message: describeFault(fault).slice(`${fault.file}:${fault.line}:${fault.column}: `.length),
    })),
  };
}

const FILE_TROUBLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'this user may not use it',
  EEXIST: 'it exists already, and is not overwritten',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
};

function fileTrouble(error: Error): ErrorReport | undefined {
  if (!('code' in error) || !('path' in error)) return undefined;
  const why = FILE_TROUBLE[String(error.code)];
  return why === undefined
    ? undefined
    : { message: `${String(error.path)}: ${why}.`, remedy: 'Check the path.', faults: [] };
}
