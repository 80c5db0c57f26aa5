import { Refusal } from '../framework/refusal.js';

/** largest `$top` that Graph takes */
const MOST_A_PAGE = 999;

export interface PageRequest {
  readonly top: string | undefined;
  readonly skipToken: string | undefined;
  /** page size when there is no `$top` */
  readonly pageSize: number;
  /** whole URL of the request, from which the link to the next page is made */
  readonly url: URL;
}

/**
 * Cuts one page out of a list. The link to the next page is the request's own with a `$skiptoken` that means nothing to
 * the caller: the key of the last item given, so that a list that changes meanwhile skips none that stays.
 * @throws Refusal 400 for a `$top` or `$skiptoken` that Graph would not take
 */
export function pageOf<T extends { readonly id: string }>(
  items: readonly T[],
  request: PageRequest,
): { readonly items: readonly T[]; readonly nextLink: string | undefined } {
  const size = request.top === undefined ? request.pageSize : Number(request.top);
  if (!Number.isInteger(size) || size < 1 || size > MOST_A_PAGE) {
    throw new Refusal(
      400,
      `Invalid page size specified: '${request.top}'. Must be between 1 and 999 inclusive.`,
      {
        code: 'Request_UnsupportedQuery',
      },
    );
  }
  const sorted = [...items].sort((a, b) => (a.id < b.id ? -1 : 1));
  const last = request.skipToken === undefined ? '' : decode(request.skipToken);
  const rest = sorted.filter((item) => item.id > last);
  const page = rest.slice(0, size);
  const end = page.at(-1);
  if (end === undefined || rest.length <= size) return { items: page, nextLink: undefined };
  const next = new URL(request.url);
  next.searchParams.set('$skiptoken', `RFNwdAo.${Buffer.from(end.id).toString('base64url')}`);
  return { items: page, nextLink: next.href };
}

function decode(token: string): string {
  const encoded = /^RFNwdAo\.([\w-]+)$/.exec(token)?.[1];
  if (encoded === undefined) {
    throw new Refusal(400, 'The specified page token value has an error.', {
      code: 'Directory_ExpiredPageToken',
    });
  }
  return Buffer.from(encoded, 'base64url').toString('utf8');
}
