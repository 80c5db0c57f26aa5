/** Which policy governs a request, and whether the policies of an installation can work at all. */
import type { InventoryManifest, PolicyManifest } from '../domain/manifest.js';
import { canonicalJson, digest } from '../security/canonical.js';
import type { ManifestFault } from './fault.js';
import { faultMaker, type Located } from './manifest.js';
import { suggest } from './near-miss.js';

export interface ChosenPolicy {
  readonly policy: PolicyManifest;
  /** canonical JSON text: what is pinned in the ledger at intake */
  readonly document: string;
  /** SHA-256 of `document` */
  readonly digest: string;
}

/** No policy, or more than one, applies to a kind and service: without exactly one, nobody could decide. */
export class PolicyChoiceError extends Error {
  override readonly name = 'PolicyChoiceError';
}

/**
 * The policy in force for a service. A request never names its policy (design, section 6).
 * @throws PolicyChoiceError unless exactly one applies
 */
export function choosePolicy(
  policies: readonly PolicyManifest[],
  kind: 'Fleet',
  service: string,
): ChosenPolicy {
  const fitting = policies.filter(
    ({ spec }) => spec.appliesTo.kind === kind && spec.appliesTo.service === service,
  );
  const [policy, second] = fitting;
  if (policy === undefined) {
    throw new PolicyChoiceError(
      `No policy applies to ${kind} and service "${service}": ${suggest(
        service,
        policies.map(({ spec }) => spec.appliesTo.service),
      )}. Ask an administrator for a Policy with appliesTo {kind: ${kind}, service: ${service}}.`,
    );
  }
  if (second !== undefined) {
    throw new PolicyChoiceError(
      `The policies "${policy.metadata.name}" and "${second.metadata.name}" both apply to service "${service}": keep one.`,
    );
  }
  const document = canonicalJson(policy);
  return { policy, document, digest: digest(document) };
}

/**
 * Faults that only the inventory shows: groups that it does not know, two policies for one service.
 * @returns one fault each, empty when the policies can work
 */
export function policyFaults(
  policies: readonly Located<PolicyManifest>[],
  inventory: InventoryManifest,
): readonly ManifestFault[] {
  const faults: ManifestFault[] = [];
  const known = Object.keys(inventory.spec.groups);
  const governed = new Map<string, string>();
  for (const { manifest, document } of policies) {
    const fault = faultMaker(document);
    const { appliesTo, gates } = manifest.spec;
    const other = governed.get(appliesTo.service);
    if (other !== undefined) {
      faults.push(
        fault(['spec', 'appliesTo'], `policy "${other}" applies to the same kind and service: keep one`),
      );
    }
    governed.set(appliesTo.service, manifest.metadata.name);
    for (const [index, gate] of gates.entries()) {
      const groups = [
        { group: gate.approvers.group, path: ['approvers', 'group'] },
        ...(gate.escalate === undefined ? [] : [{ group: gate.escalate.toGroup, path: ['escalate', 'to'] }]),
      ];
      for (const { group, path } of groups) {
        if (known.includes(group)) continue;
        faults.push(
          fault(
            ['spec', 'gates', index, ...path],
            `"${group}" is not in the inventory's groups: ${suggest(group, known)}`,
          ),
        );
      }
    }
  }
  return faults;
}
