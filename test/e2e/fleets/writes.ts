import type { SandboxEvent } from '../../../sandbox/framework/event-log.js';

/** Where fleets are written, and where the API commits its checkpoints at times of its own. */
export const FLEETS = 'platform/fleets';

/** A change at a system for the sake of a request. */
export function isWrite({ effect, object }: SandboxEvent): boolean {
  return effect !== undefined && object?.includes(FLEETS) !== true;
}
