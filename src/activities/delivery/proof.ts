/** Looks at one delivery until it is proven, and turns what is seen into what is told. */

import { watchDelivery } from '../../delivery/delivery-watch.js';
import { GitLabHistory } from '../../delivery/gitlab-history.js';
import type { Seen, Watch } from '../../delivery/look.js';
import type { ReadBack } from '../../domain/ledger.js';
import type { Look } from '../waiting.js';
import type { DeliveryTools } from './activities.js';
import { holdsValues } from './own-values.js';
import type { ProvenDelivery } from './wanted.js';

/** What to do about clauses whose usual remedy is an option of the command line. */
const REMEDIES: Readonly<Record<string, string>> = {
  superseded:
    'Somebody has changed the same files since: look at that commit. Promote again, or roll back what was changed',
  'source-unclear':
    'Let one source of the Application be the project of this place, or give it an Application of its own',
  'other-image':
    'The revision is there and something else runs: look for an images override, an admission webhook or another writer, then retry or roll back',
  'health-unproven':
    'Set spec.wait or spec.healthChecks on the Kustomization, or name the workloads in the path, then retry',
};

/** What a proof asks. */
export type ProofTools = Pick<
  DeliveryTools,
  'gitlab' | 'repositories' | 'repositoryOf' | 'watched' | 'platforms'
>;

/** Whether controllers are asked to look at once, which writes an annotation. */
export type ProofManner = 'asks' | 'asks nobody';

export class DeliveryProof {
  readonly #tools: ProofTools;
  readonly #wanted: ProvenDelivery;
  readonly #stabilisationMs: number;
  readonly #refresh: boolean;
  readonly #beganMs = Date.now();
  #watch: Watch | undefined;
  #clause: { readonly name: string; readonly since: string } | undefined;

  /**
   * @param stabilisationMs how long it must stay healthy; 0 for a look at what was proven before
   * @param manner `asks nobody`: reads only, and waits until the controller compares by itself
   */
  constructor(
    tools: ProofTools,
    wanted: ProvenDelivery,
    stabilisationMs: number,
    manner: ProofManner = 'asks',
  ) {
    this.#refresh = manner === 'asks';
    this.#tools = tools;
    this.#wanted = wanted;
    this.#stabilisationMs = stabilisationMs;
  }

  /** One look as it is. @throws SystemError */
  async seen(signal: AbortSignal): Promise<Seen> {
    this.#watch ??= await this.#makeWatch(signal);
    return together(await this.#watch.look(signal), this.#wanted.object);
  }

  /**
   * One look for the loop of a wait.
   * @param maxWaitMs what cannot go on before that time is over ends the wait at once
   */
  async look(signal: AbortSignal, maxWaitMs: number): Promise<Look> {
    const { target, look } = await this.seen(signal);
    if (look.state === 'proven') return { state: 'reached', readBack: this.#chain(look.evidence) };
    const clause = `${look.clause}: ${target}: ${look.message}`;
    if (look.state === 'failed') {
      const { message } = look;
      return {
        state: 'hopeless',
        clause: look.clause,
        message: `${target}: ${message}`,
        remedy: remedyOf(look),
      };
    }
    const { until } = look;
    if (until !== undefined && Date.parse(until) > this.#beganMs + maxWaitMs) {
      return {
        state: 'hopeless',
        clause: look.clause,
        message: `${target}: ${look.message}, which is after the time-out`,
        remedy: 'Sync it by hand if the window allows that, or retry when it has ended; or roll back',
      };
    }
    if (this.#clause?.name !== look.clause) {
      this.#clause = { name: look.clause, since: look.since ?? new Date().toISOString() };
    }
    return { state: 'waiting', clause, since: this.#clause.since };
  }

  async #makeWatch(signal: AbortSignal): Promise<Watch> {
    const { gitlab, repositories, repositoryOf, watched, platforms } = this.#tools;
    const { delivery, project, commit, files, values, degradedMs, images, someImage, everyWorkload, charts } =
      this.#wanted;
    const holds =
      values === undefined
        ? {}
        : {
            holdsValues: (one: string, of: AbortSignal) => holdsValues(repositories, values, one, of),
          };
    return watchDelivery(
      delivery,
      {
        commit,
        history: new GitLabHistory({ gitlab, repositories, project, revision: commit, files, ...holds }),
        repository: repositoryOf(project),
        images: await platforms.of(images, signal),
        someImage,
        everyWorkload,
        charts,
      },
      watched,
      {
        stabilisationMs: this.#stabilisationMs,
        now: Date.now,
        refresh: this.#refresh,
        ...(degradedMs === undefined ? {} : { degradedMs }),
      },
    );
  }

  /** From the commit that landed to what the cluster was seen to run. */
  #chain(evidence: ReadBack): ReadBack {
    const { commit, project, delivery, images } = this.#wanted;
    const since = evidence.finishedAt ?? evidence.reconciledAt;
    return {
      ...evidence,
      project,
      commit,
      delivery: delivery.name,
      cluster: delivery.cluster,
      ...(images.length === 0
        ? {}
        : { images: images.map(({ name, digest }) => `${name}@${digest}`).join(', ') }),
      since: typeof since === 'string' && since !== '' ? since : new Date().toISOString(),
    };
  }
}

/** What has failed first, then what is not there yet; else all that is proven, the delivery's own before that of its children. */
function together(seen: readonly Seen[], target: string): Seen {
  const first =
    seen.find(({ look }) => look.state === 'failed') ?? seen.find(({ look }) => look.state === 'waiting');
  if (first !== undefined) return first;
  const [own, ...children] = seen;
  if (own?.look.state !== 'proven') {
    const look = { state: 'waiting', clause: 'unseen', message: 'nothing was seen of it' } as const;
    return { target, look };
  }
  if (children.length === 0) return own;
  const names = children.map((child) => child.target.replace(/^application /, '')).join(', ');
  return {
    target: own.target,
    look: { state: 'proven', evidence: { ...own.look.evidence, children: names } },
  };
}

/** What a person should do about a state that will not pass by itself. */
export function remedyOf({ clause, remedy }: { readonly clause: string; readonly remedy: string }): string {
  return REMEDIES[clause] ?? remedy;
}
