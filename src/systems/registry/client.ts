import Type from 'typebox';
import { SystemError } from '../../domain/failure.js';
import { isDigest, parseImageReference, type RegistryReference } from '../../domain/registry-reference.js';
import { shapeOf } from '../http/shape.js';
import { type CallSubject, troubleOf } from '../http/trouble.js';
import { ChartIndexError, versionInIndex } from './chart-index.js';
import { originOf, type RegistryHost, RegistryHosts } from './hosts.js';
import {
  chartArchiveIn,
  digestOf,
  isChart,
  MANIFEST_TYPES,
  platformsOf,
  type VerifiedManifest,
  verifiedBlob,
  verifiedManifest,
} from './manifest.js';
import { type RegistryAnswer, RegistryRequester } from './requester.js';
import type {
  ChartInIndex,
  ChartInRegistry,
  PlatformDigest,
  PulledChart,
  ResolvedManifest,
} from './types.js';

/** Largest manifest, in bytes (OCI distribution specification: registries should take 4 MiB). */
const LARGEST_MANIFEST = 4 * 1024 * 1024;
/** Largest page of tags, and largest index of charts, in bytes. */
const LARGEST_PAGE = 4 * 1024 * 1024;
const LARGEST_INDEX = 32 * 1024 * 1024;
/** Largest packed chart, in bytes: charts are texts, and those of a megabyte are rare. */
const LARGEST_CHART = 16 * 1024 * 1024;
/** Tags asked for at once; registries may give fewer. */
const PAGE_SIZE = '1000';
/** Pages that one list may have; ends a list without end. */
const MOST_PAGES = 200;

const TagPage = Type.Object({ tags: Type.Union([Type.Array(Type.String()), Type.Null()]) });

export interface RegistryOptions {
  /** the only hosts that are asked, token services and chart repositories too */
  readonly hosts: readonly RegistryHost[];
  /** milliseconds for one call with its login; default 10,000 */
  readonly timeoutMs?: number;
  /** milliseconds since 1970; tests give their own */
  readonly now?: () => number;
}

/**
 * OCI registries (distribution specification 1.1), and classic chart repositories, by the hosts that are configured. All
 * methods throw `SystemError`: kind `invalid` for a name that is none and for a host that is not configured, `malformed`
 * when the bytes of a manifest are not those of its digest.
 */
export class RegistryClient {
  readonly #hosts: RegistryHosts;
  readonly #http: RegistryRequester;

  /** @throws TypeError when a host is not one, or configured twice */
  constructor(options: RegistryOptions) {
    this.#hosts = new RegistryHosts(options.hosts);
    this.#http = new RegistryRequester(this.#hosts, options);
  }

  /**
   * The manifest that an image reference names by digest or, without one, by tag; null when there is none. It is read
   * whole, since only its bytes prove the digest.
   */
  async resolve(reference: string, signal?: AbortSignal): Promise<ResolvedManifest | null> {
    const manifest = await this.#named(reference, 'resolve image', signal);
    return manifest === null ? null : shown(manifest);
  }

  /**
   * The manifests behind a reference, one for each platform: those that an index lists, or the one itself; null when there
   * is none. A pod shows one of these or, with some container runtimes, the digest of the index.
   */
  async platformDigests(reference: string, signal?: AbortSignal): Promise<readonly PlatformDigest[] | null> {
    const manifest = await this.#named(reference, 'list platforms', signal);
    return manifest === null ? null : platformsOf(manifest);
  }

