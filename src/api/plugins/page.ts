/** The approver's page: the files of web/, read once at start. What was not there then is not served. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { PAGE_POLICY } from './security-headers.js';

const FOLDER = fileURLToPath(new URL('../../../web/', import.meta.url));

/** Kinds of file that the page is made of; files of other kinds in the folder are not for browsers. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Addresses that people see, and the file behind each. The file never depends on what comes after the `?`. */
const ADDRESSES: Readonly<Record<string, string>> = {
  '/': 'inbox.html',
  '/r/:requestId': 'request.html',
  '/environments': 'environments.html',
  '/environments/:application': 'environments.html',
  // asked for without being named by anything, e.g. on the way back from signing in
  '/favicon.ico': 'icon.svg',
};

/** Browsers that know Trusted Types also refuse to make markup of a text (source: W3C Trusted Types). */
const POLICY = `${PAGE_POLICY}; require-trusted-types-for 'script'; trusted-types 'none'`;

interface PageFile {
  readonly body: Buffer;
  readonly contentType: string;
  readonly etag: string;
}

/** The page cannot be served: its files are not where they should be. */
export class PageMissing extends Error {
  override readonly name = 'PageMissing';
}

/**
 * Serves `/`, `/r/:requestId`, `/environments` and the files that they load from `/page/`. They hold nothing about anybody, so they are for
 * anybody; all that they show comes from the API.
 * @throws PageMissing
 */
export const page = fastifyPlugin(
  async (app: FastifyInstance) => {
    const files = await readFiles();
    for (const [address, name] of Object.entries(ADDRESSES)) {
      const file = files.get(name);
      if (file === undefined) throw new PageMissing(`${join(FOLDER, name)} is missing. Install it again.`);
      serve(app, address, file);
    }
    for (const [name, file] of files) if (!name.endsWith('.html')) serve(app, `/page/${name}`, file);
  },
  { name: 'page', dependencies: ['security-headers', 'authentication'] },
);

async function readFiles(): Promise<ReadonlyMap<string, PageFile>> {
  const names = await readdir(FOLDER).catch(() => {
    throw new PageMissing(`The folder ${FOLDER} of the page is missing. Install it again.`);
  });
  const files = new Map<string, PageFile>();
  for (const name of names) {
    const contentType = CONTENT_TYPES[extname(name)];
    if (contentType === undefined) continue;
    const body = await readFile(join(FOLDER, name));
    files.set(name, { body, contentType, etag: etagOf(body) });
  }
  return files;
}

function etagOf(body: Buffer): string {
  return `"${createHash('sha256').update(body).digest('base64url')}"`;
}

function serve(app: FastifyInstance, address: string, file: PageFile): void {
  const handler = async (request: FastifyRequest, reply: FastifyReply) => {
    // kept by browsers, but asked for each time: a new version is there at once
    reply.header('cache-control', 'no-cache').header('etag', file.etag);
    if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
    return reply.header('content-security-policy', POLICY).type(file.contentType).send(file.body);
  };
  // from memory; counting them would lock out offices behind one address
  app.get(address, { config: { access: 'anybody', rateLimit: false }, schema: { hide: true } }, handler);
}
