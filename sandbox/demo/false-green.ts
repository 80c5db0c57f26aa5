/** The demo's false green: what a pipeline believes right after a push, and what `gatehouse wait` says of the same moment. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import type { GatehouseStack } from '../stack/gatehouse.js';

const Application = Type.Object({
  status: Type.Object({
    sync: Type.Object({ status: Type.String(), revision: Type.String() }),
    health: Type.Object({ status: Type.String() }),
  }),
});
const CONTROLLER = '/clusters/management';

export interface SeenByPipeline {
  /** e.g. `Synced and Healthy` */
  readonly state: string;
  readonly revision: string;
}

/** Reads an Application as a pipeline does that waits for "Synced and Healthy". */
export async function asPipelinesSee(stack: GatehouseStack, application: string): Promise<SeenByPipeline> {
  const path = `/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/${application}`;
  const answer = await fetch(`${stack.address('kubernetes')}${CONTROLLER}${path}`, {
    headers: { authorization: `Bearer ${stack.address('kubernetesPipelineToken')}` },
  });
  const body: unknown = await answer.json();
  if (!Value.Check(Application, body)) throw new Error(`${application} has no status`);
  const { sync, health } = body.status;
  return { state: `${sync.status} and ${health.status}`, revision: sync.revision };
}

/** Arguments of `gatehouse wait` for the same Application, with a token that may only read. */
export function waitArguments(
  stack: GatehouseStack,
  application: string,
  revision: string,
): readonly string[] {
  const tokenFile = 'pipeline-token';
  writeFileSync(join(stack.folder, tokenFile), stack.address('kubernetesPipelineToken'), { mode: 0o600 });
  return [
    'wait',
    ...['--application', application, '--revision', revision],
    ...['--server', `${stack.address('kubernetes')}${CONTROLLER}`, '--token-file', tokenFile],
    ...['--stabilisation', '1s', '--timeout', '90s'],
  ];
}
