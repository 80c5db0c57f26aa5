/**
 * Decides whether a source (GitRepository, OCIRepository) has fetched our revision (reference: promotion, section 3.2).
 * Pure: no clock, no calls.
 */
import type { Hopeless, Waiting } from '../judgement.js';
import { conditionOf, type FluxSource, isTrue } from './objects.js';
import { hashInRevision } from './revision.js';
import {
  firstWords,
  hasLasted,
  hopeless,
  isCurrent,
  judgePresence,
  type Patience,
  saying,
  waiting,
} from './words.js';

/** What a source or a Kustomization must have reached. */
export interface ExpectedRevision {
  /** our commit, or the digest of our OCI artifact: 40 or 64 hexadecimal digits */
  readonly revision: string;
  /** commits known to contain ours (Git's word), see `hashesNamedBy`; our own need not be among them */
  readonly containing: ReadonlySet<string>;
}

export type SourceWait = 'source-behind' | 'source-failing';
export type SourceHopeless =
  | 'source-missing'
  | 'source-deleted'
  | 'source-suspended'
  | 'source-stalled'
  | 'source-failing';

/** True for our revision, and for commits that contain it. */
export function isOurRevision(revision: string | undefined, expected: ExpectedRevision): boolean {
  const hash = hashInRevision(revision);
  return hash !== undefined && (hash === expected.revision || expected.containing.has(hash));
}

/**
 * @param source null when it does not exist
 * @param now ISO 8601, the time of the reading
 * @returns undefined when its artifact is ours: what its conditions say then is of later attempts
 */
export function judgeSource(
  source: FluxSource | null,
  expected: ExpectedRevision,
  patience: Patience,
  now: string,
): Waiting<SourceWait> | Hopeless<SourceHopeless> | undefined {
  const artifact = source?.status?.artifact?.revision;
  if (
    source !== null &&
    source.metadata.deletionTimestamp === undefined &&
    isOurRevision(artifact, expected)
  ) {
    return undefined;
  }
  const absent = judgePresence<SourceHopeless>(source, 'source', {
    missing: 'source-missing',
    deleted: 'source-deleted',
    suspended: 'source-suspended',
  });
  if (absent !== undefined || source === null) return absent;
  const stalled = conditionOf(source, 'Stalled');
  if (stalled?.status === 'True' && isCurrent(source, stalled)) {
    return hopeless(
      'source-stalled',
      `the source has stopped: ${saying(stalled)}`,
      'Correct the source (address, reference, credentials), then retry.',
    );
  }
  const failed = ['FetchFailed', 'StorageOperationFailed', 'IncludeUnavailable'].find((type) =>
    isTrue(source, type),
  );
  const condition = conditionOf(source, failed ?? 'SourceVerified');
  if (condition !== undefined && (failed !== undefined || condition.status === 'False')) {
    // the old artifact stays and looks current
    if (hasLasted(condition, patience, now)) {
      return hopeless(
        'source-failing',
        `the source cannot be fetched: ${saying(condition)}`,
        'Correct what the source cannot read (credentials, reference, signature), reconcile it, then retry.',
      );
    }
    return waiting(
      'source-failing',
      `the source cannot be fetched: ${saying(condition)}`,
      condition.lastTransitionTime,
    );
  }
  return waiting(
    'source-behind',
    `the source has ${shown(artifact)}, which is not known to contain ${expected.revision.slice(0, 12)}`,
    patience.waitingSince,
  );
}

/** A revision with its hash shortened, as people read it. */
export function shown(revision: string | undefined): string {
  if (revision === undefined || revision === '') return 'nothing yet';
  return firstWords(revision).replace(/[0-9a-f]{40,64}$/, (hash) => hash.slice(0, 12));
}
