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
export function addChartIndexRoute(harbor: Harbor): void {
  harbor.standIn.raw({
    id: 'get chart index',
    method: 'GET',
    path: '/chartrepo/:project/index.yaml',
    handle: (request, reply) => {
      const project = paramIn(request, 'project');
      const user = harbor.userOf(request.headers.authorization);
      if (!harbor.actionsIn(`${project}/any`, user).includes('pull')) {
        throw new Refusal(401, 'unauthorized', {
          code: 'UNAUTHORIZED',
          headers: { 'www-authenticate': 'Basic realm="harbor"' },
        });
      }
      const entries: Record<string, object[]> = {};
      for (const chart of chartsOf(harbor, project)) {
        entries[chart.name] = [...(entries[chart.name] ?? []), chart];
      }
      return reply.type('text/yaml').send(stringify({ apiVersion: 'v1', entries }));
    },
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
