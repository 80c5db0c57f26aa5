/** The messages that the outbox keeps for Temporal: JSON text in the ledger, checked when it is read back. */
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { OutboxItem, OutboxMessage } from '../ledger/ports.js';

const closed = { additionalProperties: false } as const;
const Text = Type.String({ minLength: 1, maxLength: 10_000 });

const StartShape = Type.Object({ workflowId: Text, workflowType: Text, requestId: Text }, closed);
const DecisionShape = Type.Object({ workflowId: Text, jti: Text, envelope: Text }, closed);

const startShape = Compile(StartShape);
const decisionShape = Compile(DecisionShape);

export type StartMessage = Static<typeof StartShape>;
export type DecisionMessage = Static<typeof DecisionShape>;

export type OutboxNews =
  | { readonly kind: 'start'; readonly body: StartMessage }
  | { readonly kind: 'decision'; readonly body: DecisionMessage };

/** A message in the outbox is not of its shape: it was written by a newer version, or by hand. */
export class OutboxMessageError extends Error {
  override readonly name = 'OutboxMessageError';
}

export function startMessage(body: StartMessage): OutboxMessage {
  return { kind: 'start', payload: JSON.stringify(body) };
}

export function decisionMessage(body: DecisionMessage): OutboxMessage {
  return { kind: 'decision', payload: JSON.stringify(body) };
}

/** @throws OutboxMessageError */
export function readMessage(item: Pick<OutboxItem, 'kind' | 'payload'>): OutboxNews {
  const body = parse(item.payload);
  if (item.kind === 'start' && startShape.Check(body)) return { kind: 'start', body };
  if (item.kind === 'decision' && decisionShape.Check(body)) return { kind: 'decision', body };
  throw new OutboxMessageError(
    `A message of kind "${item.kind}" cannot be read. Deploy the version that wrote it.`,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
