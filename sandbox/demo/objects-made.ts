/** Counts what was made at the systems: objects by their event logs, not calls. */
import { readFileSync } from 'node:fs';
import { ControlClient } from '../framework/control-client.js';
import type { GatehouseStack } from '../stack/gatehouse.js';

/** Systems that Gatehouse writes to. */
const WRITTEN = ['otterize', 'key-vault', 'gitlab'] as const;

export class ObjectCounter {
  private readonly stack: GatehouseStack;

  constructor(stack: GatehouseStack) {
    this.stack = stack;
  }

  /** @returns number of objects by kind, as the stand-ins name them, e.g. `organization` */
  async made(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const name of [...WRITTEN, 'mail']) {
      for (const object of await this.effects(name)) {
        const kind = object.split(' ')[0] ?? object;
        counts.set(kind, (counts.get(kind) ?? 0) + 1);
      }
    }
    return counts;
  }

  /** Number of changes at the systems that Gatehouse writes to, since they were started. */
  async writes(): Promise<number> {
    const lists = await Promise.all(WRITTEN.map((name) => this.effects(name)));
    return lists.reduce((sum, list) => sum + list.length, 0);
  }

  private async effects(name: string): Promise<readonly string[]> {
    const ca = name === 'key-vault' ? readFileSync(this.stack.address('caFile'), 'utf8') : undefined;
    const events = await new ControlClient(this.stack.address(name), ca).events();
    return events.flatMap((event) => (event.phase === 'effect' ? [event.object ?? event.operation] : []));
  }
}
