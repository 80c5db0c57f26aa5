import type { FastifyRequest } from 'fastify';
import type { Call } from '../framework/operation.js';
import { Refusal } from '../framework/refusal.js';
import type { Access, Account, Verb } from './access.js';
import { labelSelector } from './label-selector.js';
import { type ObjectKey, type ObjectStore, type Recorder, VersionConflict } from './object-store.js';
import { isLoose, type KubeObject, type Loose } from './objects.js';
import { applyConfiguration, jsonPatch, mergePatch, PatchRefused } from './patch.js';
import { apiVersionOf, type Resource, resourceNamed } from './resources.js';
import type { SchemaFault, Schemas } from './schemas.js';
import type { KubernetesStandIn } from './state.js';
import { alreadyExists, conflict, invalid, notFound } from './status-answers.js';

/** What a request is about. */
export interface Target {
  readonly cluster: string;
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: 'status' | undefined;
}

type Asked = Pick<Call, 'param' | 'header' | 'query'>;

/** The query of a write: refuses values that mean nothing. */
export function isDryRun(query: string | undefined): boolean {
  return query !== undefined && demandsDryRun([query]);
}

/** Reads and writes of objects with the rules of an API server: rights, schemas, versions, patches. */
export class ApiServer {
  readonly standIn: KubernetesStandIn;
  readonly store: ObjectStore;
  readonly #schemas: Schemas;
  readonly #access: Access;

  constructor(standIn: KubernetesStandIn, store: ObjectStore, schemas: Schemas, access: Access) {
    this.standIn = standIn;
    this.store = store;
    this.#schemas = schemas;
    this.#access = access;
  }

  caller(asked: Asked): Account {
    return this.#access.callerOf(asked.param('cluster'), asked.header('authorization'));
  }

  may(account: Account, verb: Verb, resource: Resource): boolean {
    return this.#access.may(account, verb, resource);
  }

  /** The kind, namespace and name of the path; demands the right. Throws 401, 403, 404. */
  target(asked: Asked, verb: Verb): Target {
    const account = this.caller(asked);
    const resource = resourceNamed(
      asked.param('group'),
      asked.param('group') === '' ? 'v1' : asked.param('version'),
      asked.param('plural'),
    );
    if (resource === undefined) throw new Refusal(404, 'the server could not find the requested resource');
    const namespace = asked.param('namespace');
    this.#access.demand(account, verb, resource, namespace);
    const subresource = asked.param('subresource');
    if (subresource !== '' && !(subresource === 'status' && resource.statusSubresource)) {
      throw new Refusal(404, 'the server could not find the requested resource');
    }
    return {
      cluster: asked.param('cluster'),
      resource,
      namespace,
      name: asked.param('name'),
      subresource: subresource === 'status' ? 'status' : undefined,
    };
  }

  read(target: Target): KubeObject {
    const object = this.store.get(target);
    if (object === null) throw notFound(target.resource, target.name);
    return object;
  }

  list(target: Target, labelSelector: string | undefined, fieldSelector: string | undefined): KubeObject[] {
    return this.store
      .list(target.cluster, target.resource, target.namespace === '' ? undefined : target.namespace)
      .map(({ object }) => object)
      .filter((object) => this.selects(object, labelSelector, fieldSelector));
  }

  /** True when an object is one of those that a list or watch asks for; refuses a selector that cannot be read. */
  selects(object: KubeObject, labels: string | undefined, fields: string | undefined): boolean {
    const fits = labelSelector(labels ?? '');
    if (fits === undefined) throw new Refusal(400, `unable to parse requirement: "${labels}"`);
    return fits(object.metadata.labels ?? {}) && fieldsFit(object, fields);
  }

  create(target: Target, body: unknown, options: WriteOptions): KubeObject {
    if (!isLoose(body)) throw new Refusal(400, 'the body is no object');
    const meta = isLoose(body.metadata) ? body.metadata : {};
    const name = typeof meta.name === 'string' ? meta.name : '';
    if (typeof meta.namespace === 'string' && meta.namespace !== target.namespace) {
      throw new Refusal(
        400,
        'the namespace of the provided object does not match the namespace sent on the request',
      );
    }
    const key: ObjectKey = { ...target, name };
    this.#demandNamespace(key);
    const draft = this.#checked(target.resource, name, body, options);
    if (this.store.get(key) !== null) throw alreadyExists(target.resource, name);
    const { status: _, ...withoutStatus } = draft;
    const stored = target.resource.statusSubresource ? withoutStatus : draft;
    return this.store.create(key, stored, options.record, options.dryRun);
  }

