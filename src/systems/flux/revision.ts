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

/** Annotation of an OCI artifact that says of which commit it was made (source: the OCI image specification; flux push artifact). */
export const ORIGIN_ANNOTATION = 'org.opencontainers.image.revision';

/**
 * The commit in an origin as pipelines write it: `main@sha1:<commit>`, `v1.2@sha1:<commit>`, `main/<commit>`, or the bare one.
 * @returns 40 or 64 hexadecimal digits; undefined for a shortened id and everything else
 */
export function commitInOrigin(origin: string | undefined): string | undefined {
  return hashInRevision(origin) ?? /(?:^|\/)([0-9a-f]{40}|[0-9a-f]{64})$/.exec(origin ?? '')?.[1];
}
