import { HELM } from '../real/go-programs.js';
import { builtGoProgram } from './go-build.js';

/** Path of Helm when the cache has it: building it takes minutes, which `npm run test:real` does and `npm test` does not. */
export function helmBinary(): Promise<string | undefined> {
  return builtGoProgram(HELM);
}
