/** Revisions as Flux writes them (source-controller, docs/spec/v1). */

/**
 * The content hash in a revision: `main@sha1:<commit>`, `v1.2@sha1:<commit>`, `sha1:<commit>`, `latest@sha256:<digest>`.
 * @returns 40 or 64 hexadecimal digits; undefined for a chart version, a shortened hash, and everything else
 */
export function hashInRevision(revision: string | undefined): string | undefined {
  // a branch may hold @ and :, so only the last part counts
  const [, algorithm, hash] = /(?:^|@)(sha1|sha256):([0-9a-f]+)$/.exec(revision ?? '') ?? [];
  if (hash === undefined) return undefined;
  // repositories of the SHA-256 format say sha256 with 64 digits
  return hash.length === (algorithm === 'sha1' ? 40 : 64) ? hash : undefined;
}
