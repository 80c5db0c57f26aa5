/** Activities on the queue `registry`. */
import { cancellationSignal } from '@temporalio/activity';
import { effectKey } from '../../domain/plan.js';
import { PROMOTION_OBJECT } from '../../domain/promotion/request.js';
import type { RegistryClient } from '../../systems/registry/client.js';
import type { PlaceGuard } from '../guard/select-place.js';
import type { RegistryActivities } from '../promotion-contracts.js';
import { ensureTags } from './tags.js';

export interface RegistryActivityDeps {
  readonly guard: PlaceGuard;
  /** undefined: the installation names no registry */
  readonly registry: Pick<RegistryClient, 'resolve' | 'putTag'> | undefined;
}

export function createRegistryActivities({ guard, registry }: RegistryActivityDeps): RegistryActivities {
  return {
    async ensureTags(ref) {
      const { plan } = await guard.permitted(ref);
      const key = effectKey(ref.target, PROMOTION_OBJECT.tags);
      if (!plan.effects.some((effect) => effect.key === key)) return { outcome: 'unchanged', readBack: {} };
      return await guard.make(ref, 'registry', PROMOTION_OBJECT.tags, (effect) =>
        ensureTags(registry, effect, cancellationSignal()),
      );
    },
  };
}