  /** All tags of `host/path` in the registry's order, or null when there is no such repository. */
  async tags(repository: string, signal?: AbortSignal): Promise<readonly string[] | null> {
    const subject = subjectOf('list tags', repository);
    const name = repositoryOf(repository, subject);
    const host = this.#hosts.named(name.registry, subject);
    const first = this.#api(host, `${name.repository}/tags/list`);
    first.searchParams.set('n', PAGE_SIZE);
    const tags = new Set<string>();
    let url: URL | undefined = first;
    for (let page = 1; url !== undefined; page += 1) {
      if (page > MOST_PAGES) {
        throw new SystemError(
          troubleOf(subject, 'malformed', `the list does not end within ${MOST_PAGES} pages`),
        );
      }
      const answer: RegistryAnswer | null = await this.#http.send({
        ...subject,
        host,
        method: 'GET',
        url,
        scope: `repository:${name.repository}:pull`,
        accept: 'application/json',
        mostBytes: LARGEST_PAGE,
        signal,
      });
      if (answer === null) return null;
      for (const tag of shapeOf(TagPage, json(answer.bytes), subject).tags ?? []) tags.add(tag);
      url = nextPage(answer.headers.get('link'), first, subject);
    }
    return [...tags];
  }

  /**
   * Puts a tag on a manifest that the repository has, by sending the same bytes again under the new name. A tag that stands
   * elsewhere is moved: look with `resolve` before. Twice is once, so a lost answer is healed by asking again.
   * @throws SystemError kind `not-found` when the repository has no such manifest, `conflict` when the registry keeps the
   * tag from being moved
   */
  async putTag(
    wanted: { readonly repository: string; readonly digest: string; readonly tag: string },
    signal?: AbortSignal,
  ): Promise<ResolvedManifest> {
    const subject = subjectOf('put tag', `${wanted.repository}:${wanted.tag}`);
    const name = referenceOf(`${wanted.repository}:${wanted.tag}@${wanted.digest}`, subject);
    const manifest = await this.#manifest(name, wanted.digest, subject, signal);
    if (manifest === null) {
      throw new SystemError(
        troubleOf(subject, 'not-found', `${wanted.repository} has no manifest ${wanted.digest}`),
      );
    }
    const host = this.#hosts.named(name.registry, subject);
    const answer = await this.#http.send({
      ...subject,
      host,
      method: 'PUT',
      url: this.#api(host, `${name.repository}/manifests/${wanted.tag}`),
      scope: `repository:${name.repository}:pull,push`,
      accept: 'application/json',
      body: { type: manifest.mediaType, bytes: manifest.bytes },
      mostBytes: LARGEST_PAGE,
      signal,
    });
    if (answer === null) {
      throw new SystemError(
        troubleOf(subject, 'not-found', 'the registry has no such repository to write to'),
      );
    }
    const said = answer.headers.get('docker-content-digest');
    if (said !== null && isDigest(said) && said !== wanted.digest) {
      throw new SystemError(
        troubleOf(subject, 'malformed', `the registry put the tag on ${said} instead of ${wanted.digest}`),
      );
    }
    return shown(manifest);
  }

  /**
   * A chart version in an OCI registry, or null when there is none.
   * @param repository `oci://host/path` or `host/path`, the chart's name last
   * @param version as in Chart.yaml; `+` stands as `_` in the tag, as Helm writes it
   * @throws SystemError kind `conflict` when something else than a chart has that tag
   */
  async chartVersion(
    repository: string,
    version: string,
    signal?: AbortSignal,
  ): Promise<ChartInRegistry | null> {
    const subject = subjectOf('find chart', `${repository} ${version}`);
    const found = await this.#chart(repository, version, subject, signal);
    return found === null ? null : { digest: found.manifest.digest };
  }

  /**
   * A chart version in an OCI registry with its archive, or null when there is none.
   * @param repository, version as in `chartVersion`
   * @throws SystemError kind `malformed` also when the archive is missing, too large, or not of its digest
   */
  async pullChart(repository: string, version: string, signal?: AbortSignal): Promise<PulledChart | null> {
    const subject = subjectOf('pull chart', `${repository} ${version}`);
    const found = await this.#chart(repository, version, subject, signal);
    if (found === null) return null;
    const { name, manifest } = found;
    const digest = chartArchiveIn(manifest);
    if (digest === undefined || !isDigest(digest)) {
      throw new SystemError(troubleOf(subject, 'malformed', 'its manifest names no packed chart'));
    }
    const host = this.#hosts.named(name.registry, subject);
    const answer = await this.#http.send({
      ...subject,
      host,
      method: 'GET',
      url: this.#api(host, `${name.repository}/blobs/${digest}`),
      scope: `repository:${name.repository}:pull`,
      accept: 'application/octet-stream, */*',
      mostBytes: LARGEST_CHART,
      signal,
    });
    if (answer === null) {
      throw new SystemError(
        troubleOf(subject, 'malformed', 'the registry has the chart, but not its archive'),
      );
    }
    return { digest: manifest.digest, archive: verifiedBlob(subject, answer.bytes, digest) };
  }

  /**
   * A chart version in a repository with an `index.yaml`, or null when there is none.
   * @param repositoryUrl address of the folder with the index
   */
  async classicChartVersion(
    repositoryUrl: string,
    chart: string,
    version: string,
    signal?: AbortSignal,
  ): Promise<ChartInIndex | null> {
    const subject = subjectOf('find chart', `${repositoryUrl} ${chart} ${version}`);
    return await this.#inIndex(indexOf(repositoryUrl, subject), chart, version, subject, signal);
  }

  /**
   * A chart version with its archive from a repository with an `index.yaml`, or null when the index has none.
   * @param repositoryUrl address of the folder with the index
   * @throws SystemError kind `invalid` when the index names another host that is not configured, `malformed` when the
   * archive is missing, too large, or not of the digest of the index
   */
  async pullClassicChart(
    repositoryUrl: string,
    chart: string,
    version: string,
    signal?: AbortSignal,
  ): Promise<PulledChart | null> {
    const subject = subjectOf('pull chart', `${repositoryUrl} ${chart} ${version}`);
    const index = indexOf(repositoryUrl, subject);
    const found = await this.#inIndex(index, chart, version, subject, signal);
    if (found === null) return null;
    if (found.url === undefined || !URL.canParse(found.url, index.href)) {
      throw new SystemError(troubleOf(subject, 'malformed', 'the index names no address of its archive'));
    }
    const url = new URL(found.url, index);
    const accept = 'application/gzip, application/octet-stream, */*';
    const answer = await this.#repositoryFile(url, accept, LARGEST_CHART, subject, signal);
    if (answer === null) {
      throw new SystemError(
        troubleOf(subject, 'malformed', 'the index has the chart, but its archive is not there'),
      );
    }
    const digest = found.digest ?? digestOf(answer.bytes, 'sha256');
    return { digest, archive: verifiedBlob(subject, answer.bytes, digest) };
  }

  /**
   * Asks a configured host whether it is a registry that takes our login, for `doctor`.
   * @throws SystemError kind `not-found` when it is no registry
   */
  async ping(hostName: string, signal?: AbortSignal): Promise<void> {
    const subject = subjectOf('check version', hostName);
    const host = this.#hosts.named(hostName, subject);
    const answer = await this.#http.send({
      ...subject,
      host,
      method: 'GET',
      url: this.#api(host, ''),
      scope: '',
      accept: 'application/json',
      mostBytes: LARGEST_PAGE,
      signal,
    });
    if (answer !== null) return;
    throw new SystemError(
      troubleOf(subject, 'not-found', 'the host answers, but has no registry below /v2/'),
    );
  }

  async #chart(
    repository: string,
    version: string,
    subject: CallSubject,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly name: RegistryReference; readonly manifest: VerifiedManifest } | null> {
    const name = repositoryOf(repository.replace(/^oci:\/\//, ''), subject);
    const tag = version.replaceAll('+', '_');
    referenceOf(`${name.registry}/${name.repository}:${tag}`, subject);
    const manifest = await this.#manifest(name, tag, subject, signal);
    if (manifest === null || isChart(manifest)) return manifest === null ? null : { name, manifest };
    throw new SystemError(
      troubleOf(subject, 'conflict', `the tag ${tag} is on something that is no Helm chart`, {
        remedy: 'Correct the address of the chart: the last part of the path is its name.',
      }),
    );
  }

  async #named(
    reference: string,
    operation: string,
    signal: AbortSignal | undefined,
  ): Promise<VerifiedManifest | null> {
    const subject = subjectOf(operation, reference);
    const name = referenceOf(reference, subject);
    const which = name.digest ?? name.tag;
    if (which !== undefined) return this.#manifest(name, which, subject, signal);
    throw new SystemError(
      troubleOf(subject, 'invalid', 'the reference names neither a tag nor a digest', {
        remedy: 'Write which one is meant: latest is not taken for granted.',
      }),
    );
  }

  /** A file of a repository with an index, asked for with the login of its host; null when it is not there. */
  async #repositoryFile(
    url: URL,
    accept: string,
    mostBytes: number,
    subject: CallSubject,
    signal: AbortSignal | undefined,
  ): Promise<RegistryAnswer | null> {
    const host = this.#hosts.at(url, subject);
    const scope = 'chart-repository';
    return await this.#http.send({ ...subject, host, method: 'GET', url, scope, accept, mostBytes, signal });
  }

  /** @throws SystemError */
  async #inIndex(
    url: URL,
    chart: string,
    version: string,
    subject: CallSubject,
    signal: AbortSignal | undefined,
  ): Promise<ChartInIndex | null> {
    const accept = 'application/yaml, text/yaml, text/plain, application/json';
    const answer = await this.#repositoryFile(url, accept, LARGEST_INDEX, subject, signal);
    if (answer === null) {
      throw new SystemError(
        troubleOf(subject, 'not-found', 'there is no index.yaml at this address', {
          remedy: 'Correct the address of the chart repository: it is the folder that holds index.yaml.',
        }),
      );
    }
    try {
      return versionInIndex(answer.bytes.toString('utf8'), chart, version);
    } catch (error) {
      if (!(error instanceof ChartIndexError)) throw error;
      throw new SystemError(troubleOf(subject, 'malformed', `index.yaml cannot be read: ${error.message}`));
    }
  }

  async #manifest(
    name: RegistryReference,
    which: string,
    subject: CallSubject,
    signal: AbortSignal | undefined,
  ): Promise<VerifiedManifest | null> {
    const host = this.#hosts.named(name.registry, subject);
    const answer = await this.#http.send({
      ...subject,
      host,
      method: 'GET',
      url: this.#api(host, `${name.repository}/manifests/${which}`),
      scope: `repository:${name.repository}:pull`,
      accept: MANIFEST_TYPES.join(', '),
      mostBytes: LARGEST_MANIFEST,
      signal,
    });
    return answer === null ? null : verifiedManifest(subject, answer, isDigest(which) ? which : undefined);
  }

  /** @param path made of names that were read as references before, so they need no encoding */
  #api(host: RegistryHost, path: string): URL {
    return new URL(`${originOf(host)}/v2/${path}`);
  }
}

