import Type from 'typebox';
import type { Call } from '../framework/operation.js';
import { Refusal } from '../framework/refusal.js';
import { newId } from './identifiers.js';
import { found, type Otterize, only } from './otterize.js';
import { showEnvironment } from './representations.js';
import { type Environment, Label } from './state.js';

const CreateEnvironment = Type.Object({
  name: Type.String(),
  labels: Type.Optional(Type.Array(Label)),
});
const UpdateEnvironment = Type.Partial(CreateEnvironment);

/** Environments of an organisation. The filter by labels is left out: nobody here asks by it. */
export function addEnvironmentRoutes(otterize: Otterize, base: string): void {
  const { standIn, state } = otterize;

  const matching = (call: Call): Environment[] => {
    const organization = otterize.organizationOf(call);
    const name = call.query('name');
    return state.environments.filter(
      (environment) =>
        environment.organizationId === organization.id && (name === undefined || environment.name === name),
    );
  };

  standIn.operation({
    id: 'environments_query',
    method: 'GET',
    path: `${base}/environments`,
    handle: (call) => ({ status: 200, body: matching(call).map(showEnvironment) }),
  });
  standIn.operation({
    id: 'oneEnvironment_query',
    method: 'GET',
    path: `${base}/environment`,
    handle: (call) => ({ status: 200, body: showEnvironment(only(matching(call), 'environment')) }),
  });
  standIn.operation({
    id: 'createEnvironment_mutation',
    method: 'POST',
    path: `${base}/environments`,
    handle: (call) => {
      const organization = otterize.organizationOf(call);
      const { name, labels } = call.body(CreateEnvironment);
      const taken = state.environments.some(
        (environment) => environment.organizationId === organization.id && environment.name === name,
      );
      otterize.refuseTaken(taken, `environment ${name}`);
      const environment: Environment = {
        id: newId('env'),
        organizationId: organization.id,
        name,
        labels: labels ?? [],
      };
      call.change('created', `environment ${name} of ${organization.name}`, () =>
        state.environments.push(environment),
      );
      return { status: 200, body: showEnvironment(environment) };
    },
  });
  standIn.operation({
    id: 'environment_query',
    method: 'GET',
    path: `${base}/environments/:id`,
    handle: (call) => ({
      status: 200,
      body: showEnvironment(
        found(state.environments, otterize.organizationOf(call), call.param('id'), 'environment'),
      ),
    }),
  });
  standIn.operation({
    id: 'updateEnvironment_mutation',
    method: 'PATCH',
    path: `${base}/environments/:id`,
    handle: (call) => {
      const organization = otterize.organizationOf(call);
      const environment = found(state.environments, organization, call.param('id'), 'environment');
      const update = call.body(UpdateEnvironment);
      call.change('changed', `environment ${environment.name} of ${organization.name}`, () => {
        // labels are set as a whole, not added
        Object.assign(environment, update);
      });
      return { status: 200, body: showEnvironment(environment) };
    },
  });
  standIn.operation({
    id: 'deleteEnvironment_mutation',
    method: 'DELETE',
    path: `${base}/environments/:id`,
    handle: (call) => {
      const organization = otterize.organizationOf(call);
      const environment = found(state.environments, organization, call.param('id'), 'environment');
      if (state.integrations.some((integration) => integration.environmentId === environment.id)) {
        // [K] whether the real service minds
        throw new Refusal(409, `environment ${environment.name} is the default of an integration`);
      }
      call.change('deleted', `environment ${environment.name} of ${organization.name}`, () => {
        state.environments.splice(state.environments.indexOf(environment), 1);
      });
      return { status: 200, body: environment.id };
    },
  });
}
