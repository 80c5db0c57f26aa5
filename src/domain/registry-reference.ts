/**
 * Names of images and charts as registries are asked by them: the host that container runtimes take for granted is written
 * out. (`image-reference.ts` takes names apart as they are written, to change them in files.) Pure.
 */
import { cutImage, TAG } from './image-reference.js';

export interface RegistryReference {
  /** host and, if it is not the usual one, port, e.g. `registry.example.com:5000`; `docker.io` where none is written */
  readonly registry: string;
  /** path within the registry, e.g. `shop/web` */
  readonly repository: string;
  /** unset together with `digest`: nothing is named but the repository */
  readonly tag?: string;
  /** `sha256:…`, in lower case; counts before the tag */
  readonly digest?: string;
}

/** Why a text is no reference, in words for whoever wrote it. */
export interface RegistryReferenceFault {
  readonly fault: string;
}

/** Where images without a host in their name come from, and the folder of those without a folder. */
const DEFAULT_REGISTRY = 'docker.io';
const DEFAULT_FOLDER = 'library';

// Source of the patterns: the OCI distribution specification 1.1, and distribution/reference for the host.
const HOST = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?$/i;
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*$/;
const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
/** Longest name of a repository with its host, as registries take it. */
const LONGEST_NAME = 255;

/**
 * Reads `[host/]path[:tag][@digest]`. As for every container runtime, the part before the first `/` is a host only if it
 * has a dot or a port, or is `localhost`.
 * @returns the parts, or what is wrong
 */
export function parseImageReference(text: string): RegistryReference | RegistryReferenceFault {
  if (text === '' || /\s/.test(text)) return fault(text, 'it is empty or has a space');
  const parts = cutImage(text);
  if (parts === undefined) return fault(text, 'it has more than one @');
  const { name, tag, digest } = parts;
  if (digest !== undefined && !DIGEST.test(digest)) {
    return fault(text, 'a digest is sha256: and 64 digits from 0 to f in lower case');
  }
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const hasHost = first === 'localhost' || /[.:]/.test(first);
  const registry = hasHost ? first : DEFAULT_REGISTRY;
  if (!HOST.test(registry)) return fault(text, `${registry} is no host name`);
  const path = hasHost ? name.slice(slash + 1) : name;
  if (registry.length + 1 + path.length > LONGEST_NAME) {
    return fault(text, `it has more than ${LONGEST_NAME} characters before tag and digest`);
  }
  if (!path.split('/').every((component) => COMPONENT.test(component))) {
    return fault(text, 'the path of a repository has lower-case letters, digits, and . _ - / between them');
  }
  if (tag !== undefined && !TAG.test(tag)) {
    return fault(text, 'a tag has up to 128 letters, digits, and . _ - after the first one');
  }
  return {
    registry: registry.toLowerCase(),
    repository: hasHost || path.includes('/') ? path : `${DEFAULT_FOLDER}/${path}`,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** Writes a reference with everything in it: `registry.example.com/shop/web:1.2.0@sha256:…`. */
export function registryReferenceText({ registry, repository, tag, digest }: RegistryReference): string {
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** Hosts under which Docker Hub answers, all for one registry. */
const HUB_HOSTS: ReadonlySet<string> = new Set([
  'docker.io',
  'index.docker.io',
  'registry-1.docker.io',
  'registry.hub.docker.com',
]);

/**
 * True when two image names, with or without tag and digest, name one repository: `nginx` and
 * `docker.io/library/nginx:1.27`, a host in capitals, the usual port. What is no name is equal to itself only.
 */
export function isSameRepository(one: string, other: string): boolean {
  return one === other || repositoryKey(one) === repositoryKey(other);
}

/** One spelling for each repository. */
function repositoryKey(text: string): string {
  const reference = parseImageReference(text);
  if ('fault' in reference) return text;
  const host = reference.registry.replace(/:443$/, '');
  return HUB_HOSTS.has(host)
    ? `docker.io ${hubPath(reference.repository)}`
    : `${host} ${reference.repository}`;
}

/** `docker.io/nginx` is `docker.io/library/nginx`, also where the host is written out. */
function hubPath(repository: string): string {
  return repository.includes('/') ? repository : `${DEFAULT_FOLDER}/${repository}`;
}

/** True for `sha256:…` (or sha512) in the one spelling that registries use. */
export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

function fault(text: string, why: string): RegistryReferenceFault {
  return { fault: `"${text.slice(0, 300)}" is no image reference: ${why}.` };
}
