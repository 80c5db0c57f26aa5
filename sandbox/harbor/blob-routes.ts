import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Answer, Call } from '../framework/operation.js';
import { Refusal } from '../framework/refusal.js';
import { digestOf } from './artifact-content.js';
import type { Harbor } from './harbor.js';
import { paramIn, repositoryIn, repositoryPaths } from './repository-paths.js';

/** Blobs and their uploads, by the OCI distribution specification 1.1: in one request, in two, or in chunks. */
export function addBlobRoutes(harbor: Harbor): void {
  const { standIn } = harbor;
  // an upload that was begun dies with the process: its client begins again
  const uploads = new Map<string, Buffer>();
  const own = { open: true, unchecked: true } as const;
  for (const path of repositoryPaths('blobs/:digest')) {
    standIn.raw({
      id: 'get blob',
      method: ['GET', 'HEAD'],
      path,
      handle: (request, reply) => sendBlob(harbor, request, reply),
    });
  }
  for (const path of [...repositoryPaths('blobs/uploads/'), ...repositoryPaths('blobs/uploads')]) {
    standIn.operation({
      ...own,
      id: 'start upload',
      method: 'POST',
      path,
      handle: (call) => {
        const repository = repositoryIn(call.request);
        harbor.permit(call.request, repository, 'push');
        const mounted = call.query('mount');
        if (mounted !== undefined && harbor.blobs.has(mounted)) return stored(repository, mounted);
        const digest = call.query('digest');
        if (digest !== undefined) return store(harbor, call, repository, bodyOf(call), digest);
        const id = randomUUID();
        uploads.set(id, Buffer.alloc(0));
        return { status: 202, headers: uploadHeaders(repository, id, 0) };
      },
    });
  }
  for (const path of repositoryPaths('blobs/uploads/:upload')) {
    const under = (call: Call): { repository: string; id: string; begun: Buffer } => {
      const repository = repositoryIn(call.request);
      harbor.permit(call.request, repository, 'push');
      const id = call.param('upload');
      const begun = uploads.get(id);
      if (begun === undefined) throw new Refusal(404, 'upload unknown', { code: 'BLOB_UPLOAD_UNKNOWN' });
      return { repository, id, begun };
    };
    standIn.operation({
      ...own,
      id: 'upload chunk',
      method: 'PATCH',
      path,
      handle: (call) => {
        const { repository, id, begun } = under(call);
        const grown = Buffer.concat([begun, bodyOf(call)]);
        uploads.set(id, grown);
        return { status: 202, headers: uploadHeaders(repository, id, grown.length) };
      },
    });
    standIn.operation({
      ...own,
      id: 'finish upload',
      method: 'PUT',
      path,
      handle: (call) => {
        const { repository, id, begun } = under(call);
        const answer = store(
          harbor,
          call,
          repository,
          Buffer.concat([begun, bodyOf(call)]),
          call.query('digest') ?? '',
        );
        uploads.delete(id);
        return answer;
      },
    });
  }
}

function sendBlob(harbor: Harbor, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  harbor.permit(request, repositoryIn(request), 'pull');
  const digest = paramIn(request, 'digest');
  const bytes = harbor.blobs.read(digest);
  if (bytes === undefined) throw new Refusal(404, 'blob unknown to registry', { code: 'BLOB_UNKNOWN' });
  return reply.header('docker-content-digest', digest).type('application/octet-stream').send(bytes);
}

function store(harbor: Harbor, call: Call, repository: string, bytes: Buffer, digest: string): Answer {
  if (digestOf(bytes) !== digest) {
    throw new Refusal(400, 'provided digest did not match uploaded content', { code: 'DIGEST_INVALID' });
  }
  if (!harbor.blobs.has(digest)) {
    call.change('created', `blob ${digest}`, () => {
      harbor.blobs.write(bytes);
    });
  }
  return stored(repository, digest);
}

function stored(repository: string, digest: string): Answer {
  return {
    status: 201,
    headers: { location: `/v2/${repository}/blobs/${digest}`, 'docker-content-digest': digest },
  };
}

function uploadHeaders(repository: string, id: string, length: number): Record<string, string> {
  return {
    location: `/v2/${repository}/blobs/uploads/${id}`,
    range: `0-${Math.max(0, length - 1)}`,
    'docker-upload-uuid': id,
  };
}

function bodyOf(call: Call): Buffer {
  return Buffer.isBuffer(call.request.body) ? call.request.body : Buffer.alloc(0);
}
