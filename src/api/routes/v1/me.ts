/** Who I am here. */
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import type { ApiContext } from '../../context.js';
import { callerOf } from '../../plugins/authentication.js';
import type { Role } from '../../roles.js';
import { closed, readProblems } from '../../schemas/common.js';

const ROLES: readonly Role[] = ['requester', 'operator', 'auditor'];

export function meRoutes({ deps, roles }: ApiContext): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/me',
      {
        schema: {
          tags: ['decisions'],
          summary: 'Who I am, and which roles I hold',
          response: {
            200: Type.Object(
              {
                kind: Type.String(),
                name: Type.String(),
                personId: Type.String(),
                roles: Type.Array(Type.String()),
                owns: Type.Array(Type.String(), {
                  description: 'applications that are promoted, by their owners',
                }),
                families: Type.Array(Type.String(), {
                  description: 'what this installation does: fleet, promotion',
                }),
                signedInAt: Type.String(),
              },
              closed,
            ),
            ...readProblems,
          },
        },
      },
      async (request) => {
        const identity = callerOf(request);
        return {
          kind: identity.kind,
          name: identity.name,
          personId: identity.personId,
          roles: ROLES.filter((role) => roles.has(identity, role)),
          owns: (deps.paths ?? [])
            .filter(({ manifest }) => roles.isOwner(identity, manifest.spec.owners))
            .map(({ manifest }) => manifest.metadata.name),
          families: ['fleet', ...((deps.paths ?? []).length > 0 ? ['promotion'] : [])],
          signedInAt: new Date(identity.authTime * 1_000).toISOString(),
        };
      },
    );
  };
}
