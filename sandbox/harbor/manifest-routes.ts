import type { FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { Value } from 'typebox/value';
import type { Answer, Call } from '../framework/operation.js';
import { Refusal } from '../framework/refusal.js';
import { digestOf } from './artifact-content.js';
import type { Harbor } from './harbor.js';
import { paramIn, queryIn, repositoryIn, repositoryPaths } from './repository-paths.js';

const Descriptor = Type.Object({ digest: Type.String() });
const ManifestBody = Type.Object({
  schemaVersion: Type.Literal(2),
  config: Type.Optional(Descriptor),
  layers: Type.Optional(Type.Array(Descriptor)),
  manifests: Type.Optional(Type.Array(Descriptor)),
});

/** Manifests and tags, by the OCI distribution specification 1.1. None of these is in Harbor's own spec. */
export function addManifestRoutes(harbor: Harbor): void {
  const { standIn } = harbor;
  standIn.raw({
    id: 'registry root',
    method: 'GET',
    path: '/v2/',
    handle: (request, reply) => {
      harbor.permitRoot(request);
      return reply.type('application/json').send('{}');
    },
  });
  for (const path of repositoryPaths('manifests/:reference')) {
    standIn.raw({
      id: 'get manifest',
      method: ['GET', 'HEAD'],
      path,
      handle: (request, reply) => sendManifest(harbor, request, reply),
    });
    standIn.operation({
      id: 'put manifest',
      method: 'PUT',
      path,
      open: true,
      unchecked: true,
      handle: (call) => putManifest(harbor, call),
    });
  }
  for (const path of repositoryPaths('tags/list')) {
    standIn.operation({
      id: 'list tags',
      method: 'GET',
      path,
      open: true,
      unchecked: true,
      handle: (call) => listTags(harbor, call.request),
    });
  }
}

function sendManifest(harbor: Harbor, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const repository = repositoryIn(request);
  harbor.permit(request, repository, 'pull');
  const reference = paramIn(request, 'reference');
  const manifest = harbor.manifestOf(repository, reference);
  const bytes = manifest === undefined ? undefined : harbor.blobs.read(manifest.digest);
  if (manifest === undefined || bytes === undefined) {
    throw new Refusal(404, `artifact ${repository}:${reference} not found`, { code: 'MANIFEST_UNKNOWN' });
  }
  if (harbor.settings.digestHeader) reply.header('docker-content-digest', manifest.digest);
  return reply.type(manifest.mediaType).send(bytes);
}

function putManifest(harbor: Harbor, call: Call): Answer {
  const repository = repositoryIn(call.request);
  harbor.permit(call.request, repository, 'push');
  const reference = call.param('reference');
  const { body: bytes } = call.request;
  if (!Buffer.isBuffer(bytes)) throw new Refusal(400, 'manifest invalid', { code: 'MANIFEST_INVALID' });
  const body = manifestIn(bytes);
  const digest = digestOf(bytes);
  if (reference.startsWith('sha256:') && reference !== digest) {
    throw new Refusal(400, 'provided digest did not match uploaded content', { code: 'DIGEST_INVALID' });
  }
  const blobs = [...(body.layers ?? []), ...(body.config === undefined ? [] : [body.config])];
  const missing =
    blobs.find((one) => !harbor.blobs.has(one.digest)) ??
    body.manifests?.find((one) => harbor.manifestOf(repository, one.digest) === undefined);
  if (missing !== undefined) {
    throw new Refusal(404, `blob unknown to registry: ${missing.digest}`, { code: 'MANIFEST_BLOB_UNKNOWN' });
  }
  harbor.blobs.write(bytes);
  const mediaType = call.header('content-type') ?? '';
  harbor.putManifest(call, repository, reference, { digest, mediaType, size: bytes.length });
  return {
    status: 201,
    headers: {
      location: `/v2/${repository}/manifests/${digest}`,
      ...(harbor.settings.digestHeader ? { 'docker-content-digest': digest } : {}),
    },
  };
}

function manifestIn(bytes: Buffer) {
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString('utf8'));
  } catch {
    body = undefined;
  }
  if (!Value.Check(ManifestBody, body))
    throw new Refusal(400, 'manifest invalid', { code: 'MANIFEST_INVALID' });
  return body;
}

/** One page: `n` as wanted, at most the setting; `Link` leads to the next one while there is more. */
function listTags(harbor: Harbor, request: FastifyRequest): Answer {
  const repository = repositoryIn(request);
  harbor.permit(request, repository, 'pull');
  if (!harbor.state.manifests.some((one) => one.repository === repository)) {
    throw new Refusal(404, `repository ${repository} not found`, { code: 'NAME_UNKNOWN' });
  }
  const last = queryIn(request, 'last') ?? '';
  const rest = harbor
    .tagsOf(repository)
    .sort()
    .filter((tag) => last === '' || tag > last);
  const most = Math.min(Number(queryIn(request, 'n') ?? harbor.settings.tagPage), harbor.settings.tagPage);
  const tags = rest.slice(0, most);
  const next = `/v2/${repository}/tags/list?last=${encodeURIComponent(tags.at(-1) ?? '')}&n=${most}`;
  return {
    status: 200,
    body: { name: repository, tags },
    ...(rest.length > tags.length ? { headers: { link: `<${next}>; rel="next"` } } : {}),
  };
}
