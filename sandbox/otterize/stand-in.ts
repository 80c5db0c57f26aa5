import { Refusal } from '../framework/refusal.js';
import type { RunningStandIn, StandInContext } from '../framework/running.js';
import { SpecCheck } from '../framework/spec-check.js';
import { StandIn } from '../framework/stand-in.js';
import { addComponentRoutes } from './component-routes.js';
import { addEnvironmentRoutes } from './environment-routes.js';
import { newId } from './identifiers.js';
import { addIntegrationRoutes } from './integration-routes.js';
import { addInviteRoutes } from './invite-routes.js';
import { addOrganizationRoutes } from './organization-routes.js';
import { Otterize, type OtterizeStandIn } from './otterize.js';
import { OtterizeSettings, OtterizeState } from './state.js';

/** the service answers below `/api`: REST at `/api/rest/v1beta`, tokens at `/api/auth/tokens/token` (its spec) */
const API = '/api';
const REST = `${API}/rest/v1beta`;

/**
 * Otterize Cloud: organisations, invites, users, environments, Kubernetes integrations, clusters.
 *
 * What the vendor's description leaves open is a switch (see `OtterizeSettings`). Guesses without a source carry [K].
 */
export async function startOtterize(context: StandInContext): Promise<RunningStandIn> {
  const standIn: OtterizeStandIn = new StandIn({
    system: 'otterize',
    folder: context.folder,
    state: {
      schema: OtterizeState,
      initial: () => ({
        users: context.world.otterize.users.map((user) => ({ id: newId('usr'), ...user })),
        organizations: [],
        invites: [],
        environments: [],
        clusters: [],
        integrations: [],
        componentTokens: [],
      }),
    },
    settings: {
      schema: OtterizeSettings,
      defaults: {
        secretReturned: 'always',
        duplicateNames: 'allow',
        organizationHeaderMissing: 'refuse',
        tokenCalls: null,
        tokenExpires: null,
        connectMs: 300,
        reportMs: 1000,
        staysNotIntegrated: [],
        componentTokenSeconds: 3600,
      },
    },
    spec: await SpecCheck.load('otterize/openapi.v1beta.json'),
    specBase: REST,
    errorBody: (refusal) => ({ message: refusal.message }),
    refuseInvalid: (problems) => new Refusal(422, problems.join('; ')),
    authenticate: (call) => otterize.authenticate(call),
  });
  const otterize = new Otterize(standIn);
  addOrganizationRoutes(otterize, REST);
  addInviteRoutes(otterize, REST);
  addEnvironmentRoutes(otterize, REST);
  addIntegrationRoutes(otterize, REST);
  addComponentRoutes(otterize, API);
  const origin = await standIn.listen(context.port);
  return { origin, close: () => standIn.close() };
}
