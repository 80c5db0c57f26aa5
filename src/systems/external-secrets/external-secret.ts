/** The parts of ExternalSecret and SecretStore that Gatehouse reads (external-secrets.io/v1, External Secrets Operator 2.9). */
import Type from 'typebox';
import { shapeOf } from '../http/shape.js';
import type { CallSubject } from '../http/trouble.js';

const Text = Type.Optional(Type.String());

const Condition = Type.Object({
  type: Type.String(),
  status: Type.String(),
  reason: Text,
  message: Text,
  lastTransitionTime: Text,
});

const Metadata = Type.Object({
  name: Type.String({ minLength: 1 }),
  namespace: Text,
  generation: Type.Optional(Type.Integer()),
  deletionTimestamp: Text,
});

const ExternalSecretObject = Type.Object({
  metadata: Metadata,
  spec: Type.Object({
    refreshPolicy: Text,
    secretStoreRef: Type.Optional(Type.Object({ name: Text, kind: Text })),
  }),
  status: Type.Optional(
    Type.Object({
      refreshTime: Type.Optional(Type.Union([Type.String(), Type.Null()])),
      syncedResourceVersion: Text,
      binding: Type.Optional(Type.Object({ name: Text })),
      conditions: Type.Optional(Type.Array(Condition)),
    }),
  ),
});

const SecretStoreObject = Type.Object({
  metadata: Metadata,
  status: Type.Optional(Type.Object({ conditions: Type.Optional(Type.Array(Condition)) })),
});

export type ExternalSecret = Type.Static<typeof ExternalSecretObject>;
export type SecretStoreObject = Type.Static<typeof SecretStoreObject>;
export type Condition = Type.Static<typeof Condition>;

/** Any change of its value makes the operator read the source again. */
export const FORCE_SYNC_ANNOTATION = 'external-secrets.io/force-sync';

/** @throws SystemError kind `malformed` when a field that is read is of another type */
export function externalSecretFrom(object: unknown, subject: CallSubject): ExternalSecret {
  return shapeOf(ExternalSecretObject, object, subject);
}

/** @throws SystemError kind `malformed` when a field that is read is of another type */
export function secretStoreFrom(object: unknown, subject: CallSubject): SecretStoreObject {
  return shapeOf(SecretStoreObject, object, subject);
}
