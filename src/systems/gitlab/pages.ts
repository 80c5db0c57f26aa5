import Type, { type Static, type TSchema } from 'typebox';
import { SystemError } from '../../domain/failure.js';
import type { JsonRequester } from '../http/json-requester.js';
import { shapeOf } from '../http/shape.js';
import { type CallSubject, troubleOf } from '../http/trouble.js';

/** GitLab's largest page. */
export const PAGE = 100;

/**
 * Reads a list to its end, page by page: a list that was cut short must not pass for a whole one.
 * @param ask `most` rows at the most; `what` they are, for the error; `enough` says of a page's last row that nothing of
 *   interest comes after it
 * @throws SystemError kind `invalid` when there are more rows than `most`
 */
export async function allPages<S extends TSchema>(
  http: JsonRequester,
  subject: CallSubject,
  ask: {
    readonly path: readonly string[];
    readonly query?: Readonly<Record<string, string | undefined>>;
    readonly row: S;
    readonly most: number;
    readonly what: string;
    readonly enough?: (last: Static<S>) => boolean;
    readonly signal: AbortSignal | undefined;
  },
): Promise<readonly Static<S>[]> {
  const schema = Type.Array(ask.row);
  const rows: Static<S>[] = [];
  for (let page = 1; ; page += 1) {
    const answer = await http.send({
      ...subject,
      method: 'GET',
      path: ask.path,
      query: { ...ask.query, per_page: String(PAGE), page: String(page) },
      signal: ask.signal,
    });
    const found: readonly Static<S>[] = shapeOf(schema, answer.body, subject);
    rows.push(...found);
    const last = found.at(-1);
    if (last !== undefined && ask.enough?.(last) === true) return rows;
    // a proxy may drop the header, so a full page counts as a sign of more
    const more = (answer.headers.get('x-next-page') ?? '') !== '' || found.length >= PAGE;
    if (rows.length > ask.most || (more && rows.length >= ask.most)) {
      throw new SystemError(
        troubleOf(
          subject,
          'invalid',
          `there are more than ${ask.most} ${ask.what}, and no part of them is taken for the whole`,
          {
            code: 'too-many',
            remedy: `Narrow what is asked for, e.g. a folder or a time, until it has at most ${ask.most} ${ask.what}.`,
          },
        ),
      );
    }
    if (!more) return rows;
  }
}