  /** PUT: the whole object, made on the version that it names. */
  replace(target: Target, body: unknown, options: WriteOptions): KubeObject {
    const live = this.read(target);
    if (!isLoose(body)) throw new Refusal(400, 'the body is no object');
    const version = isLoose(body.metadata) ? body.metadata.resourceVersion : undefined;
    if (typeof version !== 'string' || version === '') {
      throw invalid(target.resource, target.name, [
        {
          field: 'metadata.resourceVersion',
          reason: 'FieldValueInvalid',
          message: 'metadata.resourceVersion: Invalid value: 0: must be specified for an update',
        },
      ]);
    }
    return this.#write(target, live, body, options);
  }

  /** PATCH by the media type of the request. */
  patch(target: Target, mediaType: string, body: unknown, options: PatchOptions): KubeObject {
    const live = this.store.get(target);
    const custom = target.resource.crd !== undefined;
    try {
      switch (mediaType.split(';')[0]) {
        case 'application/apply-patch+yaml':
          return this.#apply(target, live, body, options);
        case 'application/merge-patch+json':
          if (live === null) throw notFound(target.resource, target.name);
          return this.#write(target, live, mergePatch(live, body), options, isLoose(body) ? body : {});
        case 'application/json-patch+json':
          if (live === null) throw notFound(target.resource, target.name);
          return this.#write(target, live, jsonPatch(live, body), options);
        case 'application/strategic-merge-patch+json':
          if (live === null) throw notFound(target.resource, target.name);
          if (!custom) return this.#write(target, live, mergePatch(live, body), options);
          break;
      }
    } catch (error) {
      if (error instanceof PatchRefused) throw new Refusal(error.status, error.message);
      throw error;
    }
    throw new Refusal(
      415,
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    );
  }

  #apply(target: Target, live: KubeObject | null, body: unknown, options: PatchOptions): KubeObject {
    if (!isLoose(body)) throw new Refusal(400, 'the body is no object');
    if (options.fieldManager === undefined) {
      throw new Refusal(
        400,
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
      );
    }
    if (body.apiVersion !== apiVersionOf(target.resource) || body.kind !== target.resource.kind) {
      throw new Refusal(400, 'the kind and apiVersion of the configuration must be those of the path');
    }
    const id = [target.cluster, target.resource.plural, target.namespace, target.name].join('/');
    const owners = this.standIn.state.owners;
    const applied = applyConfiguration({
      live: live ?? {},
      configuration: body,
      manager: options.fieldManager,
      force: options.force,
      owners: owners[id] ?? {},
    });
    if (!isLoose(applied.object)) throw new Refusal(400, 'the body is no object');
    if (options.dryRun !== true) {
      owners[id] = Object.fromEntries(
        Object.entries(applied.owners).map(([name, list]) => [name, [...list]]),
      );
    }
    if (live !== null) return this.#write(target, live, applied.object, options);
    this.#demandNamespace(target);
    const draft = this.#checked(target.resource, target.name, applied.object, options);
    return this.store.create(target, draft, options.record, options.dryRun);
  }

  /** Delete; gives the Status that the API server answers with. */
  /** @param body its `DeleteOptions`, if there are any: what it must still be, and whether nothing is to be done */
  remove(target: Target, body: unknown, dryRun: boolean, record: Recorder): unknown {
    const live = this.read(target);
    const options = isLoose(body) ? body : {};
    const wanted = isLoose(options.preconditions) ? options.preconditions : {};
    for (const field of ['uid', 'resourceVersion'] as const) {
      const value = wanted[field];
      if (value !== undefined && value !== live.metadata[field]) {
        throw conflict(
          target.resource,
          target.name,
          `Precondition failed: ${field} in precondition: ${String(value)}, ${field} in object meta: ${String(live.metadata[field])}`,
        );
      }
    }
    if (!dryRun && !demandsDryRun(options.dryRun)) this.store.remove(target, record);
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: {
        name: target.name,
        group: target.resource.group,
        kind: target.resource.plural,
        uid: live.metadata.uid,
      },
    };
  }

  #write(
    target: Target,
    live: KubeObject,
    wanted: unknown,
    options: WriteOptions,
    sent: Loose = isLoose(wanted) ? wanted : {},
  ): KubeObject {
    if (!isLoose(wanted)) throw new Refusal(400, 'the patch does not give an object');
    const meta = isLoose(sent.metadata) ? sent.metadata : {};
    const expected = typeof meta.resourceVersion === 'string' ? meta.resourceVersion : undefined;
    if (expected !== undefined && expected !== live.metadata.resourceVersion) {
      throw conflict(target.resource, target.name);
    }
    const wantedMeta = isLoose(wanted.metadata) ? wanted.metadata : {};
    if (wantedMeta.name !== target.name) {
      throw new Refusal(400, 'the name of the object does not match the name on the URL');
    }
    const draft = this.#checked(target.resource, target.name, wanted, options);
    const { status, ...rest } = draft;
    const kept = !target.resource.statusSubresource
      ? draft
      : target.subresource === 'status'
        ? { ...live, status }
        : { ...rest, ...(live.status === undefined ? {} : { status: live.status }) };
    try {
      return this.store.replace(target, kept, options.record, {
        expected: live.metadata.resourceVersion,
        dryRun: options.dryRun ?? false,
      });
    } catch (error) {
      if (error instanceof VersionConflict) throw conflict(target.resource, target.name);
      throw error;
    }
  }

  #demandNamespace(key: ObjectKey): void {
    if (!key.resource.namespaced) return;
    const namespaces = resourceNamed('', 'v1', 'namespaces');
    if (namespaces === undefined) return;
    const there = this.store.get({
      cluster: key.cluster,
      resource: namespaces,
      namespace: '',
      name: key.namespace,
    });
    if (there === null) throw notFound(namespaces, key.namespace);
  }

  /** The object as it may be stored. Unknown fields are refused when validation is strict, else dropped, as the server does. */
  #checked(resource: Resource, name: string, object: Loose, options: WriteOptions): Loose {
    const whole = {
      ...object,
      apiVersion: object.apiVersion ?? apiVersionOf(resource),
      kind: object.kind ?? resource.kind,
    };
    if (whole.apiVersion !== apiVersionOf(resource) || whole.kind !== resource.kind) {
      throw new Refusal(
        400,
        `the API version in the data (${String(whole.apiVersion)}, ${String(whole.kind)}) does not match the expected one (${apiVersionOf(resource)}, ${resource.kind})`,
      );
    }
    const faults = this.#schemas.faultsOf(resource, whole);
    const unknown = faults.filter((fault) => fault.message.startsWith('unknown field'));
    const wrong = faults.filter((fault) => !unknown.includes(fault));
    if (wrong.length > 0) throw invalid(resource, name, wrong);
    if (unknown.length === 0) return whole;
    if (options.fieldValidation === 'Strict') {
      throw new Refusal(
        400,
        `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: strict decoding error: ${unknown.map((fault) => fault.message).join(', ')}`,
      );
    }
    return withoutFields(whole, unknown);
  }

  /** Notes an answer that does not fit the vendor's schema. */
  check(operation: string, resource: Resource, object: unknown): void {
    const faults = this.#schemas.faultsOf(resource, object);
    if (faults.length === 0) return;
    this.standIn.violations.push({
      operation,
      part: 'answer',
      status: 200,
      problems: faults.map((fault) => fault.message),
    });
  }
}