function subjectOf(operation: string, object: string): CallSubject {
  return { system: 'registry', operation, object };
}

function shown({ digest, mediaType, size }: VerifiedManifest): ResolvedManifest {
  return { digest, mediaType, size };
}

function referenceOf(text: string, subject: CallSubject): RegistryReference {
  const reference = parseImageReference(text);
  if (!('fault' in reference)) return reference;
  throw new SystemError(
    troubleOf(subject, 'invalid', reference.fault, { remedy: 'Correct the name of the image or chart.' }),
  );
}

/** A reference without tag and digest. */
function repositoryOf(text: string, subject: CallSubject): RegistryReference {
  const reference = referenceOf(text, subject);
  if (reference.tag === undefined && reference.digest === undefined) return reference;
  throw new SystemError(
    troubleOf(subject, 'invalid', `"${text}" names one image, not a repository`, {
      remedy: 'Leave the tag and the digest out.',
    }),
  );
}

function indexOf(repositoryUrl: string, subject: CallSubject): URL {
  const base = repositoryUrl.endsWith('/') ? repositoryUrl : `${repositoryUrl}/`;
  const url = URL.canParse('index.yaml', base) ? new URL('index.yaml', base) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url;
  throw new SystemError(
    troubleOf(subject, 'invalid', 'the address of the chart repository is no http or https address', {
      remedy: 'Correct the address; charts in an OCI registry begin with oci://.',
    }),
  );
}

/**
 * The next page by the header `Link`, which may be relative; undefined at the end.
 * @throws SystemError kind `malformed` when it leads elsewhere: the token would go along
 */
function nextPage(link: string | null, first: URL, subject: CallSubject): URL | undefined {
  const target = /<([^>]*)>\s*;[^,]*rel="?next"?/i.exec(link ?? '')?.[1];
  if (target === undefined) return undefined;
  const url = URL.canParse(target, first.href) ? new URL(target, first) : undefined;
  if (url !== undefined && url.origin === first.origin && url.pathname === first.pathname) return url;
  throw new SystemError(troubleOf(subject, 'malformed', 'the next page of the list is at another place'));
}

function json(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
