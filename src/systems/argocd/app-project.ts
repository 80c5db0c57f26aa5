/** The part of an Argo CD AppProject that Gatehouse reads (argoproj.io/v1alpha1, Argo CD 3.5). */
import Type from 'typebox';
import { shapeOf } from '../http/shape.js';
import type { CallSubject } from '../http/trouble.js';

const Globs = Type.Optional(Type.Union([Type.Array(Type.String()), Type.Null()]));

const SyncWindow = Type.Object({
  /** allow or deny */
  kind: Type.Optional(Type.String()),
  /** cron, five fields */
  schedule: Type.Optional(Type.String()),
  /** as Go writes it: `1h30m` */
  duration: Type.Optional(Type.String()),
  timeZone: Type.Optional(Type.String()),
  applications: Globs,
  namespaces: Globs,
  clusters: Globs,
  /** all three kinds of globs must match, instead of one of them */
  andOperator: Type.Optional(Type.Boolean()),
});

const AppProjectObject = Type.Object({
  metadata: Type.Object({ name: Type.String() }),
  spec: Type.Object({
    syncWindows: Type.Optional(Type.Union([Type.Array(SyncWindow), Type.Null()])),
  }),
});

export type AppProject = Type.Static<typeof AppProjectObject>;
export type SyncWindow = Type.Static<typeof SyncWindow>;

/** @throws SystemError kind `malformed` when a field that is read is of another type */
export function appProjectFrom(object: unknown, subject: CallSubject): AppProject {
  return shapeOf(AppProjectObject, object, subject);
}
