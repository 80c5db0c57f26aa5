import type { ObjectKey } from '../object-store.js';

/** How often a controller that is down is looked for again, in milliseconds. */
const DOWN_MS = 100;

export interface QueueOptions {
  /** false while the controller of a kind is down: what it should do waits */
  readonly isUp: (plural: string) => boolean;
  /** one reconciliation. @returns milliseconds until the next one, undefined for none of its own */
  readonly reconcile: (key: ObjectKey) => Promise<number | undefined>;
  readonly onError: (error: unknown) => void;
}

interface Work {
  dirty: boolean;
  running: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** One reconciliation at a time for each object; what comes meanwhile leads to one more. */
export class ReconcileQueue {
  readonly #options: QueueOptions;
  readonly #work = new Map<string, Work>();
  readonly #busy = new Set<Promise<void>>();
  #stopped = false;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  wake(key: ObjectKey): void {
    if (this.#stopped) return;
    const work = this.#workOf(key);
    work.dirty = true;
    if (work.running) return;
    clearTimeout(work.timer);
    if (!this.#options.isUp(key.resource.plural)) {
      work.timer = setTimeout(() => this.wake(key), DOWN_MS);
      return;
    }
    work.running = true;
    work.dirty = false;
    const done = this.#run(key, work).finally(() => this.#busy.delete(done));
    this.#busy.add(done);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const { timer } of this.#work.values()) clearTimeout(timer);
    await Promise.allSettled([...this.#busy]);
  }

  async #run(key: ObjectKey, work: Work): Promise<void> {
    let afterMs: number | undefined;
    try {
      afterMs = await this.#options.reconcile(key);
    } catch (error) {
      this.#options.onError(error);
    }
    work.running = false;
    if (this.#stopped) return;
    if (work.dirty) this.wake(key);
    else if (afterMs !== undefined) work.timer = setTimeout(() => this.wake(key), afterMs);
  }

  #workOf(key: ObjectKey): Work {
    const id = [key.cluster, key.resource.plural, key.namespace, key.name].join('\n');
    const known = this.#work.get(id);
    if (known !== undefined) return known;
    const made: Work = { dirty: false, running: false, timer: undefined };
    this.#work.set(id, made);
    return made;
  }
}
