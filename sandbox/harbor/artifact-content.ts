import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { tarOf } from './tar.js';

/** Images, indexes and charts as a build would push them: the same content has the same digests. */

export const MEDIA_TYPE = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  imageConfig: 'application/vnd.oci.image.config.v1+json',
  imageLayer: 'application/vnd.oci.image.layer.v1.tar',
  chartConfig: 'application/vnd.cncf.helm.config.v1+json',
  chartLayer: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
} as const;

/** Bytes with their digest. */
export interface Content {
  readonly digest: string;
  readonly bytes: Buffer;
}

export interface ManifestContent extends Content {
  readonly mediaType: string;
}

/** One manifest with everything below it; `manifests` are those of an index. */
export interface ArtifactContent {
  readonly top: ManifestContent;
  readonly manifests: readonly ManifestContent[];
  readonly blobs: readonly Content[];
}

/** `sha256:…` of bytes */
export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** An image for one platform, with one file in it. */
export function imageContent(text: string, architecture = 'amd64'): ArtifactContent {
  const layer = contentOf(tarOf({ 'app/version.txt': `${text}\n` }));
  const config = jsonContent({
    architecture,
    os: 'linux',
    config: { Cmd: ['/app/run'] },
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  });
  const top = manifestContent(MEDIA_TYPE.manifest, {
    config: descriptor(config, MEDIA_TYPE.imageConfig),
    layers: [descriptor(layer, MEDIA_TYPE.imageLayer)],
  });
  return { top, manifests: [], blobs: [layer, config] };
}

/** The same image for two platforms, and beside them the attestation that build tools add. */
export function indexContent(text: string): ArtifactContent {
  const images = ['amd64', 'arm64'].map((architecture) => ({
    architecture,
    image: imageContent(`${text} for ${architecture}`, architecture),
  }));
  const attestation = imageContent(`how ${text} was built`, 'unknown');
  const top = manifestContent(MEDIA_TYPE.index, {
    manifests: [
      ...images.map(({ architecture, image }) => ({
        ...descriptor(image.top, MEDIA_TYPE.manifest),
        platform: { os: 'linux', architecture, ...(architecture === 'arm64' ? { variant: 'v8' } : {}) },
      })),
      {
        ...descriptor(attestation.top, MEDIA_TYPE.manifest),
        platform: { os: 'unknown', architecture: 'unknown' },
        annotations: {
          'vnd.docker.reference.type': 'attestation-manifest',
          'vnd.docker.reference.digest': images[0]?.image.top.digest ?? '',
        },
      },
    ],
  });
  const parts = [...images.map(({ image }) => image), attestation];
  return { top, manifests: parts.map((part) => part.top), blobs: parts.flatMap((part) => part.blobs) };
}

const CONFIG_MAP =
  'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  greeting: {{ .Values.greeting }}\n';

/** What is in a chart beside its `Chart.yaml`. */
export interface ChartFiles {
  /** text of `values.yaml` */
  readonly values: string;
  /** text by name of the file below `templates` */
  readonly templates: Readonly<Record<string, string>>;
}

const EXAMPLE: ChartFiles = { values: 'greeting: hello\n', templates: { 'configmap.yaml': CONFIG_MAP } };

/** A Helm chart, by default with one ConfigMap; `helm pull` and `helm template` can use it. */
export function chartContent(name: string, version: string, files: ChartFiles = EXAMPLE): ArtifactContent {
  const archive = contentOf(packedChart(name, version, files));
  const config = jsonContent(aboutChart(name, version));
  const top = manifestContent(MEDIA_TYPE.manifest, {
    config: descriptor(config, MEDIA_TYPE.chartConfig),
    layers: [descriptor(archive, MEDIA_TYPE.chartLayer)],
  });
  return { top, manifests: [], blobs: [archive, config] };
}

/** The archive of a chart (`.tgz`). */
export function packedChart(name: string, version: string, files: ChartFiles = EXAMPLE): Buffer {
  return gzipSync(
    tarOf({
      [`${name}/Chart.yaml`]: `${JSON.stringify(aboutChart(name, version), null, 2)}\n`,
      [`${name}/values.yaml`]: files.values,
      ...Object.fromEntries(
        Object.entries(files.templates).map(([file, text]) => [`${name}/templates/${file}`, text]),
      ),
    }),
  );
}

function aboutChart(name: string, version: string) {
  return { apiVersion: 'v2', name, version, appVersion: version, description: `Example chart ${name}` };
}

function manifestContent(mediaType: string, body: object): ManifestContent {
  return { mediaType, ...jsonContent({ schemaVersion: 2, mediaType, ...body }) };
}

function jsonContent(value: unknown): Content {
  // indented on purpose: whoever parses and writes it again gets another digest
  return contentOf(Buffer.from(JSON.stringify(value, null, 2), 'utf8'));
}

function contentOf(bytes: Buffer): Content {
  return { digest: digestOf(bytes), bytes };
}

function descriptor({ digest, bytes }: Content, mediaType: string) {
  return { mediaType, digest, size: bytes.length };
}
