import Type, { type Static } from 'typebox';
import type { JsonRequester } from '../http/json-requester.js';
import { explainedNotFound, subjectOf } from './errors.js';
import { ObjectId } from './object-id.js';
import { allPages } from './pages.js';

/** Pushes to a project that are looked through: fifty pages. */
const MOST_PUSHES = 5_000;
const DAY_MS = 86_400_000;
/**
 * GitLab takes a date, means the end of that day in its own time zone, and gives what came after: two days earlier is
 * early enough in every zone.
 */
const EARLIER_MS = 2 * DAY_MS;
/** Events are noted by several processes, so neighbours may stand in the wrong order. */
const DISORDER_MS = 60_000;

const MaybeId = Type.Optional(Type.Union([ObjectId, Type.Null()]));
const EventRow = Type.Object({
  id: Type.Integer(),
  author_id: Type.Integer(),
  author_username: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  created_at: Type.String(),
  push_data: Type.Optional(
    Type.Union([
      Type.Object({
        action: Type.String(),
        ref_type: Type.String(),
        ref: Type.Optional(Type.Union([Type.String(), Type.Null()])),
        commit_from: MaybeId,
        commit_to: MaybeId,
        commit_count: Type.Integer(),
      }),
      Type.Null(),
    ]),
  ),
});

/** One push as GitLab noted it: by the account that it let in, whatever the commits say of their authors. */
export interface Push {
  /** id of the event; rises with time */
  readonly id: number;
  readonly userId: number;
  /** null when the account is gone */
  readonly username: string | null;
  /** ISO time */
  readonly at: string;
  /** null: one push of many branches at once, of which GitLab keeps no names. It may have moved this one too. */
  readonly branch: string | null;
  /** `created`, `pushed` or `removed`; an open set */
  readonly action: string;
  /** head before the push; null when the push made the branch, or moved many */
  readonly from: string | null;
  /** head after it; null when the push removed the branch, or moved many */
  readonly to: string | null;
  /** new commits in the push */
  readonly commitCount: number;
}

/** Reads who pushed to a branch; see `GitLabRepositories.pushers`. */
export async function readPushes(
  http: JsonRequester,
  wish: { readonly project: string; readonly branch: string; readonly after?: string },
  signal: AbortSignal | undefined,
): Promise<readonly Push[]> {
  const subject = subjectOf('list push events', `${wish.project} ${wish.branch}`);
  const since = wish.after === undefined ? undefined : Date.parse(wish.after);
  try {
    const rows = await allPages(http, subject, {
      path: ['projects', wish.project, 'events'],
      query: {
        action: 'pushed',
        // newest first: what comes meanwhile moves rows to later pages, so none is missed, and some are seen twice
        sort: 'desc',
        after: since === undefined ? undefined : new Date(since - EARLIER_MS).toISOString().slice(0, 10),
      },
      row: EventRow,
      most: MOST_PUSHES,
      what: 'pushes',
      enough: (last) => since !== undefined && Date.parse(last.created_at) < since - DISORDER_MS,
      signal,
    });
    const once = [...new Map(rows.map((row) => [row.id, row])).values()];
    once.sort((one, other) => one.id - other.id);
    return once.flatMap((row) => {
      const push = pushOf(row);
      if (push === null || (push.branch !== null && push.branch !== wish.branch)) return [];
      return since !== undefined && Date.parse(push.at) <= since ? [] : [push];
    });
  } catch (error) {
    throw explainedNotFound(error, subject);
  }
}

function pushOf(row: Static<typeof EventRow>): Push | null {
  const data = row.push_data;
  if (data === undefined || data === null || data.ref_type !== 'branch') return null;
  return {
    id: row.id,
    userId: row.author_id,
    username: row.author_username ?? null,
    at: row.created_at,
    branch: data.ref ?? null,
    action: data.action,
    from: data.commit_from ?? null,
    to: data.commit_to ?? null,
    commitCount: data.commit_count,
  };
}
