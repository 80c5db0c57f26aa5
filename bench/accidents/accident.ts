import type { Story } from './story.js';

/** What a controller has written into the cluster at one moment. */
export interface Frame {
  /** objects that changed since the frame before */
  readonly objects: readonly WrittenObject[];
  /** our revision runs, proven by what is written: only now may a wait end well */
  readonly runs?: boolean;
  /** the API server answers so to the next calls about this path */
  readonly trouble?: { readonly path: string; readonly status: number; readonly times: number };
}

export interface WrittenObject {
  readonly plural: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly owners?: readonly object[];
  readonly spec: object;
  /** @param generation of the object as the server counts it */
  readonly status?: (generation: number) => object;
  /** of an Application: an operation that was asked for */
  readonly operation?: object;
}

/** An hour for the texts of objects: seconds before now, as Kubernetes writes times. */
export interface Clock {
  ago(seconds: number): string;
  /** the UTC time that many minutes from now, as a schedule of cron */
  cronIn(minutes: number): string;
}

/** One way in which waits were wrong, played again. */
export interface Accident {
  /** what went wrong */
  readonly name: string;
  /** where it was seen */
  readonly seenIn: string;
  /**
   * What a wait must come to: `proven` at a frame in which it runs; `failed` at once, since it can never run; `waiting`
   * until its time is up, since it may still come.
   */
  readonly must: 'proven' | 'failed' | 'waiting';
  /** the clause with which it fails, or the last one that it waits for */
  readonly clause?: string;
  readonly args: (story: Story) => readonly string[];
  readonly frames: (story: Story, clock: Clock) => readonly Frame[];
}
