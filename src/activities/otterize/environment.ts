/** ensureEnvironment: the environment exists with exactly the labels asked for. */
import { findEnvironment } from '../../planning/environment.js';
import type { OtterizeOrganization } from '../../systems/otterize/organization.js';
import type { EffectResult } from '../contracts.js';
import type { PermittedEffect } from '../guard/effect-guard.js';

export const ENVIRONMENT_ID = 'environmentId';

/** @throws SystemError */
export async function ensureEnvironment(
  organisation: OtterizeOrganization,
  effect: PermittedEffect,
  signal: AbortSignal,
): Promise<EffectResult> {
  const { name, labels } = effect.target.environment;
  const finding = await findEnvironment(organisation, { name, labels }, signal);
  const result = (outcome: EffectResult['outcome'], id: string): EffectResult => ({
    outcome,
    readBack: { [ENVIRONMENT_ID]: id, name, labels: Object.keys(labels).length },
  });
  switch (finding.state) {
    case 'equal':
      return result(effect.resumed ? 'created' : 'unchanged', finding.environment.id);
    case 'different':
      await organisation.setEnvironmentLabels(finding.environment.id, labels, signal);
      return result('changed', finding.environment.id);
    case 'absent': {
      const made = await organisation.createEnvironment(name, labels, signal);
      return result('created', made.id);
    }
  }
}