export interface WriteOptions {
  readonly record: Recorder;
  readonly dryRun?: boolean;
  readonly fieldValidation?: string;
}

export interface PatchOptions extends WriteOptions {
  readonly fieldManager?: string;
  readonly force: boolean;
}

function withoutFields(object: Loose, faults: readonly SchemaFault[]): Loose {
  const copy: unknown = structuredClone(object);
  for (const fault of faults) {
    const parts = fault.field.split('.');
    const last = parts.pop() ?? '';
    let holder: unknown = copy;
    for (const part of parts) {
      holder = Array.isArray(holder) ? holder[Number(part)] : isLoose(holder) ? holder[part] : undefined;
    }
    if (isLoose(holder)) Reflect.deleteProperty(holder, last);
  }
  return isLoose(copy) ? copy : object;
}

/** `a=b,c!=d,e` on labels; `metadata.name=x` and `metadata.namespace=x` on fields. */
/** True for `[All]`; refuses all else that is not empty, as the server does before it does anything. */
function demandsDryRun(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  const asked = Array.isArray(value) ? value : [value];
  if (asked.some((one) => one !== 'All')) {
    throw new Refusal(422, `dryRun: Unsupported value: ${JSON.stringify(value)}: supported values: "All"`);
  }
  return asked.length > 0;
}

function fieldsFit(object: KubeObject, fields: string | undefined): boolean {
  return (fields ?? '').split(',').every((term) => {
    const [key = '', value = ''] = term.split('=');
    if (key === 'metadata.name') return object.metadata.name === value;
    if (key === 'metadata.namespace') return object.metadata.namespace === value;
    return key === '';
  });
}

/** Parameters of a route that answers by itself. */
export function askedOf(request: FastifyRequest): Asked {
  const text = (source: unknown, name: string): string | undefined => {
    if (typeof source !== 'object' || source === null) return undefined;
    const value: unknown = Object.entries(source).find(([key]) => key === name)?.[1];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    param: (name) => text(request.params, name) ?? '',
    query: (name) => text(request.query, name),
    header: (name) => text(request.headers, name.toLowerCase()),
  };
}
