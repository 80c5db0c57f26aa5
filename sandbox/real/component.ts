/** A real product that takes a stand-in's place in `npm run test:real`. */
export interface RealComponent {
  /** Name in the summary, e.g. `openbao`. */
  readonly name: string;
  /**
   * Gets its programs into the cache: once, progress shown. Returns at once when they are there.
   * @param signal aborted when the time for installations is over
   * @throws ComponentUnavailable when this machine can't have it
   */
  install(signal: AbortSignal): Promise<void>;
  /**
   * Starts it, ready to be used.
   * @param folder for its data and logs; removed by the caller
   */
  start(folder: string): Promise<StartedComponent>;
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
