/** Rendered manifests as data. Values of Secrets are taken out while reading: nothing that is handed on holds them. */
import {
  type DocumentOptions,
  type ParseOptions,
  parseAllDocuments,
  type SchemaOptions,
  type Tags,
} from 'yaml';
import { DEPTH_OF_KUBERNETES, tooDeepAt } from '../../manifests/depth.js';
import { duplicateKeyAt } from '../../systems/yaml-limits.js';
import { type Fields, fieldsAt, isFields, textAt } from './data.js';

/** Stands where a value of a Secret stood. */
export const REDACTED = '(redacted)';

export interface RenderedObject {
  readonly apiVersion: string;
  readonly kind: string;
  /** empty when the manifest names none */
  readonly namespace: string;
  readonly name: string;
  /** the whole object; values of a Secret are `(redacted)` */
  readonly object: Fields;
}

/** What was rendered cannot be read as Kubernetes objects. */
export class RenderedError extends Error {
  override readonly name = 'RenderedError';
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

/** Far above any honest place: 500 objects render to about 1 MiB, and reading that takes a second or two. */
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_OBJECTS = 5_000;
/** Rendered text has none at all; a plain directory may use a few. */
const MAX_ALIASES = 100;

/** Tags of YAML 1.1 that Kubernetes' reader does not have: dates and `1:30` are texts to it. */
const OTHER_TAGS: ReadonlySet<string> = new Set([
  'binary',
  'omap',
  'pairs',
  'set',
  'timestamp',
  'intTime',
  'floatTime',
]);

/**
 * As clusters read it: `0400` is octal, `yes` and `on` are booleans (source: sigs.k8s.io/yaml, a YAML 1.1 reader; measured
 * with its decoder).
 */
const KUBERNETES_YAML: ParseOptions & DocumentOptions & SchemaOptions = {
  merge: true,
  logLevel: 'error',
  uniqueKeys: false,
  version: '1.1',
  schema: 'yaml-1.1',
  customTags: (tags) => tags.filter((tag) => !isOtherTag(tag)),
};

/** Values of Secrets, by object and place; reachable through `sameHidden` only. */
const hidden = new WeakMap<RenderedObject, ReadonlyMap<string, string>>();

/**
 * Reads rendered text; a `List` counts as what it holds.
 * @throws RenderedError
 */
export function parseRendered(text: string): readonly RenderedObject[] {
  if (Buffer.byteLength(text, 'utf8') > MAX_BYTES) {
    throw new RenderedError(
      `more than ${MAX_BYTES / 1024 / 1024} MiB of manifests`,
      'Split the place into several.',
    );
  }
  const objects = valuesOf(text)
    .filter((value) => value !== null)
    .flatMap(itemsOf)
    .map(objectOf);
  if (objects.length > MAX_OBJECTS) {
    throw new RenderedError(`more than ${MAX_OBJECTS} objects`, 'Split the place into several.');
  }
  return objects;
}

/** `Deployment shop/web`, or `Namespace shop` for what has no namespace. */
export function objectTitle({
  kind,
  namespace,
  name,
}: Pick<RenderedObject, 'kind' | 'namespace' | 'name'>): string {
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
}

/** The API group; empty for the core. */
export function groupOf({ apiVersion }: Pick<RenderedObject, 'apiVersion'>): string {
  const slash = apiVersion.lastIndexOf('/');
  return slash === -1 ? '' : apiVersion.slice(0, slash);
}

/** What makes two objects the same one to a cluster: the version of the API does not. */
export function objectKey(object: RenderedObject): string {
  return JSON.stringify([groupOf(object), object.kind, object.namespace, object.name]);
}

/** The object in a namespace, where its manifest names none; what is hidden of it stays known. */
export function withNamespace(object: RenderedObject, namespace: string): RenderedObject {
  if (object.namespace !== '') return object;
  const placed = { ...object, namespace };
  const values = hidden.get(object);
  if (values !== undefined) hidden.set(placed, values);
  return placed;
}

/** Places of hidden values, e.g. `data.password`. */
export function hiddenPlaces(object: RenderedObject): readonly string[] {
  return [...(hidden.get(object)?.keys() ?? [])];
}

/** True when both hold the same value at that place; a value that is not known is never the same. */
export function sameHidden(one: RenderedObject, other: RenderedObject, place: string): boolean {
  const value = hidden.get(one)?.get(place);
  return value !== undefined && value === hidden.get(other)?.get(place);
}

/**
 * True for a Secret that carries values. Not so for one encrypted by SOPS, nor for a cluster of Argo CD whose `config` holds
 * no credential (reference: gitops-objects, section 12).
 */
export function hasPlainValues(object: RenderedObject): boolean {
  const values = [...(hidden.get(object) ?? [])].filter(
    ([, value]) => value !== 'null' && value !== '""' && !isPlaceholder(value),
  );
  if (values.length === 0) return false;
  if (isFields(object.object.sops)) return values.some(([, value]) => !value.startsWith('"ENC['));
  const labels = fieldsAt(object.object, 'metadata', 'labels');
  if (labels['argocd.argoproj.io/secret-type'] !== 'cluster') return true;
  return values.some(([place, value]) => !isPublicPart(place, value));
}

/** A name and no value, which is put in later: `${DB_PASSWORD}` of Flux, `<path:…>` and `<name>` of Argo CD's vault plugin. */
function isPlaceholder(json: string): boolean {
  return /^"(?:\$\{[A-Za-z_]\w*\}|<(?:path:)?[A-Za-z0-9_][\w./#| -]*>)"$/.test(json);
}

/** Fields of a cluster Secret of Argo CD that are no secret. */
const PUBLIC_PARTS = ['name', 'server', 'project', 'namespaces', 'clusterResources', 'shard'];
/** Parts of its `config` that hold no credential. */
const PUBLIC_CONFIG: Readonly<Record<string, readonly string[]>> = {
  execProviderConfig: ['command', 'args', 'apiVersion', 'installHint'],
  tlsClientConfig: ['caData', 'certData', 'serverName', 'insecure'],
  awsAuthConfig: ['clusterName', 'roleARN', 'profile'],
};

function isPublicPart(place: string, value: string): boolean {
  const dot = place.indexOf('.');
  const [part, key] = [place.slice(0, dot), place.slice(dot + 1)];
  if (PUBLIC_PARTS.includes(key)) return true;
  if (key !== 'config') return false;
  try {
    const text: unknown = JSON.parse(value);
    if (typeof text !== 'string') return false;
    const config: unknown = JSON.parse(part === 'data' ? Buffer.from(text, 'base64').toString('utf8') : text);
    return (
      isFields(config) &&
      Object.entries(config).every(
        ([name, inner]) =>
          isFields(inner) &&
          Object.keys(inner).every((field) => PUBLIC_CONFIG[name]?.includes(field) === true),
      )
    );
  } catch {
    return false;
  }
}

function valuesOf(text: string): readonly unknown[] {
  const tooDeep = tooDeepAt(text, DEPTH_OF_KUBERNETES);
  if (tooDeep !== undefined) {
    const line = text.slice(0, tooDeep).split('\n').length;
    throw new RenderedError(
      `line ${line} of what is rendered is nested too deeply`,
      'Simplify the manifest.',
    );
  }
  try {
    // an empty text gives an empty list with a marker, which spreads to no document
    return [...parseAllDocuments(text, KUBERNETES_YAML)].map((document) => {
      const error = document.errors[0];
      const twice = duplicateKeyAt(document);
      if (error !== undefined || twice !== undefined) {
        const line = text.slice(0, error?.pos[0] ?? twice).split('\n').length;
        throw new RenderedError(
          `line ${line} of what is rendered is not valid YAML (${error?.code ?? 'DUPLICATE_KEY'})`,
          'Correct the manifest.',
        );
      }
      const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
      return value;
    });
  } catch (error) {
    if (error instanceof RenderedError) throw error;
    throw new RenderedError(
      'what is rendered holds aliases without end, or to nothing',
      'Write the values out.',
    );
  }
}

/** Numbers like `1:30` have a tag of numbers and are told by their format. */
function isOtherTag(tag: Tags[number]): boolean {
  if (typeof tag === 'string') return OTHER_TAGS.has(tag);
  return tag.format === 'TIME' || /:(?:binary|omap|pairs|set|timestamp)$/.test(tag.tag);
}

function itemsOf(value: unknown): readonly unknown[] {
  if (!isFields(value) || value.apiVersion !== 'v1' || value.kind !== 'List') return [value];
  return Array.isArray(value.items) ? value.items.flatMap(itemsOf) : [];
}

function objectOf(value: unknown): RenderedObject {
  const apiVersion = textAt(value, 'apiVersion');
  const kind = textAt(value, 'kind');
  const name = textAt(value, 'metadata', 'name') ?? textAt(value, 'metadata', 'generateName');
  if (!isFields(value) || apiVersion === undefined || kind === undefined || name === undefined) {
    const known = [kind, name].filter((part) => part !== undefined).join(' ');
    throw new RenderedError(
      `a document is no Kubernetes object${known === '' ? '' : ` (${known})`}: apiVersion, kind or metadata.name is missing`,
      'Keep other YAML files out of the directory, or name the manifests in a kustomization.yaml.',
    );
  }
  const namespace = textAt(value, 'metadata', 'namespace') ?? '';
  const values = new Map<string, string>();
  const isSecret = kind === 'Secret' && apiVersion === 'v1';
  const object: RenderedObject = {
    apiVersion,
    kind,
    namespace,
    name,
    object: isSecret ? withoutValues(value, values) : value,
  };
  if (values.size > 0) hidden.set(object, values);
  return object;
}

/** Annotation in which kubectl keeps the whole object, values included. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

function withoutValues(secret: Fields, values: Map<string, string>): Fields {
  const hide = (holder: unknown, place: string): unknown => {
    if (!isFields(holder)) {
      values.set(place, JSON.stringify(holder));
      return REDACTED;
    }
    return Object.fromEntries(
      Object.entries(holder).map(([key, value]) => {
        values.set(`${place}.${key}`, JSON.stringify(value) ?? '');
        return [key, REDACTED];
      }),
    );
  };
  const result: Record<string, unknown> = { ...secret };
  for (const part of ['data', 'stringData']) {
    if (secret[part] !== undefined && secret[part] !== null) result[part] = hide(secret[part], part);
  }
  const annotations = fieldsAt(secret, 'metadata', 'annotations');
  if (annotations[LAST_APPLIED] !== undefined) {
    values.set(`metadata.annotations.${LAST_APPLIED}`, JSON.stringify(annotations[LAST_APPLIED]) ?? '');
    result.metadata = {
      ...fieldsAt(secret, 'metadata'),
      annotations: { ...annotations, [LAST_APPLIED]: REDACTED },
    };
  }
  return result;
}
