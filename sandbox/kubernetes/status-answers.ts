/** Status objects: how an API server says no, and yes to a deletion. */
import { Refusal } from '../framework/refusal.js';
import { qualifiedName, type Resource } from './resources.js';
import type { SchemaFault } from './schemas.js';

const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Expired',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
};

/** A refusal that says which object it is about, and which of its fields. */
class ObjectRefusal extends Refusal {
  readonly details: {
    readonly name: string;
    readonly group: string;
    readonly kind: string;
    readonly causes?: readonly SchemaFault[];
  };

  constructor(
    status: number,
    message: string,
    about: { readonly resource: Resource; readonly name: string; readonly causes?: readonly SchemaFault[] },
    code = '',
  ) {
    super(status, message, { code });
    const { resource, name, causes } = about;
    this.details = { name, group: resource.group, kind: resource.plural, ...(causes && { causes }) };
  }
}

export function statusBody(refusal: Refusal): unknown {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: refusal.message,
    reason: refusal.code === '' ? (REASONS[refusal.status] ?? 'Unknown') : refusal.code,
    ...(refusal instanceof ObjectRefusal ? { details: refusal.details } : {}),
    code: refusal.status,
  };
}

export function notFound(resource: Resource, name: string): Refusal {
  return new ObjectRefusal(404, `${qualifiedName(resource)} "${name}" not found`, { resource, name });
}

export function alreadyExists(resource: Resource, name: string): Refusal {
  const message = `${qualifiedName(resource)} "${name}" already exists`;
  return new ObjectRefusal(409, message, { resource, name }, 'AlreadyExists');
}

/** @param why default: the object is not the one that was read */
export function conflict(
  resource: Resource,
  name: string,
  why = 'the object has been modified; please apply your changes to the latest version and try again',
): Refusal {
  const message = `Operation cannot be fulfilled on ${qualifiedName(resource)} "${name}": ${why}`;
  return new ObjectRefusal(409, message, { resource, name });
}

export function invalid(resource: Resource, name: string, faults: readonly SchemaFault[]): Refusal {
  const list = faults.map((fault) => fault.message).join(', ');
  const message = `${resource.kind}.${resource.group} "${name}" is invalid: ${faults.length > 1 ? `[${list}]` : list}`;
  return new ObjectRefusal(422, message, { resource, name, causes: faults });
}

export function forbidden(user: string, verb: string, resource: Resource, namespace: string): Refusal {
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  return new Refusal(
    403,
    `${qualifiedName(resource)} is forbidden: User "${user}" cannot ${verb} resource "${resource.plural}" in API group "${resource.group}" ${where}`,
  );
}
