import { expect, it } from 'vitest';
import { ApplicationWatch } from '../../src/delivery/application-watch.js';
import { NoHistory } from '../../src/delivery/history.js';
import type { ApplicationReader } from '../../src/delivery/shared-applications.js';
import { WorkloadCheck } from '../../src/delivery/workload-check.js';
import { type Application, applicationFrom } from '../../src/systems/argocd/application.js';

const OURS = 'a'.repeat(40);
const BEFORE = 'b'.repeat(40);
const START_MS = Date.parse('2026-11-02T10:00:00Z');
const SECOND_MS = 1_000;

/** An Argo CD that loses requests made while it compares, and looks at Git by itself far too late for anybody who waits. */
class ForgetfulArgoCd {
  nowMs = START_MS;
  requests = 0;
  #revision = BEFORE;
  #reconciledAtMs = START_MS;
  readonly #lost: number;

  constructor(lost: number) {
    this.#lost = lost;
  }

  get reader(): ApplicationReader {
    const application = (): Application => this.#application();
    const clock = (): string => new Date(this.nowMs).toISOString();
    return {
      read: async () => application(),
      reading: async () => ({ application: application(), serverTime: clock() }),
      matching: async () => [],
      project: async () => null,
      requestRefresh: async () => {
        this.requests += 1;
        if (this.requests > this.#lost) {
          this.#revision = OURS;
          this.#reconciledAtMs = this.nowMs + SECOND_MS;
        }
        return { requestedAt: clock() };
      },
    };
  }

  #application(): Application {
    return applicationFrom(
      {
        metadata: { name: 'shop', namespace: 'argocd' },
        spec: { syncPolicy: { automated: {} } },
        status: {
          sync: { status: 'Synced', revision: this.#revision },
          health: { status: 'Healthy', lastTransitionTime: new Date(START_MS - SECOND_MS).toISOString() },
          reconciledAt: new Date(this.#reconciledAtMs).toISOString(),
        },
      },
      { system: 'argocd', operation: 'get applications', object: 'argocd/shop' },
    );
  }
}

function watchOf(argocd: ForgetfulArgoCd): ApplicationWatch {
  return new ApplicationWatch({
    applications: argocd.reader,
    applicationsIn: () => argocd.reader,
    target: { kind: 'application', name: 'shop', namespace: 'argocd' },
    wanted: {
      target: { kind: 'application', name: 'shop', namespace: 'argocd' },
      revision: OURS,
      images: [],
      workloads: [],
    },
    history: new NoHistory(OURS),
    workloads: new WorkloadCheck({ read: async () => null, podsOf: async () => [] }, []),
    refresh: true,
    manualSync: false,
    stabilisationMs: 0,
    now: () => argocd.nowMs,
  });
}

it.each([0, 1, 3])('asks again when Argo CD has lost %d requests for a comparison', async (lost) => {
  const argocd = new ForgetfulArgoCd(lost);
  const watch = watchOf(argocd);
  const states: string[] = [];
  while (states.at(-1) !== 'proven') {
    if (states.length > 100) throw new Error(`It is never proven: ${states.join(', ')}`);
    const [seen] = await watch.look(new AbortController().signal);
    states.push(seen?.look.state === 'waiting' ? seen.look.clause : (seen?.look.state ?? 'unseen'));
    argocd.nowMs += 2 * SECOND_MS;
  }
  expect(argocd.requests).toBe(lost + 1);
  expect(new Set(states)).toEqual(new Set(lost === 0 ? ['proven'] : ['compared-too-early', 'proven']));
});
