import type { FastifyRequest } from 'fastify';

/** Deepest repository that is served; names may have slashes, and a route has a fixed number of parts. */
const DEEPEST = 4;

/**
 * Paths below `/v2/` for repositories of one to four parts.
 * @param rest what follows the repository, e.g. `manifests/:reference`
 */
export function repositoryPaths(rest: string): readonly string[] {
  return Array.from({ length: DEEPEST }, (_, index) => {
    const parts = Array.from({ length: index + 1 }, (_part, at) => `:part${at}`);
    return `/v2/${parts.join('/')}/${rest}`;
  });
}

/** The repository that a request on one of these paths names. */
export function repositoryIn(request: FastifyRequest): string {
  return Array.from({ length: DEEPEST }, (_, at) => paramIn(request, `part${at}`))
    .filter((part) => part !== '')
    .join('/');
}

/** A parameter of the path; empty when the route has none of that name. */
export function paramIn(request: FastifyRequest, name: string): string {
  const { params } = request;
  const value: unknown =
    typeof params === 'object' && params !== null ? Reflect.get(params, name) : undefined;
  return typeof value === 'string' ? value : '';
}

/** A parameter of the query; the first one when it is repeated. */
export function queryIn(request: FastifyRequest, name: string): string | undefined {
  return new URL(request.url, 'http://harbor.invalid').searchParams.get(name) ?? undefined;
}
