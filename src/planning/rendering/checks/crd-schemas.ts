/** The schemas that vendors publish for their kinds, read when first needed. */
import { readFileSync } from 'node:fs';
import { Check, Errors } from 'typebox/schema';
import { parse } from 'yaml';
import { type Fields, fieldsAt, isFields, listAt } from '../data.js';
import { groupOf, type RenderedObject } from '../rendered-objects.js';

const CRDS = new URL('../../../../third_party/specs/crds/', import.meta.url);

/** File of each kind. Reading the two largest takes one to three seconds, once in a process. */
const FILES: Readonly<Record<string, string>> = {
  'argoproj.io/Application': 'argocd/application-crd.yaml',
  'argoproj.io/ApplicationSet': 'argocd/applicationset-crd.yaml',
  'argoproj.io/AppProject': 'argocd/appproject-crd.yaml',
  'external-secrets.io/ExternalSecret': 'external-secrets/external-secrets.io_externalsecrets.yaml',
  'external-secrets.io/SecretStore': 'external-secrets/external-secrets.io_secretstores.yaml',
  'helm.toolkit.fluxcd.io/HelmRelease': 'flux/helm.toolkit.fluxcd.io_helmreleases.yaml',
  'kustomize.toolkit.fluxcd.io/Kustomization': 'flux/kustomize.toolkit.fluxcd.io_kustomizations.yaml',
  'source.toolkit.fluxcd.io/Bucket': 'flux/source.toolkit.fluxcd.io_buckets.yaml',
  'source.toolkit.fluxcd.io/ExternalArtifact': 'flux/source.toolkit.fluxcd.io_externalartifacts.yaml',
  'source.toolkit.fluxcd.io/GitRepository': 'flux/source.toolkit.fluxcd.io_gitrepositories.yaml',
  'source.toolkit.fluxcd.io/HelmChart': 'flux/source.toolkit.fluxcd.io_helmcharts.yaml',
  'source.toolkit.fluxcd.io/HelmRepository': 'flux/source.toolkit.fluxcd.io_helmrepositories.yaml',
  'source.toolkit.fluxcd.io/OCIRepository': 'flux/source.toolkit.fluxcd.io_ocirepositories.yaml',
};

export interface SchemaFault {
  /** dotted path, e.g. `spec.chart.spec.version`; never a value */
  readonly field: string;
  readonly message: string;
  /** a field that the schema does not describe: an API server drops it in silence */
  readonly unknown: boolean;
}

export type SchemaAnswer =
  | { readonly state: 'unknown-kind' }
  /** the CRD is known and does not serve this version; `served` are those that it does */
  | { readonly state: 'not-served'; readonly served: readonly string[] }
  | { readonly state: 'checked'; readonly faults: readonly SchemaFault[] };

/** More say nothing more. */
const MAX_FAULTS = 10;

const versions = new Map<string, ReadonlyMap<string, Fields>>();

/** Checks an object against the schema of its kind; CEL rules in it are left to the API server. */
export function checkSchema(object: RenderedObject): SchemaAnswer {
  const kind = `${groupOf(object)}/${object.kind}`;
  const file = FILES[kind];
  if (file === undefined) return { state: 'unknown-kind' };
  const schemas = versions.get(kind) ?? schemasIn(file);
  versions.set(kind, schemas);
  const schema = schemas.get(object.apiVersion.slice(object.apiVersion.lastIndexOf('/') + 1));
  if (schema === undefined) return { state: 'not-served', served: [...schemas.keys()] };
  if (Check(schema, object.object)) return { state: 'checked', faults: [] };
  const [, errors] = Errors(schema, object.object);
  return { state: 'checked', faults: errors.flatMap(faultsOf).slice(0, MAX_FAULTS) };
}

/** Schemas of the versions that are served. */
function schemasIn(file: string): ReadonlyMap<string, Fields> {
  const crd: unknown = parse(readFileSync(new URL(file, CRDS), 'utf8'));
  return new Map(
    listAt(crd, 'spec', 'versions')
      .filter((version) => version.served === true)
      .map((version) => [String(version.name), asJsonSchema(fieldsAt(version, 'schema', 'openAPIV3Schema'))]),
  );
}

/**
 * The structural schema as plain JSON Schema: fields that it does not describe are faults, fields that get a default are not
 * required, and what may be null may be null (source: Kubernetes, "Extend the API with CRDs": structural schemas).
 */
function asJsonSchema(schema: Fields): Fields {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'properties' && isFields(value)) {
      result[key] = Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [name, isFields(inner) ? asJsonSchema(inner) : inner]),
      );
    } else if ((key === 'items' || key === 'additionalProperties') && isFields(value)) {
      result[key] = asJsonSchema(value);
    } else if (key === 'required' && Array.isArray(value)) {
      result[key] = value.filter(
        (name) => fieldsAt(schema, 'properties', String(name)).default === undefined,
      );
    } else if (key !== 'description' && key !== 'default' && key !== 'format') result[key] = value;
  }
  const open =
    schema['x-kubernetes-preserve-unknown-fields'] === true ||
    schema['x-kubernetes-embedded-resource'] === true;
  if (isFields(schema.properties) && schema.additionalProperties === undefined && !open) {
    result.additionalProperties = false;
  }
  if (schema['x-kubernetes-int-or-string'] === true) delete result.type;
  return schema.nullable === true ? { anyOf: [{ type: 'null' }, result] } : result;
}

interface SchemaError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly message: string;
  readonly params: object;
}

function faultsOf({ keyword, instancePath, message, params }: SchemaError): readonly SchemaFault[] {
  const at = instancePath.slice(1).replaceAll('/', '.');
  const field = at === '' ? 'the object' : at;
  // what follows from another error, or names only the parts of a choice
  if (keyword === 'boolean') return [];
  if (keyword !== 'additionalProperties') return [{ field, message, unknown: false }];
  const names: unknown = Reflect.get(params, 'additionalProperties');
  return (Array.isArray(names) ? names : [names]).map((name) => ({
    field: at === '' ? String(name) : `${at}.${String(name)}`,
    message: 'the schema has no such field',
    unknown: true,
  }));
}
