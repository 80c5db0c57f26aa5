/** Which policy governs a request, and whether the policies of an installation can work at all. */
import type { AppliesTo, GatePolicy, InventoryManifest, PolicyManifest } from '../domain/manifest.js';
import { OWNERS } from '../domain/promotion/path.js';
import type { PolicySubject } from '../domain/request.js';
import { canonicalJson, digest } from '../security/canonical.js';
import type { ManifestFault } from './fault.js';
import { faultMaker, type Located } from './manifest.js';
import { suggest } from './near-miss.js';

export interface ChosenPolicy {
  /** with the group of owners filled in: nothing of it is looked up again */
  readonly policy: PolicyManifest;
  /** canonical JSON text of `policy`: what is pinned in the ledger at intake */
  readonly document: string;
  /** SHA-256 of `document` */
  readonly digest: string;
}

type PromotionSubject = Extract<PolicySubject, { kind: 'Promotion' }>;
type PromotionScope = Extract<AppliesTo, { kind: 'Promotion' }>;

/** No policy, or more than one, applies to a subject: without exactly one, nobody could decide. */
export class PolicyChoiceError extends Error {
  override readonly name = 'PolicyChoiceError';
}

/** In a policy's `appliesTo`, stands for every application or environment. */
export const ANY = '*';

/**
 * The policy in force for a subject. A request never names its policy (design, section 6). Of a promotion the most exact
 * one counts: application and environment by name, then one of them, then neither. An exception has a policy of its own:
 * what is allowed the normal way says nothing about it.
 * @throws PolicyChoiceError unless exactly one applies
 */
export function choosePolicy(policies: readonly PolicyManifest[], subject: PolicySubject): ChosenPolicy {
  const fitting = policies.filter(({ spec }) => appliesTo(spec.appliesTo, subject));
  const most = Math.max(...fitting.map(({ spec }) => exactness(spec.appliesTo)));
  const [policy, second] = fitting.filter(({ spec }) => exactness(spec.appliesTo) === most);
  if (policy === undefined) throw new PolicyChoiceError(whyNone(policies, subject));
  if (second !== undefined) {
    throw new PolicyChoiceError(
      `The policies "${policy.metadata.name}" and "${second.metadata.name}" both apply to ${nameOf(subject)}: ${
        subject.kind === 'Fleet' ? 'keep one' : 'keep one, or write one that names both'
      }.`,
    );
  }
  const chosen = subject.kind === 'Promotion' ? withOwners(policy, subject.owners) : policy;
  const document = canonicalJson(chosen);
  return { policy: chosen, document, digest: digest(document) };
}

function appliesTo(scope: AppliesTo, subject: PolicySubject): boolean {
  if (scope.kind === 'Fleet') return subject.kind === 'Fleet' && scope.service === subject.service;
  return (
    subject.kind === 'Promotion' &&
    matches(scope.application, subject.application) &&
    matches(scope.environment, subject.environment) &&
    scope.exception === subject.exception
  );
}

function matches(pattern: string, name: string): boolean {
  return pattern === ANY || pattern === name;
}

/** How many names a scope gives instead of `*`. */
function exactness(scope: AppliesTo): number {
  if (scope.kind === 'Fleet') return 0;
  return [scope.application, scope.environment].filter((name) => name !== ANY).length;
}

function nameOf(subject: PolicySubject): string {
  if (subject.kind === 'Fleet') return `service "${subject.service}"`;
  return `${subject.exception ?? 'promotion'} of ${subject.application}/${subject.environment}`;
}

function whyNone(policies: readonly PolicyManifest[], subject: PolicySubject): string {
  if (subject.kind === 'Promotion') return whyNoneForPromotion(subject);
  const { service } = subject;
  const known = policies.flatMap(({ spec }) =>
    spec.appliesTo.kind === 'Fleet' ? [spec.appliesTo.service] : [],
  );
  return `No policy applies to Fleet and service "${service}": ${suggest(service, known)}. Ask an administrator for a Policy with appliesTo {kind: Fleet, service: ${service}}.`;
}

