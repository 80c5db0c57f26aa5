import { KUSTOMIZE } from '../real/go-programs.js';
import { buildGoProgram } from './go-build.js';

/**
 * Path of kustomize, built from the pinned Go module when the cache does not have it (about 35 seconds of CPU time, once).
 * @throws BuildError when it cannot be built; the message says what to do
 */
export function kustomizeBinary(): Promise<string> {
  return buildGoProgram(KUSTOMIZE);
}
