/** Manifests as an artifact in a registry, as `flux push artifact` makes them (OCI distribution and image specifications). */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from '../../sandbox/stack/temporary-folder.js';

const run = promisify(execFile);
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

/**
 * Puts files into a registry.
 * @param registry `host:port`
 * @returns the digest of the manifest, `sha256:…`
 */
export async function pushArtifact(
  registry: string,
  repository: string,
  tag: string,
  files: Readonly<Record<string, string>>,
): Promise<string> {
  const base = `http://${registry}/v2/${repository}`;
  const layer = await pushBlob(base, await archiveOf(files));
  const config = await pushBlob(base, Buffer.from('{}'));
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: 'application/vnd.cncf.flux.config.v1+json', ...config },
    layers: [{ mediaType: 'application/vnd.cncf.flux.content.v1.tar+gzip', ...layer }],
  });
  const headers = { 'content-type': MANIFEST };
  await needed(fetch(`${base}/manifests/${tag}`, { method: 'PUT', headers, body: manifest }));
  return digestOf(Buffer.from(manifest));
}

async function pushBlob(
  base: string,
  content: Buffer,
): Promise<{ readonly digest: string; readonly size: number }> {
  const begun = await needed(fetch(`${base}/blobs/uploads/`, { method: 'POST' }));
  const place = new URL(begun.headers.get('location') ?? '', base);
  const digest = digestOf(content);
  place.searchParams.set('digest', digest);
  const headers = { 'content-type': 'application/octet-stream' };
  await needed(fetch(place, { method: 'PUT', headers, body: new Uint8Array(content) }));
  return { digest, size: content.length };
}

async function archiveOf(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const folder = await temporaryFolder('artifact');
  try {
    const content = join(folder.path, 'content');
    await mkdir(content);
    for (const [name, text] of Object.entries(files)) await writeFile(join(content, name), text);
    const archive = join(folder.path, 'content.tar.gz');
    await run('tar', ['-czf', archive, '-C', content, '.']);
    return await readFile(archive);
  } finally {
    await folder.remove();
  }
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

async function needed(call: Promise<Response>): Promise<Response> {
  const answer = await call;
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${await answer.text()}`);
  return answer;
}
