import Type from 'typebox';
import type { JsonRequester } from '../http/json-requester.js';
import { shapeOf } from '../http/shape.js';
import { subjectOf } from './errors.js';

const UserBody = Type.Object({
  id: Type.Integer(),
  username: Type.String(),
  name: Type.String(),
  state: Type.String(),
  public_email: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  email: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  identities: Type.Optional(
    Type.Union([
      Type.Array(
        Type.Object({ provider: Type.String(), extern_uid: Type.Union([Type.String(), Type.Null()]) }),
      ),
      Type.Null(),
    ]),
  ),
});

export interface GitLabUser {
  readonly id: number;
  readonly username: string;
  readonly name: string;
  /** `active`, `blocked`, `deactivated`, …; an open set */
  readonly state: string;
  /** the confirmed address that the person shows to everybody; null when there is none */
  readonly publicEmail: string | null;
  /** the account's address; null unless the token is an administrator's */
  readonly email: string | null;
  /** accounts at identity providers; empty unless the token is an administrator's */
  readonly identities: readonly { readonly provider: string; readonly externUid: string }[];
}

/** Reads a user; see `GitLabRepositories.user`. */
export async function readUser(
  http: JsonRequester,
  id: number,
  signal: AbortSignal | undefined,
): Promise<GitLabUser> {
  const subject = subjectOf('get user', String(id));
  const answer = await http.send({
    ...subject,
    method: 'GET',
    path: ['users', String(id)],
    signal,
  });
  const body = shapeOf(UserBody, answer.body, subject);
  return {
    id: body.id,
    username: body.username,
    name: body.name,
    state: body.state,
    publicEmail: body.public_email || null,
    email: body.email || null,
    identities: (body.identities ?? []).flatMap(({ provider, extern_uid }) =>
      extern_uid === null ? [] : [{ provider, externUid: extern_uid }],
    ),
  };
}
