/**
 * Temporal Actions, the unit that Temporal Cloud bills: a workflow start (1), a child workflow (2: the wish and the start),
 * each start or retry of an activity, each heartbeat that reaches the server, each timer, signal, query, update, upsert of
 * search attributes and continue-as-new (docs.temporal.io/cloud/actions). They are counted by the server itself, as its
 * metric `action`, since heartbeats and retries don't stand in histories. It counts by the same rules: a child workflow
 * shows as two kinds.
 */

/** Actions by kind, e.g. `command_ScheduleActivityTask`. */
export type ActionCounts = ReadonlyMap<string, number>;

/** Reads the counts of one namespace. @param port where the server serves its metrics, on this machine */
export async function readActions(port: number, namespace: string): Promise<ActionCounts> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  return parseActions(await answer.text(), namespace);
}

/** @param text metrics in Prometheus' text format */
export function parseActions(text: string, namespace: string): ActionCounts {
  const counts = new Map<string, number>();
  for (const [, labels = '', value = ''] of text.matchAll(/^action\{([^}]*)\} (\S+)$/gm)) {
    if (!labels.includes(`namespace="${namespace}"`)) continue;
    const kind = /action_type="([^"]*)"/.exec(labels)?.[1] ?? 'unknown';
    counts.set(kind, (counts.get(kind) ?? 0) + Number(value));
  }
  return counts;
}

/** What came in between two readings. */
export function actionsBetween(before: ActionCounts, after: ActionCounts): ActionCounts {
  return new Map([...after].map(([kind, count]) => [kind, count - (before.get(kind) ?? 0)]));
}

export function sumOf(counts: ActionCounts): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
