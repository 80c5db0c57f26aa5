import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { type Check, compiledSchema } from './compiled-schema.js';
import { isLoose, type KubeObject, type Loose } from './objects.js';
import type { Resource } from './resources.js';

const CRDS = new URL('../../third_party/specs/crds/', import.meta.url);
/** What is done to the definitions stands here. */
const THIS_FILE = readFileSync(fileURLToPath(import.meta.url), 'utf8');

/** One thing that is wrong with an object, as an API server reports it. */
export interface SchemaFault {
  /** dotted path, e.g. `spec.destination` */
  readonly field: string;
  readonly reason: 'FieldValueRequired' | 'FieldValueInvalid' | 'FieldValueTypeInvalid';
  readonly message: string;
}

/**
 * A schema in which a field that is not described is a fault, as the strict field validation of an API server has it.
 * Maps (`additionalProperties`) and fields marked to keep unknown ones stay open.
 */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (!isLoose(schema)) return schema;
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'properties' && isLoose(value)) {
      result[key] = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, closed(inner)]));
    } else if (key === 'items' || key === 'additionalProperties') result[key] = closed(value);
    else result[key] = value;
  }
  const keepsUnknown = schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (isLoose(schema.properties) && schema.additionalProperties === undefined && !keepsUnknown) {
    result.additionalProperties = false;
  }
  if (schema['x-kubernetes-int-or-string'] === true) delete result.type;
  return result;
}

const METADATA_SCHEMA = {
  type: 'object',
  required: ['name'],
  properties: {
    name: { type: 'string', maxLength: 253, pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$' },
    namespace: { type: 'string', maxLength: 63 },
    labels: { type: 'object', additionalProperties: { type: 'string', maxLength: 63 } },
    annotations: { type: 'object', additionalProperties: { type: 'string' } },
  },
} as const;

/** What a controller or kubelet would write is up to the test that plays it. */
const WORKLOAD_SCHEMA = {
  type: 'object',
  properties: { spec: { type: 'object' }, status: { type: 'object' } },
} as const;

const CORE_SCHEMAS: Readonly<Record<string, Loose>> = {
  deployments: WORKLOAD_SCHEMA,
  statefulsets: WORKLOAD_SCHEMA,
  daemonsets: WORKLOAD_SCHEMA,
  rollouts: WORKLOAD_SCHEMA,
  pods: WORKLOAD_SCHEMA,
  jobs: WORKLOAD_SCHEMA,
  cronjobs: WORKLOAD_SCHEMA,
  secrets: {
    type: 'object',
    properties: {
      type: { type: 'string' },
      immutable: { type: 'boolean' },
      data: { type: 'object', additionalProperties: { type: 'string', format: 'byte' } },
    },
  },
  namespaces: {
    type: 'object',
    properties: {
      spec: { type: 'object', properties: { finalizers: { type: 'array', items: { type: 'string' } } } },
      status: { type: 'object', properties: { phase: { enum: ['Active', 'Terminating'] } } },
    },
  },
};

function vendorSchema(resource: Resource, text: string): Loose {
  if (resource.crd === undefined) return CORE_SCHEMAS[resource.plural] ?? {};
  const crd: unknown = parse(text);
  const spec = isLoose(crd) && isLoose(crd.spec) ? crd.spec : {};
  for (const version of Array.isArray(spec.versions) ? spec.versions : []) {
    if (isLoose(version) && version.name === resource.version && isLoose(version.schema)) {
      const schema = version.schema.openAPIV3Schema;
      if (isLoose(schema)) return schema;
    }
  }
  throw new Error(`${resource.crd} has no schema for version ${resource.version}`);
}

function schemaOf(resource: Resource, text: string): object {
  const schema = closed(vendorSchema(resource, text));
  const properties = isLoose(schema) && isLoose(schema.properties) ? schema.properties : {};
  const required = isLoose(schema) && Array.isArray(schema.required) ? schema.required : [];
  return {
    type: 'object',
    additionalProperties: false,
    required: ['apiVersion', 'kind', 'metadata', ...required.filter((name) => name !== 'metadata')],
    properties: {
      ...properties,
      apiVersion: { type: 'string' },
      kind: { const: resource.kind },
      metadata: METADATA_SCHEMA,
    },
  };
}

/** Checks objects against the schemas that the vendors publish in their CRDs. Schemas are loaded when first used. */
export class Schemas {
  private readonly checks = new Map<string, Check>();

  private checkOf(resource: Resource): Check {
    const known = this.checks.get(resource.plural);
    if (known !== undefined) return known;
    const text = resource.crd === undefined ? '' : readFileSync(new URL(resource.crd, CRDS), 'utf8');
    const made = compiledSchema(resource.plural, [THIS_FILE, JSON.stringify(resource), text], () =>
      schemaOf(resource, text),
    );
    this.checks.set(resource.plural, made);
    return made;
  }

  /** Faults of an object; empty when the vendor's API server would take it (but for CEL rules and webhooks). */
  faultsOf(resource: Resource, object: unknown): readonly SchemaFault[] {
    const check = this.checkOf(resource);
    if (check(object)) return [];
    return (check.errors ?? []).map((error) => {
      const at = error.instancePath.slice(1).replaceAll('/', '.');
      const missing = error.params.missingProperty;
      const unknown = error.params.additionalProperty;
      if (typeof missing === 'string') {
        const field = at === '' ? missing : `${at}.${missing}`;
        return { field, reason: 'FieldValueRequired', message: `${field}: Required value` };
      }
      if (typeof unknown === 'string') {
        const field = at === '' ? unknown : `${at}.${unknown}`;
        return { field, reason: 'FieldValueInvalid', message: `unknown field "${field}"` };
      }
      const reason = error.keyword === 'type' ? 'FieldValueTypeInvalid' : 'FieldValueInvalid';
      return { field: at, reason, message: `${at}: Invalid value: ${error.message ?? error.keyword}` };
    });
  }

  /** True (and typed) when the object is of the kind and fits its schema. */
  fits(resource: Resource, object: unknown): object is KubeObject {
    return this.checkOf(resource)(object);
  }
}
