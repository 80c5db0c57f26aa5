/** What the intake has to know of a kind of request; everything else is the same for all. */

import type { Actor, PersonalRef, PolicySubject, RequestDocument } from '../../domain/request.js';
import type { Turn } from '../../ledger/ports.js';

/** What every document says, whatever it asks for. References stand in the place of personal values. */
export interface CommonPart {
  readonly version: 1;
  readonly requestId: string;
  readonly workflowId: string;
  readonly requester: Actor;
  readonly requesterName?: PersonalRef;
  readonly ticket?: string;
  readonly reason?: PersonalRef;
  readonly source?: { readonly project: string; readonly path: string; readonly commit: string };
  readonly policy: { readonly name: string; readonly digest: string };
  readonly acceptedAt: string;
}

export type RefOf = (value: string) => PersonalRef;

/** Something that is asked for, read and looked up, with nothing kept yet. */
export interface Wanted {
  readonly kind: RequestDocument['kind'];
  /** the mutual exclusion: one open request of this id */
  readonly workflowId: string;
  readonly subject: PolicySubject;
  /** how it takes turns with others of its workflow id; unset: it does not wait for one that is open */
  readonly turn?: Turn;
  /** how people call it, e.g. `The fleet "otterize"` */
  readonly name: string;
  /** personal values that stand in the content */
  readonly people: readonly string[];
  /** SHA-256 of the content's canonical JSON, with the references that `refOf` gives */
  contentHash(refOf: RefOf): string;
  /** references of the content of an open request; empty when it holds none */
  refsIn(open: RequestDocument): readonly PersonalRef[];
  /** @param requestedFor reference of the person it is for; @throws Problem when this kind needs one and there is none */
  document(common: CommonPart, requestedFor: PersonalRef | undefined, refOf: RefOf): RequestDocument;
}
