import { startDirectory } from './directory/stand-in.js';
import type { StartStandIn } from './framework/running.js';

/** Every stand-in, in the order they start. One line each. */
export const STAND_INS: Readonly<Record<string, StartStandIn>> = {
  directory: startDirectory,
};
