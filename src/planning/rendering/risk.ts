/** How much care a change asks for: policies may want more approvers where it is high. */
import { fieldsAt } from './data.js';
import type { Finding } from './finding.js';
import type { RenderedDiff } from './rendered-diff.js';
import { groupOf, objectTitle, type RenderedObject } from './rendered-objects.js';

export interface Risk {
  readonly level: 'low' | 'high';
  /** one line each; what makes it high, or what it is about */
  readonly reasons: readonly string[];
}

/**
 * High as soon as one thing is hard to take back or reaches beyond the application's own workloads: migrations, removals,
 * kinds of the cluster, rights, network rules, storage, nothing left running, or more than the approver was shown.
 */
export function riskOf(diff: RenderedDiff, findings: readonly Finding[]): Risk {
  const touched = [...diff.added, ...diff.changed.map(({ after }) => after)];
  const reasons = [
    ...countOf(findings, (finding) => finding.level === 'refuse', 'a check refuses it', 'checks refuse it'),
    ...named(findings, 'migration', 'runs once and is not taken back by a rollback'),
    ...named(findings, 'removal', 'is removed'),
    ...named(findings, 'cluster-kind', 'belongs to the whole cluster'),
    ...titles(touched, isAboutRights, 'changes what may be done or reached'),
    ...titles(touched, isNamespace, 'is a namespace'),
    ...titles(
      diff.changed
        .filter(({ before, after }) => storageOf(before) !== storageOf(after))
        .map(({ after }) => after),
      () => true,
      'changes its storage',
    ),
    ...titles(
      diff.changed.filter(({ before, after }) => runs(before) && !runs(after)).map(({ after }) => after),
      () => true,
      'is scaled to nothing',
    ),
    ...(diff.cut === 0 ? [] : [`${diff.cut} lines of the difference are not shown`]),
  ];
  if (reasons.length > 0) return { level: 'high', reasons };
  const { added, changed } = diff;
  return {
    level: 'low',
    reasons: [
      added.length + changed.length === 0
        ? 'nothing changes in the cluster'
        : `${changed.length} objects are changed and ${added.length} added, nothing else`,
    ],
  };
}

/** Titles that a reason names; the rest is counted. */
const NAMED = 3;

function list(names: readonly string[]): string {
  const more = names.length - NAMED;
  return more > 0 ? `${names.slice(0, NAMED).join(', ')} and ${more} more` : names.join(', ');
}

function named(findings: readonly Finding[], check: Finding['check'], what: string): readonly string[] {
  const objects = findings.filter((finding) => finding.check === check).map(({ object }) => object);
  return objects.length === 0 ? [] : [`${list(objects)}: ${what}`];
}

function titles(
  objects: readonly RenderedObject[],
  wanted: (object: RenderedObject) => boolean,
  what: string,
): readonly string[] {
  const found = objects.filter(wanted).map(objectTitle);
  return found.length === 0 ? [] : [`${list(found)}: ${what}`];
}

function countOf(
  findings: readonly Finding[],
  wanted: (finding: Finding) => boolean,
  one: string,
  many: string,
): readonly string[] {
  const count = findings.filter(wanted).length;
  return count === 0 ? [] : [count === 1 ? one : `${count} ${many}`];
}

const RIGHTS = ['Role', 'RoleBinding', 'ServiceAccount', 'NetworkPolicy', 'Ingress', 'Secret', 'AppProject'];

function isAboutRights(object: RenderedObject): boolean {
  return RIGHTS.includes(object.kind) || groupOf(object) === 'rbac.authorization.k8s.io';
}

function isNamespace(object: RenderedObject): boolean {
  return object.kind === 'Namespace' && object.apiVersion === 'v1';
}

/** What of an object is about stored data, as text to be compared. */
function storageOf(object: RenderedObject): string {
  if (object.kind === 'PersistentVolumeClaim') return JSON.stringify(fieldsAt(object.object, 'spec'));
  const spec = fieldsAt(object.object, 'spec');
  return object.kind === 'StatefulSet' ? JSON.stringify(spec.volumeClaimTemplates ?? null) : '';
}

/** False for a workload of zero replicas. */
function runs(object: RenderedObject): boolean {
  return fieldsAt(object.object, 'spec').replicas !== 0;
}
