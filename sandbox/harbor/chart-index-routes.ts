import type { FastifyRequest } from 'fastify';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { stringify } from 'yaml';
import { Refusal } from '../framework/refusal.js';
import { MEDIA_TYPE } from './artifact-content.js';
import type { Harbor } from './harbor.js';
import { paramIn } from './repository-paths.js';

const ChartManifest = Type.Object({
  config: Type.Object({ mediaType: Type.Literal(MEDIA_TYPE.chartConfig), digest: Type.String() }),
  layers: Type.Array(Type.Object({ digest: Type.String() }), { minItems: 1 }),
});
const About = Type.Object({ name: Type.String(), version: Type.String() });

/**
 * The charts of a project as a classic repository with an `index.yaml`, as Harbor had them until 2.8 (ChartMuseum). The same
 * archives as in the OCI registry.
 */
export function addChartIndexRoutes(harbor: Harbor): void {
  harbor.standIn.raw({
    id: 'get chart index',
    method: 'GET',
    path: '/chartrepo/:project/index.yaml',
    handle: (request, reply) => {
      const entries: Record<string, object[]> = {};
      for (const chart of chartsOf(harbor, permittedProject(harbor, request))) {
        entries[chart.name] = [...(entries[chart.name] ?? []), chart];
      }
      return reply.type('text/yaml').send(stringify({ apiVersion: 'v1', entries }));
    },
  });
  harbor.standIn.raw({
    id: 'get chart archive',
    method: 'GET',
    path: '/chartrepo/:project/charts/:file',
    handle: (request, reply) => {
      const wanted = `charts/${paramIn(request, 'file')}`;
      const chart = chartsOf(harbor, permittedProject(harbor, request)).find(({ urls }) =>
        urls.includes(wanted),
      );
      const archive = chart === undefined ? undefined : harbor.blobs.read(`sha256:${chart.digest}`);
      if (archive === undefined) throw new Refusal(404, 'chart not found', { code: 'NOT_FOUND' });
      return reply.type('application/x-tar').send(archive);
    },
  });
}

/** The project of the path, where its charts may be pulled. */
function permittedProject(harbor: Harbor, request: FastifyRequest): string {
  const project = paramIn(request, 'project');
  const user = harbor.userOf(request.headers.authorization);
  if (harbor.actionsIn(`${project}/any`, user).includes('pull')) return project;
  throw new Refusal(401, 'unauthorized', {
    code: 'UNAUTHORIZED',
    headers: { 'www-authenticate': 'Basic realm="harbor"' },
  });
}

function chartsOf(harbor: Harbor, project: string) {
  return harbor.state.manifests
    .filter(({ repository }) => repository.startsWith(`${project}/`))
    .flatMap(({ digest, pushedAt }) => {
      const manifest = json(harbor.blobs.read(digest));
      if (!Value.Check(ChartManifest, manifest)) return [];
      const about = json(harbor.blobs.read(manifest.config.digest));
      const archive = manifest.layers[0]?.digest.replace('sha256:', '') ?? '';
      if (!Value.Check(About, about)) return [];
      const urls = [`charts/${about.name}-${about.version}.tgz`];
      return [{ apiVersion: 'v2', created: pushedAt, digest: archive, ...about, urls }];
    });
}

function json(bytes: Buffer | undefined): unknown {
  try {
    return JSON.parse(bytes?.toString('utf8') ?? '');
  } catch {
    return undefined;
  }
}
