/** Many services for promotions: files in the shop's two projects, an Application for each environment, a path for each. */
import Type from 'typebox';
import { Value } from 'typebox/value';
import { stringify } from 'yaml';
import { ControlClient } from '../../sandbox/framework/control-client.js';
import { shopFiles } from '../../sandbox/gitlab/promotion-files.js';
import { type ExampleVersion, exampleImage } from '../../sandbox/harbor/example-artifacts.js';
import type { GatehouseStack } from '../../sandbox/stack/gatehouse.js';
import { type ShopPathOptions, shopImage } from '../../sandbox/stack/promotion-files.js';
import type { World } from '../../sandbox/world.js';

const DEV_PROJECT = 'shop-dev/ops';
export const PROD_PROJECT = 'shop-prod/ops';
const ARGOCD = '/clusters/management/apis/argoproj.io/v1alpha1/namespaces/argocd/applications';
const COMPARED_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 50;
const Compared = Type.Object({
  status: Type.Object({
    sync: Type.Object({ status: Type.Literal('Synced') }),
    health: Type.Object({ status: Type.Literal('Healthy') }),
  }),
});
const ENVIRONMENTS = [
  { name: 'dev', project: DEV_PROJECT, cluster: 0 },
  { name: 'prod', project: PROD_PROJECT, cluster: 1 },
] as const;
type Environment = (typeof ENVIRONMENTS)[number];
type EnvironmentName = Environment['name'];

/** Where the stand-ins are, and the world that they show. */
export type StandInAddresses = Pick<GatehouseStack, 'address' | 'world'>;

/** `svc-001`, `svc-002` … */
export function serviceNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `svc-${String(index + 1).padStart(3, '0')}`);
}

export function directoryOf(service: string): string {
  return `services/${service}`;
}

export function applicationOf(service: string, environment: EnvironmentName): string {
  return `${service}-${environment}`;
}

/** Paths of all services as one text, for the installation; the world needs two clusters. */
export function servicePathsText(
  services: readonly string[],
  options: (addresses: Readonly<Record<string, string>>) => ShopPathOptions = () => ({}),
): (world: World, image: string, addresses: Readonly<Record<string, string>>) => string {
  return (world, image, addresses) =>
    services.map((service) => stringify(pathOf(service, world, image, options(addresses)))).join('---\n');
}

/** What every service runs by a version of the shop's image. */
function serviceImage(stack: StandInAddresses, version: ExampleVersion): string {
  return `${shopImage(stack.address('harbor'))}@${exampleImage('shop/web', version).content.top.digest}`;
}

/** Files of a service that runs a version. */
export function serviceFiles(
  stack: StandInAddresses,
  service: string,
  version: ExampleVersion,
): Readonly<Record<string, string>> {
  const folder = directoryOf(service);
  const { 'README.md': _, ...files } = shopFiles({
    image: serviceImage(stack, version),
    namespace: service,
    folder,
  });
  return files;
}

/** Puts the services there: dev runs one version, prod another one, both delivered already. */
export async function seedServices(
  stack: StandInAddresses,
  services: readonly string[],
  versions: Readonly<Record<EnvironmentName, ExampleVersion>>,
): Promise<void> {
  const gitlab = new ControlClient(stack.address('gitlab'));
  for (const { name, project } of ENVIRONMENTS) {
    const files = services.flatMap((service) =>
      Object.entries(serviceFiles(stack, service, versions[name])).map(([path, content]) => ({
        path,
        content,
      })),
    );
    await gitlab.post('/commit', { project, files, author: 'ada', as: 'ada' });
  }
  await Promise.all(
    services.flatMap((service) =>
      ENVIRONMENTS.map(async (environment) => {
        await createApplication(stack, service, environment);
        await untilCompared(stack, applicationOf(service, environment.name));
      }),
    ),
  );
}

/** What Git has when Argo CD looks for the first time is what runs already in the example world. */
async function untilCompared(stack: StandInAddresses, application: string): Promise<void> {
  const deadline = Date.now() + COMPARED_WITHIN_MS;
  for (;;) {
    const seen = await argocd(stack, 'GET', `/${application}`);
    if (Value.Check(Compared, seen)) return;
    if (Date.now() > deadline) throw new Error(`${application} was not compared in ${COMPARED_WITHIN_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

async function createApplication(
  stack: StandInAddresses,
  service: string,
  environment: Environment,
): Promise<void> {
  await argocd(stack, 'POST', '', {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: {
      name: applicationOf(service, environment.name),
      namespace: 'argocd',
      annotations: { 'argocd.argoproj.io/refresh': 'normal' },
    },
    spec: {
      project: 'shop',
      source: {
        repoURL: `${stack.address('gitlab')}/${environment.project}.git`,
        path: directoryOf(service),
        targetRevision: 'main',
      },
      destination: { name: clusterOf(stack.world, environment), namespace: service },
      syncPolicy: { automated: { prune: true, selfHeal: true } },
    },
  });
}

async function argocd(
  stack: StandInAddresses,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
): Promise<unknown> {
  const answer = await fetch(`${stack.address('kubernetes')}${ARGOCD}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${stack.address('kubernetesAdminToken')}`,
      'content-type': 'application/json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return await answer.json();
}

function clusterOf(world: World, environment: Environment): string {
  const cluster = world.clusters[environment.cluster];
  if (cluster === undefined) throw new RangeError('a world with less than two clusters');
  return cluster.name;
}

function pathOf(service: string, world: World, image: string, options: ShopPathOptions): object {
  const environment = (each: Environment) => {
    const { name, project } = each;
    return {
      name,
      project,
      directory: directoryOf(service),
      ...(name === 'prod' ? { change: 'copy', ...options } : {}),
      deliveries: [
        {
          kind: 'argocd',
          cluster: clusterOf(world, each),
          connection: 'management',
          application: applicationOf(service, name),
          workloads: [{ namespace: service, name: 'web' }],
        },
      ],
    };
  };
  return {
    apiVersion: 'gatehouse/v1',
    kind: 'Path',
    metadata: { name: service },
    spec: { owners: 'shop-owners', images: [image], environments: ENVIRONMENTS.map(environment) },
  };
}
