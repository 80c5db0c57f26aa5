/** What planning a promotion asks of other systems and of the ledger. */
import type { LedgerEntry } from '../../domain/ledger.js';
import type { Place } from '../../domain/promotion/path.js';
import type { RunningImage } from '../../domain/promotion/running.js';
import type { DirectoryClient } from '../../systems/directory/client.js';
import type { GitLabClient } from '../../systems/gitlab/client.js';
import type { GitLabRepositories } from '../../systems/gitlab/repositories.js';
import type { HarborClient } from '../../systems/harbor/client.js';
import type { Helm } from '../../systems/helm/helm.js';
import type { Kustomize } from '../../systems/kustomize/kustomize.js';
import type { RegistryClient } from '../../systems/registry/client.js';

export interface PromotionSystems {
  readonly gitlab: Pick<GitLabClient, 'isAncestor'>;
  readonly repositories: Pick<
    GitLabRepositories,
    'branchHeadOrNull' | 'tree' | 'blobs' | 'commitsOf' | 'pushers' | 'user'
  >;
  readonly directory: Pick<DirectoryClient, 'userByMail' | 'userById'>;
  /** undefined: not configured */
  readonly registry?:
    | Pick<
        RegistryClient,
        | 'resolve'
        | 'platformDigests'
        | 'chartVersion'
        | 'classicChartVersion'
        | 'pullChart'
        | 'pullClassicChart'
      >
    | undefined;
  readonly harbor?: Pick<HarborClient, 'vulnerabilities'> | undefined;
  readonly kustomize?: Kustomize | undefined;
  readonly helm?: Helm | undefined;
  /**
   * whether a place runs a commit, or a later one that holds its content: for the environment that releases come from, and
   * where nothing is left to do; `onLook` is called after every look
   */
  readonly runs: (
    place: Place,
    commit: string,
    signal?: AbortSignal,
    onLook?: () => void,
  ) => Promise<{ readonly isProven: boolean; readonly message: string }>;
  /** what the workloads of a place run, by content; unset where clusters may not be asked */
  readonly running?: (place: Place, signal?: AbortSignal) => Promise<readonly RunningImage[]>;
}

/** What the ledger knows; a plan without a ledger gives empty answers. */
export interface PromotionFacts {
  checks(key: string): Promise<readonly LedgerEntry<'check.passed'>[]>;
  effects(key: string): Promise<readonly LedgerEntry<'effect.completed' | 'effect.reserved'>[]>;
}
