/** Activities on the queue `gitlab`. */
import { cancellationSignal } from '@temporalio/activity';
import type { SecretStoreTarget } from '../../domain/request.js';
import type { GitLabClient } from '../../systems/gitlab/client.js';
import type { SecretStore } from '../../systems/secret-store.js';
import type { GitLabActivities } from '../contracts.js';
import type { EffectGuard } from '../guard/effect-guard.js';
import { ensureValues } from './values.js';

export interface GitLabActivityDeps {
  readonly guard: EffectGuard;
  readonly gitlab: GitLabClient;
  readonly secretStoreOf: (target: SecretStoreTarget) => SecretStore;
}

export function createGitLabActivities({
  guard,
  gitlab,
  secretStoreOf,
}: GitLabActivityDeps): GitLabActivities {
  return {
    ensureValues: (ref) =>
      guard.make(ref, 'gitlab', 'values', (effect) =>
        ensureValues(gitlab, secretStoreOf(effect.target.secretStore), effect, cancellationSignal()),
      ),
  };
}
