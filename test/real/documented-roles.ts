/** The ClusterRoles of deploy/kubernetes, as they are there for everybody to apply. */
import { readFileSync } from 'node:fs';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { parseAllDocuments } from 'yaml';

const Role = Type.Object({
  apiVersion: Type.Literal('rbac.authorization.k8s.io/v1'),
  kind: Type.Literal('ClusterRole'),
  metadata: Type.Object({ name: Type.String() }),
  rules: Type.Array(
    Type.Object(
      {
        apiGroups: Type.Array(Type.String()),
        resources: Type.Array(Type.String()),
        verbs: Type.Array(Type.String()),
      },
      { additionalProperties: false },
    ),
  ),
});
export type ClusterRole = Type.Static<typeof Role>;

/** One thing that may be done. */
export interface Right {
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
}

/** @throws Error when a document is no ClusterRole */
export function rolesIn(file: 'roles.yaml' | 'wait.yaml'): readonly ClusterRole[] {
  const text = readFileSync(new URL(`../../deploy/kubernetes/${file}`, import.meta.url), 'utf8');
  return parseAllDocuments(text).map((document) => {
    const object: unknown = document.toJS();
    if (!Value.Check(Role, object)) throw new Error(`deploy/kubernetes/${file} has more than ClusterRoles.`);
    return object;
  });
}

/** Every right of a role by itself. */
export function rightsOf({ rules }: Pick<ClusterRole, 'rules'>): readonly Right[] {
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => ({ group, resource, verb }))),
    ),
  );
}

/** e.g. `patch applications.argoproj.io` */
export function nameOfRight({ group, resource, verb }: Right): string {
  return `${verb} ${resource}${group === '' ? '' : `.${group}`}`;
}

/** The right that a refusal of the API server, quoted in a longer text, says to be missing. */
export function missingRight(text: string): Right | undefined {
  const [, verb, resource, group] =
    /cannot (\w+) resource \W*(\w+)\W* in API group \W*?([\w.]*)\W+in the namespace/.exec(text) ?? [];
  return verb && resource && group !== undefined ? { group, resource, verb } : undefined;
}
