/** A real product that takes a stand-in's place in `npm run test:real`. */
export interface RealComponent {
  /** Name in the summary, e.g. `openbao`. */
  readonly name: string;
  /** Components that must run before this one. */
  readonly needs?: readonly string[];
  /**
   * Gets its programs into the cache: once, progress shown. Returns at once when they are there.
   * @param signal aborted when the time for installations is over
   * @throws ComponentUnavailable when this machine can't have it
   */
  install(signal: AbortSignal): Promise<void>;
  /**
   * Starts it, ready to be used.
   * @param folder for its data and logs; removed by the caller
   * @param running the variables of the components that run already
   */
  start(folder: string, running: Readonly<Record<string, string>>): Promise<StartedComponent>;
}

/** A component that runs. */
export interface StartedComponent {
  /** e.g. `OpenBao 2.7.2`. */
  readonly description: string;
  /** Variables by which the tests find it, e.g. `OPENBAO_ADDR`. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** A machine can't have a component. The message says why, and what to install. Its tests count as not run. */
export class ComponentUnavailable extends Error {
  override readonly name = 'ComponentUnavailable';
}

/**
 * A variable of a component that this one needs.
 * @throws ComponentUnavailable when it doesn't run
 */
export function runningAt(running: Readonly<Record<string, string>>, variable: string): string {
  const value = running[variable];
  if (value === undefined) throw new ComponentUnavailable(`What gives ${variable} does not run.`);
  return value;
}
