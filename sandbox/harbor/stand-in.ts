import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { Refusal } from '../framework/refusal.js';
import type { RunningStandIn, StandInContext } from '../framework/running.js';
import { SpecCheck } from '../framework/spec-check.js';
import { StandIn } from '../framework/stand-in.js';
import { MEDIA_TYPE } from './artifact-content.js';
import { addArtifactRoutes } from './artifact-routes.js';
import { addBlobRoutes } from './blob-routes.js';
import { BlobStore } from './blob-store.js';
import { addChartIndexRoutes } from './chart-index-routes.js';
import { addControlRoutes } from './control-routes.js';
import { EXAMPLE_PROJECTS, exampleArtifacts } from './example-artifacts.js';
import { Harbor, type HarborStandIn } from './harbor.js';
import { addManifestRoutes } from './manifest-routes.js';
import { HarborSettings, HarborState } from './state.js';
import { addTokenRoute } from './token-route.js';

/** Time at which everything of the example world was pushed. */
const PUSHED_AT = '2026-01-15T05:55:00.000Z';
/** Media types whose exact bytes count: they must not be parsed and written again. */
const RAW_TYPES = [
  MEDIA_TYPE.index,
  MEDIA_TYPE.manifest,
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/octet-stream',
];

/**
 * Harbor: an OCI registry with content-addressed storage and a token service, the API of artifacts and scans, and charts of
 * a project as a classic repository. The registry answers `docker push`, `helm push` and our client alike.
 *
 * Control routes beside the common ones: `POST /_sandbox/build {repository, tags, text}` pushes a new image and gives its
 * digest; `POST /_sandbox/chart {name, version, values, templates}` pushes a chart; `POST /_sandbox/move-tag {repository, tag, digest}`; `POST /_sandbox/scan {repository, reference, status, counts?,
 * fixable?, endTime?}`.
 */
export async function startHarbor(context: StandInContext): Promise<RunningStandIn> {
  const blobs = new BlobStore(path.join(context.folder, 'blobs'));
  const standIn: HarborStandIn = new StandIn({
    system: 'harbor',
    folder: context.folder,
    state: {
      schema: HarborState,
      initial: () => ({
        signingKey: randomBytes(32).toString('base64url'),
        users: [...context.world.harbor.users],
        projects: EXAMPLE_PROJECTS.map((project) => ({ ...project })),
        manifests: [],
        tags: [],
        scans: [],
      }),
    },
    settings: {
      schema: HarborSettings,
      defaults: {
        login: 'token',
        tokenRealm: null,
        tokenSeconds: 1800,
        tagPage: 100,
        digestHeader: true,
        immutable: [],
        scanMs: 300,
      },
    },
    spec: await SpecCheck.load('harbor/harbor-v2.15.2-swagger.json'),
    specBase: '/api/v2.0',
    errorBody: ({ code, message }) => ({ errors: [{ code: code === '' ? 'UNKNOWN' : code, message }] }),
    refuseInvalid: (problems) => new Refusal(400, problems.join('; '), { code: 'BAD_REQUEST' }),
    authenticate: (call) => {
      if (harbor.userOf(call.header('authorization')) !== undefined) return;
      throw new Refusal(401, 'unauthorized', { code: 'UNAUTHORIZED' });
    },
  });
  const harbor = new Harbor(standIn, blobs);
  for (const type of RAW_TYPES) {
    standIn.app.addContentTypeParser(type, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  }
  addManifestRoutes(harbor);
  addBlobRoutes(harbor);
  addTokenRoute(harbor);
  addChartIndexRoutes(harbor);
  addArtifactRoutes(harbor);
  addControlRoutes(harbor);
  if (harbor.state.manifests.length === 0)
    await standIn.act('created', 'example artifacts', () => seed(harbor));
  const origin = await standIn.listen(context.port);
  return { origin, close: () => standIn.close() };
}

function seed(harbor: Harbor): void {
  for (const { repository, tags, content, scan } of exampleArtifacts()) {
    harbor.addArtifact(repository, tags, content, PUSHED_AT);
    if (scan !== undefined) harbor.state.scans.push({ repository, digest: content.top.digest, ...scan });
  }
}
