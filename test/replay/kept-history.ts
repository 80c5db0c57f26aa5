/** A history as it is kept in a file: the workflow's id beside it, because payloads are bound to it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Type } from 'typebox';
import { Value } from 'typebox/value';

export type History = ReturnType<typeof historyFromJSON>;

export interface KeptHistory {
  /** what the run went through, e.g. `fleet-failure-and-retry` */
  readonly name: string;
  readonly workflowId: string;
  readonly history: History;
}

const FOLDER = fileURLToPath(new URL('./histories/', import.meta.url));
const ENDING = '.history.json';
const File = Type.Object(
  { workflowId: Type.String(), history: Type.Unknown() },
  { additionalProperties: false },
);

/**
 * Writes a history.
 * @param release e.g. `0.1.0`: every release keeps its own
 */
export function keepHistory(release: string, { name, workflowId, history }: KeptHistory): void {
  const text = JSON.stringify({ workflowId, history: JSON.parse(historyToJSON(history)) }, null, 1);
  writeFileSync(join(FOLDER, `${release}-${name}${ENDING}`), `${text}\n`);
}

/** All histories of all releases. */
export function keptHistories(): readonly KeptHistory[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(ENDING))
    .sort()
    .map((file) => {
      const value: unknown = JSON.parse(readFileSync(join(FOLDER, file), 'utf8'));
      if (!Value.Check(File, value)) throw new Error(`${file} is no kept history: make it anew`);
      return {
        name: file.slice(0, -ENDING.length),
        workflowId: value.workflowId,
        history: historyFromJSON(value.history),
      };
    });
}
