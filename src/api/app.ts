/** Builds the API as a Fastify instance: plugins first, then routes. server.ts boots it, tests inject into it. */
import fastifyCookie from '@fastify/cookie';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyPluginAsync } from 'fastify';
import { actorOf } from '../domain/identity.js';
import { codecServer } from '../security/codec-server.js';
import { CommandGiving } from './command-giving.js';
import { Commanding } from './commands.js';
import type { ApiContext } from './context.js';
import { Deciding } from './decisions.js';
import { fleetSubjects, Holds } from './holds.js';
import { Inbox } from './inbox.js';
import { Intake } from './intake/intake.js';
import { Superseding } from './intake/superseding.js';
import { LIMITS, REFUSALS } from './limits.js';
import { authentication, callerOf } from './plugins/authentication.js';
import { errors, refuseBeforeRouting } from './plugins/errors.js';
import { keptTexts } from './plugins/kept-texts.js';
import { metrics } from './plugins/metrics.js';
import { openapi } from './plugins/openapi.js';
import { page } from './plugins/page.js';
import { rateLimits } from './plugins/rate-limit.js';
import { securityHeaders, setSecurityHeaders } from './plugins/security-headers.js';
import type { ApiDependencies, CodecMount } from './ports.js';
import { Problem } from './problems.js';
import { ProgressFeed } from './progress-feed.js';
import { RefusalAudit } from './refusal-audit.js';
import { RequestReader } from './request-reader.js';
import { Roles } from './roles.js';
import { healthRoutes } from './routes/health.js';
import { signInRoutes } from './routes/sign-in.js';
import { bundleRoutes } from './routes/v1/bundle.js';
import { commandRoutes } from './routes/v1/commands.js';
import { decisionRoutes } from './routes/v1/decisions.js';
import { environmentRoutes } from './routes/v1/environments.js';
import { eventRoutes } from './routes/v1/events.js';
import { figureRoutes } from './routes/v1/figures.js';
import { gateRoutes } from './routes/v1/gates.js';
import { holdRoutes } from './routes/v1/holds.js';
import { meRoutes } from './routes/v1/me.js';
import { noPromotionRoutes } from './routes/v1/no-promotions.js';
import { requestRoutes } from './routes/v1/requests.js';
import { webhookRoutes } from './routes/v1/webhooks.js';
import { Cookies } from './sign-in/cookies.js';
import { Seal } from './sign-in/seal.js';
import { Sessions } from './sign-in/sessions.js';
import type { SignIn } from './sign-in/sign-in.js';
import { refuseUnreadable } from './unreadable-calls.js';

export interface AppOptions {
  /** pino, with redaction; absent: silent */
  readonly logger?: FastifyBaseLogger;
  /** shared with the outbox dispatcher; absent: one of its own */
  readonly feed?: ProgressFeed;
}

/**
 * Builds the API. Closing it writes what refusals are still counted, ends open streams and the feed.
 * @param deps what it needs from outside
 */
