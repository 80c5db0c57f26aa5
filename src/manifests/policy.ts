/** A `Policy` file: durations to milliseconds, the order of the gates checked, reviews where they are due. */
import type { GatePolicy, PolicyManifest } from '../domain/manifest.js';
import { durationMs, MAX_DURATION_MS } from './duration.js';
import type { ManifestFault, PathStep } from './fault.js';
import { faultMaker, type Located } from './manifest.js';
import { suggest } from './near-miss.js';
import type { PositionedDocument } from './parse.js';
import { type GateFile, type PolicyFile, PolicySchema } from './schema.js';
import { type Validated, validateDocument } from './validate.js';

type Fault = (path: readonly PathStep[], message: string) => ManifestFault;

/** @returns the policy, or every fault of the document */
export function readPolicy(document: PositionedDocument): Validated<Located<PolicyManifest>> {
  const validated = validateDocument(document, PolicySchema);
  if (!validated.ok) return validated;
  const file = validated.value;
  const fault = faultMaker(document);
  const faults: ManifestFault[] = [
    ...orderFaults(file.spec.gates, fault),
    ...promotionFaults(file.spec.appliesTo, file.spec.gates, fault),
  ];
  const gates = file.spec.gates.map((gate, index) =>
    gateOf(gate, (path, message) => faults.push(fault(['spec', 'gates', index, ...path], message))),
  );
  if (faults.length > 0) return { ok: false, faults };
  return {
    ok: true,
    value: {
      document,
      manifest: {
        apiVersion: file.apiVersion,
        kind: file.kind,
        metadata: file.metadata,
        spec: {
          appliesTo: file.spec.appliesTo,
          gates,
          whileOpen: file.spec.whileOpen ?? 'refuse',
        },
      },
    },
  };
}

function gateOf(file: GateFile, fault: (path: readonly PathStep[], message: string) => void): GatePolicy {
  const read = (text: string, ...path: PathStep[]): number => {
    const ms = durationMs(text);
    if (ms === undefined) fault(path, 'is longer than ten years');
    return ms ?? MAX_DURATION_MS;
  };
  const gate: GatePolicy = {
    name: file.name,
    approvers: {
      group: file.approvers.group,
      need: file.approvers.need ?? 1,
      ...(file.approvers.needAtHighRisk === undefined
        ? {}
        : { needAtHighRisk: file.approvers.needAtHighRisk }),
    },
    evidence: file.evidence ?? [],
    after: file.after ?? [],
    ...(file.remind === undefined ? {} : { remindEveryMs: read(file.remind, 'remind') }),
    ...(file.escalate === undefined
      ? {}
      : {
          escalate: {
            afterMs: read(file.escalate.after, 'escalate', 'after'),
            toGroup: file.escalate.to,
          },
        }),
    ...(file.deadline === undefined
      ? {}
      : {
          deadline: {
            afterMs: read(file.deadline.after, 'deadline', 'after'),
            then: file.deadline.then,
          },
        }),
    ...(file.freshLogin === undefined ? {} : { freshLoginMs: read(file.freshLogin, 'freshLogin') }),
    ...(file.afterwards === true ? { afterwards: true } : {}),
  };
  const { need, needAtHighRisk = need } = gate.approvers;
  if (needAtHighRisk < need) {
    fault(['approvers', 'needAtHighRisk'], `is less than "need": high risk asks for at least ${need}`);
  }
  if (
    gate.deadline !== undefined &&
    gate.escalate !== undefined &&
    gate.escalate.afterMs >= gate.deadline.afterMs
  ) {
    fault(['escalate', 'after'], 'lies not before the deadline: nobody would be left time to decide');
  }
  return gate;
}

/** Risk and reviews belong to promotions; a way round the normal path is always reviewed. */
function promotionFaults(
  appliesTo: PolicyFile['spec']['appliesTo'],
  gates: readonly GateFile[],
  fault: Fault,
): readonly ManifestFault[] {
  const faults: ManifestFault[] = [];
  const at = (index: number, ...path: PathStep[]): PathStep[] => ['spec', 'gates', index, ...path];
  const reviews = new Set(gates.filter(({ afterwards }) => afterwards === true).map(({ name }) => name));
  for (const [index, gate] of gates.entries()) {
    if (appliesTo.kind !== 'Promotion') {
      if (gate.afterwards !== undefined) {
        faults.push(fault(at(index, 'afterwards'), 'only policies of promotions have reviews afterwards'));
      }
      if (gate.approvers.needAtHighRisk !== undefined) {
        faults.push(
          fault(at(index, 'approvers', 'needAtHighRisk'), 'only plans of promotions have a risk: use "need"'),
        );
      }
    }
    if (reviews.has(gate.name)) continue;
    for (const [position, before] of (gate.after ?? []).entries()) {
      if (!reviews.has(before)) continue;
      faults.push(
        fault(
          at(index, 'after', position),
          `"${before}" opens when the work is done: a gate that comes before the work cannot wait for it`,
        ),
      );
    }
  }
  if (appliesTo.kind === 'Promotion' && reviews.size === gates.length) {
    faults.push(fault(['spec', 'gates'], 'all of them are reviews afterwards: somebody must agree before'));
  }
  const bypasses = appliesTo.kind === 'Promotion' && BYPASSES.has(appliesTo.exception);
  if (bypasses && reviews.size === 0) {
    faults.push(
      fault(['spec', 'gates'], `a ${appliesTo.exception} needs a review: add a gate with "afterwards: true"`),
    );
  }
  return faults;
}

/** Exceptions that go round checks of the normal path; a rollback goes back to what was checked. */
const BYPASSES: ReadonlySet<string | undefined> = new Set(['hotfix', 'break-glass']);

/** Gates have names of their own, `after` names gates of this policy, and no gate waits for itself. */
function orderFaults(gates: readonly GateFile[], fault: Fault): readonly ManifestFault[] {
  const faults: ManifestFault[] = [];
  const names = gates.map((gate) => gate.name);
  for (const [index, gate] of gates.entries()) {
    const path: PathStep[] = ['spec', 'gates', index];
    if (names.indexOf(gate.name) !== index) {
      faults.push(
        fault([...path, 'name'], `"${gate.name}" stands twice: every gate needs a name of its own`),
      );
    }
    for (const [position, before] of (gate.after ?? []).entries()) {
      if (names.includes(before)) continue;
      faults.push(
        fault(
          [...path, 'after', position],
          `"${before}" is not a gate of this policy: ${suggest(before, names)}`,
        ),
      );
    }
    const cycle = cycleFrom(gate.name, gates);
    // told once, at the gate of the cycle that stands first
    if (cycle?.every((name) => names.indexOf(name) >= index)) {
      faults.push(
        fault(
          [...path, 'after'],
          `these gates wait for each other and would never open: ${cycle.join(' → ')}`,
        ),
      );
    }
  }
  return faults;
}

function cycleFrom(start: string, gates: readonly GateFile[]): readonly string[] | undefined {
  const seen = new Set<string>();
  const walk = (name: string, trail: readonly string[]): readonly string[] | undefined => {
    for (const before of gates.find((gate) => gate.name === name)?.after ?? []) {
      if (before === start) return [...trail, start];
      if (seen.has(before)) continue;
      seen.add(before);
      const found = walk(before, [...trail, before]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return walk(start, [start]);
}
