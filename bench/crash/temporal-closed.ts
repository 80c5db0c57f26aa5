import { Client, Connection } from '@temporalio/client';
import type { GatehouseStack } from '../../sandbox/stack/gatehouse.js';

const POLL_MS = 250;
const connections = new WeakMap<GatehouseStack, Promise<Connection>>();

/**
 * Waits until a workflow is closed: its last activities come after the request's end in the ledger.
 * @throws Error when it is still open after the limit, or did not complete
 */
export async function temporalClosed(
  stack: GatehouseStack,
  workflowId: string,
  limitMs: number,
): Promise<void> {
  const known = connections.get(stack) ?? Connection.connect({ address: stack.temporal.address });
  connections.set(stack, known);
  const client = new Client({ connection: await known, namespace: stack.namespace });
  const deadline = Date.now() + limitMs;
  for (;;) {
    const { status } = await client.workflow.getHandle(workflowId).describe();
    if (status.name === 'COMPLETED') return;
    if (status.name !== 'RUNNING') throw new Error(`${workflowId} is ${status.name}`);
    if (Date.now() > deadline) throw new Error(`${workflowId} is still open`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Gives the connection back, before the stack ends. */
export async function closeTemporal(stack: GatehouseStack): Promise<void> {
  await (await connections.get(stack))?.close();
  connections.delete(stack);
}
