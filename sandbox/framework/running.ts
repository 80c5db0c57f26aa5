import type { World } from '../world.js';

/** What a stand-in is started with. */
export interface StandInContext {
  readonly world: World;
  /** folder of this stand-in's own, below the sandbox's state folder */
  readonly folder: string;
  /** port to listen on, 0 = a free one */
  readonly port: number;
  /**
   * Origin of another stand-in by its name. Asks at the time of the call, since those further down the registry start
   * later; undefined when it is not (yet) running.
   */
  readonly originOf: (name: string) => string | undefined;
}

/** A stand-in that is up. */
export interface RunningStandIn {
  /** e.g. `http://127.0.0.1:4010` */
  readonly origin: string;
  /** more lines for the port file, e.g. the path of a CA file */
  readonly extra?: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export type StartStandIn = (context: StandInContext) => Promise<RunningStandIn>;
