/** The file of `-f`, checked before it is sent: faults have the names of this machine's files, not of a call. */
import { readFileSync } from 'node:fs';
import type { FleetManifest } from '../domain/manifest.js';
import type { Located } from '../manifests/manifest.js';
import { readOneFleet } from '../manifests/read.js';

export interface FleetFile {
  readonly text: string;
  readonly fleet: Located<FleetManifest>;
}

/** @throws ManifestError with all faults; the file system's error when it cannot be read */
export function readFleetFile(path: string): FleetFile {
  const text = readFileSync(path, 'utf8');
  return { text, fleet: readOneFleet(path, text) };
}
