/** Statuses as the API answers them, for the tests of what is shown. */
import type { Failure, GateState, Status, Target } from '../../src/cli/api/answers.js';

export const NOW = Date.parse('2027-01-20T08:00:00.000Z');
const DAY = 86_400_000;

export function at(agoMs: number): string {
  return new Date(NOW - agoMs).toISOString();
}

export function target(name: string, state: string, changes: Partial<Target> = {}): Target {
  const created = state === 'done' ? 8 : 0;
  return {
    target: name,
    state,
    effects: { created, adopted: 0, changed: state === 'done' ? 1 : 0, unchanged: 0 },
    ...changes,
  };
}

export const SOFT_DELETED: Failure = {
  step: 'ensureIntegration',
  system: 'key-vault',
  operation: 'set secret',
  object: 'otterize-cloud-client-id in kv-harbour-09-prod',
  message: 'secret is soft-deleted',
  remedy: 'Recover or purge it',
  scope: 'target',
};

export const PROCUREMENT: GateState = {
  gate: 'procurement',
  group: 'procurement',
  state: 'open',
  approvals: 0,
  need: 1,
  waitsFor: [],
  openedAt: at(3 * DAY),
  due: '2027-05-20T08:00:00.000Z',
};

export function status(changes: Partial<Status> = {}): Status {
  return {
    id: 'req-7k2m',
    kind: 'Fleet',
    workflowId: 'fleet/otterize/otterize',
    status: 'running',
    acceptedAt: at(31 * DAY),
    epoch: 1,
    waitingFor: [],
    gates: [],
    targets: [],
    times: { waitedMs: 31 * DAY, workedMs: 38 * 60_000 },
    page: 'https://gatehouse.example.com/r/req-7k2m',
    ...changes,
  };
}

/** 24 of 25 clusters done, the ninth failed. */
export function nearlyDone(changes: Partial<Status> = {}): Status {
  const targets = Array.from({ length: 25 }, (_, index) => {
    const name = `harbour-${String(index + 1).padStart(2, '0')}/prod`;
    return index === 8 ? target(name, 'failed', { failure: SOFT_DELETED }) : target(name, 'done');
  });
  return status({ status: 'attention', targets, ...changes });
}
