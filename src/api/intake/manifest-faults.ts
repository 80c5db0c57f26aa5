/** Faults of a manifest as the API tells them. */
import { ManifestError, type ManifestFault } from '../../manifests/fault.js';
import { type Fault, Problem } from '../problems.js';

/**
 * @param placeOf where a fault is, for who sent it
 * @throws Problem `invalid-manifest` with every fault
 */
export function withManifestFaults<T>(read: () => T, placeOf: (fault: ManifestFault) => Fault = inFile): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    const { faults } = error;
    throw new Problem(
      'invalid-manifest',
      `${faults.length} fault${faults.length === 1 ? '' : 's'} in the manifest.`,
      { faults: faults.map(placeOf) },
    );
  }
}

/** By line and column. */
export function inFile({ file, line, column, path, message }: ManifestFault): Fault {
  return { place: `${file}:${line}:${column}`, message: path === '' ? message : `${path}: ${message}` };
}