export async function buildApp(deps: ApiDependencies, options: AppOptions = {}): Promise<FastifyInstance> {
  const tls = isServedWithTls(deps);
  const app = Fastify({
    ...(options.logger === undefined ? { logger: false } : { loggerInstance: options.logger }),
    bodyLimit: LIMITS.bodyBytes,
    requestTimeout: LIMITS.requestMs,
    connectionTimeout: LIMITS.connectionMs,
    keepAliveTimeout: LIMITS.keepAliveMs,
    trustProxy: deps.trustedProxies ?? false,
    genReqId: () => crypto.randomUUID(),
    frameworkErrors: (error, request, reply) => {
      setSecurityHeaders(reply, tls);
      refuseBeforeRouting(error, request, reply);
    },
    clientErrorHandler: (error, socket) => refuseUnreadable(error, socket, tls),
    // what is not known is refused, never dropped in silence; texts stay texts
    ajv: {
      customOptions: {
        removeAdditional: false,
        coerceTypes: false,
        useDefaults: false,
        allErrors: true,
        // bodies of several kinds: what is wrong is told of the kind that was meant
        discriminator: true,
        // a fault names the values that would do, and they stand in the schema around it
        verbose: true,
      },
    },
    routerOptions: { maxParamLength: 128 },
  }).withTypeProvider<TypeBoxTypeProvider>();

  const context = contextOf(deps, options.feed ?? new ProgressFeed(deps.ledger), (error) =>
    app.log.error({ err: error }, 'a refusal could not be recorded'),
  );
  await app.register(errors, { audit: context.audit });
  await app.register(securityHeaders, { tls });
  await app.register(fastifyCookie);
  await app.register(authentication, {
    verifyToken: deps.verifyToken,
    roles: context.roles,
    sessions: context.sessions,
    publicUrl: deps.publicUrl,
    temporalUiClient: deps.codec?.uiClient,
  });
  await app.register(rateLimits);
  await app.register(keptTexts);
  await app.register(openapi, { publicUrl: deps.publicUrl, promotes: (deps.paths ?? []).length > 0 });
  await app.register(metrics, {
    token: deps.metricsToken,
    ledger: deps.ledger,
    checkpointsBehind: deps.checkpointsBehind,
  });

  await app.register(healthRoutes(context));
  if (deps.signIn !== undefined && context.sessions !== undefined) {
    await app.register(signInRoutes(deps.signIn, context.sessions));
    await app.register(page);
  }
  const v1 = { prefix: '/v1' };
  await app.register(meRoutes(context), v1);
  await app.register(requestRoutes(context), v1);
  await app.register(eventRoutes(context), v1);
  await app.register(bundleRoutes(context), v1);
  await app.register(commandRoutes(context), v1);
  await app.register(gateRoutes(context), v1);
  await app.register(decisionRoutes(context), v1);
  // holds stop fleets too
  await app.register(holdRoutes(context), v1);
  if ((deps.paths ?? []).length === 0) {
    await app.register(noPromotionRoutes, v1);
  } else {
    await app.register(environmentRoutes(context), v1);
    await app.register(figureRoutes(context), v1);
  }
  if (deps.ticketHooks !== undefined) await app.register(webhookRoutes(context, deps.ticketHooks), v1);
  if (deps.codec !== undefined) await mountCodec(app, context, deps.codec);

  const flushing = setInterval(() => {
    context.audit.flush().catch((error: unknown) => app.log.error({ err: error }, 'refusals not written'));
  }, REFUSALS.windowMs);
  let draining: NodeJS.Timeout | undefined;
  app.addHook('preClose', async () => {
    draining = setTimeout(() => app.server.closeAllConnections(), LIMITS.drainMs);
  });
  app.addHook('onClose', async () => {
    clearInterval(flushing);
    clearTimeout(draining);
    await context.audit.flush();
    await context.feed.close();
  });
  return app;
}

function contextOf(
  deps: ApiDependencies,
  feed: ProgressFeed,
  onAuditFailure: (error: unknown) => void,
): ApiContext {
  const { ledger, now } = deps;
  const roles = new Roles(deps.inventory, deps.machineRequesters);
  const paths = deps.paths ?? [];
  const holds = new Holds({ ledger, paths, roles, fleets: fleetSubjects(deps.inventory) });
  const reader = new RequestReader(ledger, deps.ring, holds, deps.workflows, now);
  const giving = new CommandGiving(ledger, deps.workflows);
  return {
    deps,
    roles,
    reader,
    feed,
    intake: new Intake({
      ledger,
      inventory: deps.inventory,
      policies: deps.policies,
      paths,
      superseding: new Superseding({ ledger, giving, feed }),
      signer: deps.signers.request,
      ...(deps.readManifest === undefined ? {} : { readManifest: deps.readManifest }),
      now,
    }),
    deciding: new Deciding({ ledger, signer: deps.signers.decision, reader, roles, now }),
    commanding: new Commanding(ledger, giving, roles),
    holds,
    inbox: new Inbox(ledger, roles, now),
    audit: new RefusalAudit(ledger, now, onAuditFailure),
    sessions: deps.signIn === undefined ? undefined : sessionsOf(deps, deps.signIn),
  };
}

function sessionsOf(deps: ApiDependencies, { cookieKey }: SignIn): Sessions {
  const seal = new Seal(cookieKey, deps.now);
  return new Sessions(new Cookies(seal, isServedWithTls(deps)), seal, deps.ledger.sessions);
}

function isServedWithTls({ publicUrl }: ApiDependencies): boolean {
  return publicUrl.startsWith('https://');
}

/** The codec server judges the caller itself: it must answer preflights of the Temporal UI, which carry no token. */
async function mountCodec(
  app: FastifyInstance,
  { deps, roles }: ApiContext,
  mount: CodecMount,
): Promise<void> {
  const scope: FastifyPluginAsync = async (own) => {
    own.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'anybody' };
    });
    await own.register(
      codecServer({
        ...mount,
        authenticate: async (request) => {
          const identity = callerOf(request);
          // a cookie goes along by itself, so it counts only where the browser says that the UI's own page calls
          if (request.via === 'session' && !mount.origins.includes(request.headers.origin ?? '')) {
            throw new Problem('unauthenticated', 'Send an access token.');
          }
          if (!roles.has(identity, 'operator') && !roles.has(identity, 'auditor')) {
            throw new Problem('forbidden', 'Only operators and auditors may read payloads.');
          }
          return actorOf(identity);
        },
        onDecoded: (audit) => deps.ledger.recordDecoding(audit),
      }),
    );
  };
  await app.register(scope, { prefix: '/codec' });
}
