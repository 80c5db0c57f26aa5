/** What runs where. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Stray } from '../../../domain/promotion/strays.js';
import { workflowIdOf } from '../../../domain/request.js';
import { waitForTurn } from '../../../domain/turns.js';
import type { InstalledPath } from '../../../manifests/installed-files.js';
import type { ApiContext } from '../../context.js';
import { callerOf } from '../../plugins/authentication.js';
import { Problem } from '../../problems.js';
import { PromotionRecords } from '../../promotion-records.js';
import { readProblems } from '../../schemas/common.js';
import { ApplicationParams, ApplicationsSchema, EnvironmentsSchema } from '../../schemas/promotions.js';
import { environmentsView, type KnownEnvironment } from '../../views/environments-view.js';

export function environmentRoutes(context: ApiContext): FastifyPluginAsyncTypebox {
  const { deps, holds, reader, roles } = context;
  const promotions = new PromotionRecords(deps.ledger);
  const paths = deps.paths ?? [];

  const knownOf = async (application: string, environment: string): Promise<KnownEnvironment> => {
    const records = await promotions.newest({ application, environment });
    const line = await deps.ledger.openRequests(workflowIdOf.promotion(application, environment));
    const ordered = line.flatMap(({ requestId }) => records.find((one) => one.requestId === requestId) ?? []);
    const open = ordered.find((record) => waitForTurn(record) === undefined);
    return {
      name: environment,
      records,
      ...(open === undefined ? {} : { open: await reader.statusOf(open) }),
      strays: await straysOf(`${application}/${environment}`),
      queued: ordered.filter((record) => waitForTurn(record) !== undefined),
    };
  };

  /** With the names of who pushed, as far as they are not erased. */
  const straysOf = async (environment: string): Promise<readonly Stray[]> => {
    const found = await deps.ledger.straysOf(environment);
    const refs = found.flatMap(({ by }) => by ?? []);
    const names = await deps.ledger.personal(refs);
    return found.map(({ by, ...stray }) => {
      const name = by === undefined ? undefined : names.get(by);
      return { ...stray, ...(name === undefined ? {} : { by: name }) };
    });
  };

  return async (app) => {
    app.get(
      '/environments',
      {
        schema: {
          tags: ['promotions'],
          summary: 'Applications that are promoted, with their environments in order',
          response: { 200: ApplicationsSchema, ...readProblems },
        },
      },
      async (request) => {
        const identity = callerOf(request);
        return {
          applications: paths
            .filter(({ manifest }) => roles.maySeeApplication(identity, manifest.spec.owners))
            .map(({ manifest: { metadata, spec } }) => ({
              application: metadata.name,
              owners: spec.owners,
              environments: spec.environments.map(({ name }) => name),
            })),
        };
      },
    );

    app.get(
      '/environments/:application',
      {
        schema: {
          tags: ['promotions'],
          summary: 'What runs where, and how neighbours differ',
          description: 'From the ledger: what promotions have proven, not what a cluster says at the moment.',
          params: ApplicationParams,
          response: { 200: EnvironmentsSchema, ...readProblems },
        },
      },
      async (request) => {
        const identity = callerOf(request);
        const path = paths.find(({ manifest }) => manifest.metadata.name === request.params.application);
        if (path === undefined || !roles.maySeeApplication(identity, path.manifest.spec.owners)) {
          throw new Problem('not-found', 'There is no such application, or you may not see it.');
        }
        return environmentsView(path, await knownEnvironments(path), await holds.all());
      },
    );
  };

  async function knownEnvironments({
    manifest: { metadata, spec },
  }: InstalledPath): Promise<ReadonlyMap<string, KnownEnvironment>> {
    const known = new Map<string, KnownEnvironment>();
    // nothing is promoted to the first one
    for (const { name } of spec.environments.slice(1)) known.set(name, await knownOf(metadata.name, name));
    return known;
  }
}
