/** The messages that the outbox keeps for Temporal: JSON text in the ledger, checked when it is read back. */
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { OutboxItem, OutboxMessage } from '../ledger/ports.js';
import type { CommandForWorkflow } from './command-delivery.js';

const closed = { additionalProperties: false } as const;
const Text = Type.String({ minLength: 1, maxLength: 10_000 });

const StartShape = Type.Object({ workflowId: Text, workflowType: Text, requestId: Text }, closed);
const DecisionShape = Type.Object({ workflowId: Text, jti: Text, envelope: Text }, closed);

const CommandShape = Type.Object(
  {
    requestId: Text,
    workflowId: Text,
    command: Type.Union([
      Type.Literal('pause'),
      Type.Literal('resume'),
      Type.Literal('retry'),
      Type.Literal('skip'),
      Type.Literal('cancel'),
      Type.Literal('rollback'),
      Type.Literal('accept'),
    ]),
    body: Type.Object({ commandId: Text, targets: Type.Array(Text) }, closed),
  },
  closed,
);
const RevocationShape = Type.Object({ requestId: Text, workflowId: Text }, closed);
/** written by the database, which ends a request that waits for its turn (migration 0013) */
const EndShape = Type.Object({ requestId: Text }, closed);
const NewsShape = Type.Object({ workflowIds: Type.Array(Text) }, closed);

const startShape = Compile(StartShape);
const decisionShape = Compile(DecisionShape);
const commandShape = Compile(CommandShape);
const revocationShape = Compile(RevocationShape);
const endShape = Compile(EndShape);
const newsShape = Compile(NewsShape);

export type StartMessage = Static<typeof StartShape>;
export type DecisionMessage = Static<typeof DecisionShape>;
export type RevocationMessage = Static<typeof RevocationShape>;
/** a request ended that has no run to tell of it */
export type EndMessage = Static<typeof EndShape>;
/** runs that look again at what is outside them; those that do not run are passed over */
export type NewsMessage = Static<typeof NewsShape>;

export type OutboxNews =
  | { readonly kind: 'start'; readonly body: StartMessage }
  | { readonly kind: 'decision'; readonly body: DecisionMessage }
  | { readonly kind: 'command'; readonly body: CommandForWorkflow }
  | { readonly kind: 'revocation'; readonly body: RevocationMessage }
  | { readonly kind: 'end'; readonly body: EndMessage }
  | { readonly kind: 'news'; readonly body: NewsMessage };

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

export function commandMessage(body: CommandForWorkflow): OutboxMessage {
  return { kind: 'command', payload: JSON.stringify(body) };
}

export function revocationMessage(body: RevocationMessage): OutboxMessage {
  return { kind: 'revocation', payload: JSON.stringify(body) };
}

export function newsMessage(body: NewsMessage): OutboxMessage {
  return { kind: 'news', payload: JSON.stringify(body) };
}

/** @throws OutboxMessageError */
export function readMessage(item: Pick<OutboxItem, 'kind' | 'payload'>): OutboxNews {
  const body = parse(item.payload);
  if (item.kind === 'start' && startShape.Check(body)) return { kind: 'start', body };
  if (item.kind === 'decision' && decisionShape.Check(body)) return { kind: 'decision', body };
  if (item.kind === 'command' && commandShape.Check(body)) return { kind: 'command', body };
  if (item.kind === 'revocation' && revocationShape.Check(body)) return { kind: 'revocation', body };
  if (item.kind === 'end' && endShape.Check(body)) return { kind: 'end', body };
  if (item.kind === 'news' && newsShape.Check(body)) return { kind: 'news', body };
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
