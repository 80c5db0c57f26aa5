import Type from 'typebox';
import type { Call } from '../framework/operation.js';
import { newId, newSecret } from './identifiers.js';
import { found, type Otterize, only } from './otterize.js';
import { showCluster, showIntegration } from './representations.js';
import type { Cluster, Integration } from './state.js';

const CreateIntegration = Type.Object({ name: Type.String(), environmentId: Type.String() });

/** Kubernetes integrations and the clusters that come with them. */
export function addIntegrationRoutes(otterize: Otterize, base: string): void {
  const { standIn, state } = otterize;

  const shown = (integration: Integration) =>
    showIntegration(integration, state, otterize.settings, otterize.settings.secretReturned === 'always');
  const matching = (call: Call): Integration[] => {
    const organization = otterize.organizationOf(call);
    const name = call.query('name');
    const type = call.query('integrationType');
    const environment = call.query('environmentId');
    const cluster = call.query('clusterId');
    return state.integrations.filter(
      (integration) =>
        integration.organizationId === organization.id &&
        (name === undefined || integration.name === name) &&
        (type === undefined || type === 'KUBERNETES') &&
        (environment === undefined || integration.environmentId === environment) &&
        (cluster === undefined || integration.clusterId === cluster),
    );
  };
  const clusters = (call: Call): Cluster[] => {
    const organization = otterize.organizationOf(call);
    const name = call.query('name');
    return state.clusters.filter(
      (cluster) =>
        cluster.organizationId === organization.id && (name === undefined || cluster.name === name),
    );
  };

  standIn.operation({
    id: 'integrations_query',
    method: 'GET',
    path: `${base}/integrations`,
    handle: (call) => ({ status: 200, body: matching(call).map(shown) }),
  });
  standIn.operation({
    id: 'oneIntegration_query',
    method: 'GET',
    path: `${base}/integration`,
    handle: (call) => ({ status: 200, body: shown(only(matching(call), 'integration')) }),
  });
  standIn.operation({
    id: 'createKubernetesIntegration_mutation',
    method: 'POST',
    path: `${base}/integrations/kubernetes`,
    handle: (call) => {
      const organization = otterize.organizationOf(call);
      const { name, environmentId } = call.body(CreateIntegration);
      const environment = found(state.environments, organization, environmentId, 'environment');
      const taken = state.integrations.some(
        (integration) => integration.organizationId === organization.id && integration.name === name,
      );
      otterize.refuseTaken(taken, `integration ${name}`);
      // creating it also makes the cluster object (reference: onboarding, section 3)
      const known = state.clusters.find(
        (cluster) => cluster.organizationId === organization.id && cluster.name === name,
      );
      const cluster: Cluster = known ?? {
        id: newId('cluster'),
        organizationId: organization.id,
        name,
        createdAt: new Date().toISOString(),
      };
      const integration: Integration = {
        id: newId('int'),
        organizationId: organization.id,
        name,
        environmentId: environment.id,
        clusterId: cluster.id,
        clientId: newId('cli'),
        clientSecret: newSecret(),
      };
      call.change('created', `integration ${name} of ${organization.name}`, () => {
        if (!known) state.clusters.push(cluster);
        state.integrations.push(integration);
      });
      return { status: 200, body: showIntegration(integration, state, otterize.settings, true) };
    },
  });
  standIn.operation({
    id: 'integration_query',
    method: 'GET',
    path: `${base}/integrations/:id`,
    handle: (call) => ({
      status: 200,
      body: shown(found(state.integrations, otterize.organizationOf(call), call.param('id'), 'integration')),
    }),
  });
  standIn.operation({
    id: 'deleteIntegration_mutation',
    method: 'DELETE',
    path: `${base}/integrations/:id`,
    handle: (call) => {
      const organization = otterize.organizationOf(call);
      const integration = found(state.integrations, organization, call.param('id'), 'integration');
      call.change('deleted', `integration ${integration.name} of ${organization.name}`, () => {
        state.integrations.splice(state.integrations.indexOf(integration), 1);
        state.componentTokens = state.componentTokens.filter(
          (token) => token.integrationId !== integration.id,
        );
      });
      return { status: 200, body: integration.id };
    },
  });
  standIn.operation({
    id: 'clusters_query',
    method: 'GET',
    path: `${base}/clusters`,
    handle: (call) => ({
      status: 200,
      body: clusters(call).map((cluster) => showCluster(cluster, state, otterize.settings)),
    }),
  });
  standIn.operation({
    id: 'oneCluster_query',
    method: 'GET',
    path: `${base}/cluster`,
    handle: (call) => ({
      status: 200,
      body: showCluster(only(clusters(call), 'cluster'), state, otterize.settings),
    }),
  });
  standIn.operation({
    id: 'cluster_query',
    method: 'GET',
    path: `${base}/clusters/:id`,
    handle: (call) => ({
      status: 200,
      body: showCluster(
        found(state.clusters, otterize.organizationOf(call), call.param('id'), 'cluster'),
        state,
        otterize.settings,
      ),
    }),
  });
  standIn.operation({
    id: 'deleteCluster_mutation',
    method: 'DELETE',
    path: `${base}/clusters/:id`,
    handle: (call) => {
      const organization = otterize.organizationOf(call);
      const cluster = found(state.clusters, organization, call.param('id'), 'cluster');
      call.change('deleted', `cluster ${cluster.name} of ${organization.name}`, () => {
        state.clusters.splice(state.clusters.indexOf(cluster), 1);
      });
      return { status: 200, body: cluster.id };
    },
  });
}
