import type { ObjectKey, ObjectStore, Recorder } from '../object-store.js';
import type { KubeObject } from '../objects.js';
import { handled } from './status.js';

/** What all of Flux' controllers have: the API server, and whether they are to end. */
export interface ControllerTools {
  readonly store: ObjectStore;
  readonly record: Recorder;
  readonly isStopped: () => boolean;
  /** milliseconds until a failed attempt is made again, instead of the controllers' growing delays */
  readonly retryMs: () => number;
}

/** Changes the newest version of an object, as the controllers' patches do; nothing when it is gone. */
export function write(
  { store, record, isStopped }: ControllerTools,
  key: ObjectKey,
  change: (object: KubeObject) => KubeObject,
): KubeObject | null {
  const object = store.get(key);
  if (object === null || isStopped()) return object;
  return store.replace(key, change(object), record);
}

/** The write that ends a reconciliation: the request that it began with counts as handled. */
export function finish(
  tools: ControllerTools,
  key: ObjectKey,
  begun: KubeObject,
  change: (object: KubeObject) => KubeObject,
): void {
  write(tools, key, (object) => handled(change(object), begun));
}
