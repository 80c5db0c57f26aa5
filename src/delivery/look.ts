/** What one look at something that is waited for says. */
import type { ReadBack } from '../domain/ledger.js';

/** Proven; `evidence` says by what. */
export interface Proven {
  readonly state: 'proven';
  readonly evidence: ReadBack;
}

/** Not there yet: `clause` is the first condition that is not met, the same word each time. */
export interface NotYet {
  readonly state: 'waiting';
  readonly clause: string;
  readonly message: string;
  /** ISO 8601, where the cluster says it */
  readonly since?: string;
  /** ISO 8601: it cannot go on before, e.g. the end of a sync window */
  readonly until?: string;
}

/** Waiting longer will not help. */
export interface Failed {
  readonly state: 'failed';
  readonly clause: string;
  readonly message: string;
  readonly remedy: string;
}

export type Look = Proven | NotYet | Failed;

/** One thing that is waited for, and what was seen. */
export interface Seen {
  /** e.g. `application argocd/shop` */
  readonly target: string;
  readonly look: Look;
}

/** Looks at what is waited for; keeps between looks what it must remember. */
export interface Watch {
  /**
   * One look.
   * @returns at least one thing
   * @throws SystemError when the cluster, CliError when Git cannot be asked
   */
  look(signal: AbortSignal): Promise<readonly Seen[]>;
}

/** A judgement of a system as a look. */
export function lookOf(
  judgement:
    | {
        readonly state: 'waiting';
        readonly clause: string;
        readonly message: string;
        readonly since?: string;
      }
    | {
        readonly state: 'hopeless';
        readonly clause: string;
        readonly message: string;
        readonly remedy: string;
      },
): NotYet | Failed {
  return judgement.state === 'hopeless' ? { ...judgement, state: 'failed' } : judgement;
}
