import { Repositories } from '@gitbeaker/rest';
import Type from 'typebox';
import { SystemError } from '../../domain/failure.js';
import type { JsonRequester } from '../http/json-requester.js';
import { shapeOf } from '../http/shape.js';
import { troubleOf } from '../http/trouble.js';
import { explainedNotFound, subjectOf } from './errors.js';
import { callOptions } from './requester.js';

/** Files that are read at the same time: quick for a folder, and one caller of many to GitLab. */
const AT_ONCE = 6;
/** Most files, and bytes of all of them, that one reading takes: what a renderer gets, with room. */
const MOST_FILES = 500;
const MOST_BYTES = 16 * 1024 * 1024;
const SUBMODULE = '160000';

const Blob = Type.Object({ content: Type.String(), encoding: Type.Literal('base64') });

/** Path to content. */
export type FileBytes = ReadonlyMap<string, Uint8Array>;

interface Entry {
  readonly path: string;
  readonly blobId: string;
  readonly mode: string;
}

/** Reads files by the ids of their contents; see `GitLabRepositories.blobs`. */
export async function readBlobs(
  http: JsonRequester,
  project: string,
  entries: readonly Entry[],
  signal: AbortSignal | undefined,
): Promise<FileBytes> {
  const files = entries.filter((entry) => entry.mode !== SUBMODULE);
  if (files.length > MOST_FILES) throw tooMany(project, `${files.length} files`);
  const wanted = new Map(files.map((file) => [file.blobId, file.path]));
  const contents = new Map<string, Uint8Array>();
  const queue = wanted.entries();
  const stop = new AbortController();
  const end = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  let bytes = 0;
  const work = async (): Promise<void> => {
    for (const [blobId, path] of queue) {
      const content = await readBlob(http, project, blobId, path, end);
      bytes += content.byteLength;
      if (bytes > MOST_BYTES) throw tooMany(project, `more than ${MOST_BYTES} bytes`);
      contents.set(blobId, content);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  } catch (error) {
    stop.abort(error);
    throw error;
  }
  return new Map(files.map((file) => [file.path, contents.get(file.blobId) ?? new Uint8Array()]));
}

async function readBlob(
  http: JsonRequester,
  project: string,
  blobId: string,
  path: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const subject = subjectOf('get blob', `${project} ${path}`);
  try {
    const body = await new Repositories(callOptions(http, subject, signal)).showBlob(project, blobId);
    return Buffer.from(shapeOf(Blob, body, subject).content, 'base64');
  } catch (error) {
    throw explainedNotFound(error, subject);
  }
}

function tooMany(project: string, what: string): SystemError {
  return new SystemError(
    troubleOf(subjectOf('get blobs', project), 'invalid', `${what} are more than one reading takes`, {
      code: 'too-many',
      remedy: `Name a smaller folder: at most ${MOST_FILES} files and ${MOST_BYTES} bytes are read at once.`,
    }),
  );
}
