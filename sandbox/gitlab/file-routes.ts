import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { Refusal } from '../framework/refusal.js';
import type { FileRead } from './git-repository.js';
import { type Asking, type Gitlab, pageOfAll } from './gitlab.js';
import { treeJson } from './representations.js';

async function fileOf(gitlab: Gitlab, call: Asking): Promise<{ file: FileRead; ref: string }> {
  const { project } = gitlab.projectOf(call);
  const ref = call.query('ref') ?? project.defaultBranch;
  const commitId = await gitlab.commitIdOf(project, ref === 'HEAD' ? project.defaultBranch : ref);
  const file = await gitlab.repositoryOf(project).readFile(commitId, call.param('file_path'));
  if (file === null) throw new Refusal(404, '404 File Not Found');
  return { file, ref };
}

/** Reading files and folders of a repository. */
export function addFileRoutes(gitlab: Gitlab): void {
  gitlab.standIn.operation({
    id: 'getFile',
    method: 'GET',
    path: '/api/v4/projects/:id/repository/files/:file_path',
    handle: async (call) => {
      const { file, ref } = await fileOf(gitlab, call);
      return {
        status: 200,
        body: {
          file_name: file.path.split('/').at(-1),
          file_path: file.path,
          size: file.content.length,
          encoding: 'base64',
          content_sha256: createHash('sha256').update(file.content).digest('hex'),
          ref,
          blob_id: file.blobId,
          commit_id: file.commitId,
          last_commit_id: file.lastCommitId,
          execute_filemode: file.executable,
          content: file.content.toString('base64'),
        },
        headers: { 'x-gitlab-blob-id': file.blobId, 'x-gitlab-last-commit-id': file.lastCommitId },
      };
    },
  });

  gitlab.standIn.raw({
    id: 'getRawFile',
    method: 'GET',
    path: '/api/v4/projects/:id/repository/files/:file_path/raw',
    handle: async (request, reply) => {
      const { file } = await fileOf(gitlab, askingOf(request));
      return reply
        .headers({ 'x-gitlab-blob-id': file.blobId, 'x-gitlab-last-commit-id': file.lastCommitId })
        .type('text/plain; charset=utf-8')
        .send(file.content);
    },
  });

  gitlab.standIn.operation({
    id: 'getBlob',
    method: 'GET',
    path: '/api/v4/projects/:id/repository/blobs/:sha',
    handle: async (call) => {
      const { project } = gitlab.projectOf(call);
      const sha = call.param('sha');
      const content = await gitlab.repositoryOf(project).blobOrNull(sha);
      if (content === null) throw new Refusal(404, '404 Blob Not Found');
      return {
        status: 200,
        body: { size: content.length, encoding: 'base64', content: content.toString('base64'), sha },
      };
    },
  });

  gitlab.standIn.operation({
    id: 'listTree',
    method: 'GET',
    path: '/api/v4/projects/:id/repository/tree',
    handle: async (call) => {
      const { project } = gitlab.projectOf(call);
      const commitId = await gitlab.commitIdOf(
        project,
        call.query('ref') ?? project.defaultBranch,
        '404 Tree Not Found',
      );
      const folder = call.query('path') ?? '';
      const repository = gitlab.repositoryOf(project);
      if (folder !== '' && (await repository.treeId(commitId, folder)) === null) {
        throw new Refusal(404, '404 invalid revision or path Not Found');
      }
      const entries = await repository.listTree(
        commitId,
        folder === '' ? '' : `${folder.replace(/\/$/, '')}/`,
        call.query('recursive') === 'true',
      );
      return pageOfAll(call, entries, treeJson);
    },
  });
}

/** Reads parameters of a route that answers by itself. */
function askingOf(request: FastifyRequest): Asking {
  const text = (source: unknown, name: string): string | undefined => {
    if (typeof source !== 'object' || source === null) return undefined;
    const value: unknown = Object.entries(source).find(([key]) => key === name)?.[1];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    request,
    param: (name) => text(request.params, name) ?? '',
    query: (name) => text(request.query, name),
    header: (name) => text(request.headers, name.toLowerCase()),
  };
}
