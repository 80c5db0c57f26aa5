/** The file of `-f`, checked before it is sent: faults have the names of this machine's files, not of a call. */
import { readFileSync } from 'node:fs';
import { type AskedManifest, readOneRequest } from '../manifests/read.js';

export interface AskedFile {
  readonly text: string;
  /** a fleet or a promotion */
  readonly asked: AskedManifest;
}

/** @throws ManifestError with all faults; the file system's error when it cannot be read */
export function readAskedFile(path: string): AskedFile {
  const text = readFileSync(path, 'utf8');
  return { text, asked: readOneRequest(path, text) };
}