function whyNoneForPromotion({ application, environment, exception }: PromotionSubject): string {
  const wanted = `{kind: Promotion, application: ${application}, environment: ${environment}${
    exception === undefined ? '' : `, exception: ${exception}`
  }}`;
  const why =
    exception === undefined
      ? `No policy applies to promotions of ${application} to ${environment}, so nobody could decide`
      : `A ${exception} of ${application}/${environment} is not possible: no policy allows this exception`;
  return `${why}. Ask an administrator for a Policy with appliesTo ${wanted}.`;
}

/** A gate of `owners` asks the group that owns the application. */
function withOwners(policy: PolicyManifest, owners: string): PolicyManifest {
  const named = (group: string): string => (group === OWNERS ? owners : group);
  const gates = policy.spec.gates.map(
    (gate): GatePolicy => ({
      ...gate,
      approvers: { ...gate.approvers, group: named(gate.approvers.group) },
      ...(gate.escalate === undefined
        ? {}
        : { escalate: { ...gate.escalate, toGroup: named(gate.escalate.toGroup) } }),
    }),
  );
  return { ...policy, spec: { ...policy.spec, gates } };
}

/**
 * Faults that only the inventory and the other policies show: groups that nobody knows, two policies for the same, and two
 * of which neither is more exact than the other.
 * @returns one fault each, empty when the policies can work
 */
export function policyFaults(
  policies: readonly Located<PolicyManifest>[],
  inventory: InventoryManifest,
): readonly ManifestFault[] {
  const faults: ManifestFault[] = [];
  const groups = Object.keys(inventory.spec.groups);
  for (const [index, { manifest, document }] of policies.entries()) {
    const fault = faultMaker(document);
    const rival = rivalOf(manifest, policies.slice(0, index), policies);
    if (rival !== undefined) faults.push(fault(['spec', 'appliesTo'], rival));
    const { appliesTo: scope, gates } = manifest.spec;
    const known = scope.kind === 'Promotion' ? [...groups, OWNERS] : groups;
    for (const [position, gate] of gates.entries()) {
      const named = [
        { group: gate.approvers.group, path: ['approvers', 'group'] },
        ...(gate.escalate === undefined ? [] : [{ group: gate.escalate.toGroup, path: ['escalate', 'to'] }]),
      ];
      for (const { group, path } of named) {
        if (known.includes(group)) continue;
        faults.push(
          fault(
            ['spec', 'gates', position, ...path],
            `"${group}" is not in the inventory's groups: ${suggest(group, known)}`,
          ),
        );
      }
    }
  }
  return faults;
}

/** What is wrong between a policy and those before it, if anything. */
function rivalOf(
  policy: PolicyManifest,
  before: readonly Located<PolicyManifest>[],
  all: readonly Located<PolicyManifest>[],
): string | undefined {
  const scope = policy.spec.appliesTo;
  for (const { manifest } of before) {
    const other = manifest.spec.appliesTo;
    const { name } = manifest.metadata;
    if (canonicalJson(scope) === canonicalJson(other)) {
      return scope.kind === 'Fleet'
        ? `policy "${name}" applies to the same kind and service: keep one`
        : `policy "${name}" applies to the same promotions: keep one`;
    }
    if (scope.kind === 'Fleet' || other.kind === 'Fleet') continue;
    const clash = clashOf(scope, other);
    const isSettled = all.some(
      ({ manifest: { spec } }) =>
        clash !== undefined && canonicalJson(spec.appliesTo) === canonicalJson(clash),
    );
    if (clash !== undefined && !isSettled) {
      return `policy "${name}" applies to ${clash.application}/${clash.environment} too, and neither is more exact: write one that names both`;
    }
  }
  return undefined;
}

/** The scope in which two policies meet when each names what the other leaves open. */
function clashOf(one: PromotionScope, other: PromotionScope): PromotionScope | undefined {
  if (one.exception !== other.exception) return undefined;
  const [byApplication, byEnvironment] = one.environment === ANY ? [one, other] : [other, one];
  const isClash =
    byApplication.environment === ANY &&
    byApplication.application !== ANY &&
    byEnvironment.application === ANY &&
    byEnvironment.environment !== ANY;
  return isClash ? { ...byEnvironment, application: byApplication.application } : undefined;
}
