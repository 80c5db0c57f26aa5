import { createHash } from 'node:crypto';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { SystemError } from '../../domain/failure.js';
import { isDigest } from '../../domain/registry-reference.js';
import { type CallSubject, troubleOf } from '../http/trouble.js';
import type { PlatformDigest, ResolvedManifest } from './types.js';

/** Manifests that registries keep today; the older ones have no digest of their bytes. */
export const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
] as const;
/** Media type of the config blob of a Helm chart (source: helm, pkg/registry). */
const CHART_CONFIG = 'application/vnd.cncf.helm.config.v1+json';
/** Media type of the layer that is the packed chart. */
const CHART_ARCHIVE = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';
/** Marks what build tools put beside the images in an index: signatures of how they were built. */
const ATTESTATION = 'vnd.docker.reference.type';

const Platform = Type.Object({
  os: Type.String(),
  architecture: Type.String(),
  variant: Type.Optional(Type.String()),
});
const ManifestBody = Type.Object({
  schemaVersion: Type.Literal(2),
  mediaType: Type.Optional(Type.String()),
  manifests: Type.Optional(
    Type.Array(
      Type.Object({
        digest: Type.String(),
        platform: Type.Optional(Platform),
        annotations: Type.Optional(Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()])),
      }),
    ),
  ),
  config: Type.Optional(Type.Object({ mediaType: Type.String() })),
  /** read of charts only */
  layers: Type.Optional(Type.Unknown()),
});
const Layers = Type.Array(Type.Object({ mediaType: Type.String(), digest: Type.String() }));

/** A manifest whose bytes were hashed here. */
export interface VerifiedManifest extends ResolvedManifest {
  readonly bytes: Buffer;
  readonly body: Static<typeof ManifestBody>;
}

/**
 * Takes a registry's answer as a manifest. The digest is that of the bytes: what the registry says of itself, in the
 * header and by the digest that was asked for, must agree with it.
 * @param wanted digest that was asked for, unset when it was a tag
 * @throws SystemError kind `malformed` when the bytes are not those of the digest, or no manifest
 */
export function verifiedManifest(
  subject: CallSubject,
  answer: { readonly headers: Headers; readonly bytes: Buffer },
  wanted: string | undefined,
): VerifiedManifest {
  const { headers, bytes } = answer;
  const said = headers.get('docker-content-digest') ?? undefined;
  const digest = wanted ?? digestOf(bytes, 'sha256');
  for (const claimed of [wanted, said]) {
    if (claimed === undefined || !isDigest(claimed)) continue;
    const actual = digestOf(bytes, claimed.startsWith('sha512:') ? 'sha512' : 'sha256');
    if (actual !== claimed) throw otherBytes(subject, claimed, actual);
  }
  const body = json(bytes);
  if (!Value.Check(ManifestBody, body)) {
    throw new SystemError(troubleOf(subject, 'malformed', 'the answer is no manifest of schema version 2'));
  }
  const type = headers.get('content-type')?.split(';')[0]?.trim();
  return { digest, mediaType: body.mediaType ?? type ?? MANIFEST_TYPES[1], size: bytes.length, bytes, body };
}

/** The manifests for platforms that an index lists, without attestations; of a single manifest, itself. */
export function platformsOf(manifest: VerifiedManifest): readonly PlatformDigest[] {
  const { manifests } = manifest.body;
  if (manifests === undefined) return [{ digest: manifest.digest }];
  return manifests
    .filter(
      ({ annotations, platform }) => annotations?.[ATTESTATION] === undefined && platform?.os !== 'unknown',
    )
    .map(({ digest, platform }) => {
      if (platform === undefined) return { digest };
      const { os, architecture, variant } = platform;
      return { digest, platform: [os, architecture, ...(variant === undefined ? [] : [variant])].join('/') };
    });
}

/** True for the manifest of a Helm chart. */
export function isChart(manifest: VerifiedManifest): boolean {
  return manifest.body.config?.mediaType === CHART_CONFIG;
}

/** Digest of the packed chart in a chart's manifest; undefined when it names none. */
export function chartArchiveIn({ body }: VerifiedManifest): string | undefined {
  if (!Value.Check(Layers, body.layers)) return undefined;
  return body.layers.find(({ mediaType }) => mediaType === CHART_ARCHIVE)?.digest;
}

/**
 * Takes a registry's answer as the bytes of a digest.
 * @throws SystemError kind `malformed` when they are others
 */
export function verifiedBlob(subject: CallSubject, bytes: Buffer, wanted: string): Buffer {
  const actual = digestOf(bytes, wanted.startsWith('sha512:') ? 'sha512' : 'sha256');
  if (actual !== wanted) throw otherBytes(subject, wanted, actual);
  return bytes;
}

export function digestOf(bytes: Buffer, algorithm: 'sha256' | 'sha512'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

function otherBytes(subject: CallSubject, claimed: string, actual: string): SystemError {
  return new SystemError(
    troubleOf(subject, 'malformed', `the registry calls it ${claimed}, but its bytes are ${actual}`, {
      remedy:
        'Do not run this: what the registry sends is not what the digest names. Look for a broken cache or proxy in front of it.',
    }),
  );
}

function json(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
