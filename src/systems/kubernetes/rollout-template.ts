/**
 * A Rollout may have no template of its own and run that of a Deployment, which it names (source: argo-rollouts,
 * `spec.workloadRef`): it is read as if the template were its own. Pure.
 */
import Type from 'typebox';
import { Value } from 'typebox/value';
import { WORKLOAD_GENERATION } from './argo-rollout.js';

const Referring = Type.Object({
  metadata: Type.Object({ annotations: Type.Optional(Type.Record(Type.String(), Type.String())) }),
  spec: Type.Object({ workloadRef: Type.Object({ kind: Type.String(), name: Type.String() }) }),
});

const Referred = Type.Object({
  metadata: Type.Object({ generation: Type.Optional(Type.Integer()) }),
  spec: Type.Object({ selector: Type.Optional(Type.Unknown()), template: Type.Unknown() }),
});

/** The Deployment whose template a Rollout runs; undefined when it has its own, or names another kind. */
export function deploymentOf(rollout: unknown): string | undefined {
  if (!Value.Check(Referring, rollout)) return undefined;
  const { kind, name } = rollout.spec.workloadRef;
  return kind === 'Deployment' ? name : undefined;
}

/**
 * The Rollout with the Deployment's template and selector, and with the generation that it has to have seen: its own note of
 * that comes late.
 * @param deployment null when it does not exist: then there is nothing to be run yet
 */
export function withTemplateOf(rollout: unknown, deployment: unknown): unknown {
  if (!Value.Check(Referring, rollout)) return rollout;
  const isThere = Value.Check(Referred, deployment);
  const generation = isThere ? String(deployment.metadata.generation ?? 0) : 'none';
  const { selector, template } = isThere
    ? deployment.spec
    : { selector: {}, template: { spec: { containers: [] } } };
  return {
    ...rollout,
    metadata: {
      ...rollout.metadata,
      annotations: { ...rollout.metadata.annotations, [WORKLOAD_GENERATION]: generation },
    },
    spec: { ...rollout.spec, selector, template },
  };
}
