/** Signing in and out with a browser. */
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox';
import { LIMITS } from '../limits.js';
import { IdentityUnavailable } from '../ports.js';
import { Problem } from '../problems.js';
import { closed, readProblems } from '../schemas/common.js';
import type { Sessions } from '../sign-in/sessions.js';
import { type SignIn, SignInRefused } from '../sign-in/sign-in.js';

/** A path of ours; never another site. */
const RETURN_TO = '^/(?!/)[A-Za-z0-9/_.-]{0,200}$';

const limited = {
  access: 'anybody',
  rateLimit: { max: LIMITS.signInsPerMinute, timeWindow: 60_000 },
} as const;

export function signInRoutes(signIn: SignIn, sessions: Sessions): FastifyPluginAsyncTypebox {
  const { cookies } = sessions;
  return async (app) => {
    app.get(
      '/auth/login',
      {
        config: limited,
        schema: {
          querystring: Type.Object(
            {
              returnTo: Type.Optional(Type.String({ pattern: RETURN_TO })),
              fresh: Type.Optional(Type.Literal('1')),
            },
            closed,
          ),
          response: { 302: Type.Null(), ...readProblems },
        },
      },
      async (request, reply) => {
        const { returnTo, fresh } = request.query;
        const { attempt, url } = await unavailableUnless(() => signIn.begin(returnTo ?? '/', fresh === '1'));
        return reply.setCookie(...(await cookies.ofAttempt(attempt))).redirect(url, 302);
      },
    );

    app.get(
      '/auth/callback',
      {
        config: limited,
        schema: {
          // providers add their own parameters
          querystring: Type.Object({
            code: Type.Optional(Type.String({ maxLength: 4_000 })),
            state: Type.Optional(Type.String({ maxLength: 200 })),
            error: Type.Optional(Type.String({ maxLength: 200 })),
          }),
          response: {
            200: { description: 'signed in', content: { 'text/html': { schema: Type.String() } } },
            ...readProblems,
          },
        },
      },
      async (request, reply) => {
        const { code, state } = request.query;
        const attempt = await cookies.attemptIn(request.cookies);
        reply.setCookie(...cookies.clear('attempt'));
        if (attempt === undefined || code === undefined || state !== attempt.state) {
          throw new Problem('unauthenticated', 'The sign-in did not come to its end.', {
            remedy: 'Begin again at /auth/login.',
          });
        }
        // all of it: providers that name themselves are checked by that
        const { searchParams } = new URL(request.url, 'http://localhost');
        const identity = await refusedUnless(() => signIn.finish(attempt, searchParams));
        reply.setCookie(...(await sessions.begin(identity)));
        // a redirect would still count as coming from the provider, and the Strict cookie would stay behind
        return reply.type('text/html; charset=utf-8').send(goOn(attempt.returnTo));
      },
    );

    app.post(
      '/auth/logout',
      { schema: { response: { 204: Type.Null(), ...readProblems } } },
      async (request, reply) =>
        reply
          .setCookie(...(await sessions.end(request.cookies)))
          .code(204)
          .send(null),
    );
  };
}

function goOn(path: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=${path}"><title>Signed in</title></head><body><p>Signed in. <a href="${path}">Go on</a></p></body></html>`;
}

async function unavailableUnless<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SignInRefused) throw new Problem('unavailable', error.message);
    throw error;
  }
}

async function refusedUnless<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SignInRefused) {
      throw new Problem('unauthenticated', error.message, { remedy: 'Begin again at /auth/login.' });
    }
    if (error instanceof IdentityUnavailable) {
      throw new Problem('unavailable', error.message, { remedy: 'Begin again at /auth/login in a moment.' });
    }
    throw error;
  }
}
