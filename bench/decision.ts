/**
 * How long after a decision the gate has passed, under idle load: from the moment in which the API's answer to the decision
 * is there, to the entry `gate.closed` in the ledger, as the database noted its time. One request per decision; its other
 * gate stays undecided. Decisions are made one after the other. Database and bench are on one machine and read one clock.
 *
 * The append of the decision is what counts for the ledger (design: decisions), so the time from there is printed too; a
 * gate can be closed before the answer has reached the approver, which counts as 0.
 */
import { exampleEvidence, fleetText } from '../sandbox/stack/example-files.js';
import type { AnyEntry } from '../src/domain/ledger.js';
import { entriesOfType } from '../src/domain/record.js';
import { type Bench, counted, type Figure } from './bench.js';
import { type BenchStack, machine, say, startBenchStack } from './fleet/bench-stack.js';
import { appended } from './fleet/onboard.js';
import { percentile } from './statistics/percentile.js';

const DECISIONS = 48;
/** Requests that are made ready side by side before any decision is measured. */
const READY_AT_ONCE = 6;
const GATE = 'procurement';
const TIMEOUT_MS = 60_000;
const GOAL_MS = 1_000;

interface Passage {
  readonly afterAnswerMs: number;
  readonly afterAppendMs: number;
}

/** A request for one cluster whose gates are open. */
async function readyRequest(bench: BenchStack, index: number): Promise<string> {
  const { api, stack } = bench;
  const clusters = stack.world.clusters.slice(0, 1);
  const requestId = await api.request(fleetText(stack.world, { name: `decision-${index}`, clusters }));
  await appended(bench, requestId, 'gate.opened', 2, TIMEOUT_MS);
  return requestId;
}

async function measure(bench: BenchStack, requestId: string): Promise<Passage> {
  await bench.api.decide('ben', requestId, GATE, 'approve', exampleEvidence(GATE, 1));
  const answeredAt = Date.now();
  await appended(bench, requestId, 'gate.closed', 1, TIMEOUT_MS);
  const entries = await bench.ledger.entriesOf(requestId);
  const at = (type: AnyEntry['type']): number => Date.parse(entriesOfType(entries, type).at(0)?.at ?? '');
  return {
    afterAnswerMs: Math.max(0, at('gate.closed') - answeredAt),
    afterAppendMs: at('gate.closed') - at('decision.made'),
  };
}

export const bench: Bench = {
  describe: `from a decision's acceptance to the passed gate, over ${DECISIONS} requests`,
  async run(): Promise<readonly Figure[]> {
    const bench = await startBenchStack({ clusters: 1 });
    try {
      const requests: string[] = [];
      for (let index = 0; index < DECISIONS; index += READY_AT_ONCE) {
        const batch = Array.from({ length: READY_AT_ONCE }, (_, more) => readyRequest(bench, index + more));
        requests.push(...(await Promise.all(batch)));
      }
      say(`${requests.length} requests wait at their gates; ${machine()}`);
      const passages: Passage[] = [];
      for (const requestId of requests) passages.push(await measure(bench, requestId));
      say(machine());
      const answers = passages.map((passage) => passage.afterAnswerMs);
      const appends = passages.map((passage) => passage.afterAppendMs);
      const p95 = percentile(answers, 0.95);
      return [
        {
          name: 'decision accepted to gate passed, p95',
          value: p95,
          unit: 'ms',
          goal: `< ${GOAL_MS}`,
          met: p95 < GOAL_MS,
        },
        counted('decision accepted to gate passed, median', percentile(answers, 0.5), 'ms'),
        counted('decision accepted to gate passed, longest', percentile(answers, 1), 'ms'),
        counted('decision in the ledger to gate passed, p95', percentile(appends, 0.95), 'ms'),
        counted('decision in the ledger to gate passed, median', percentile(appends, 0.5), 'ms'),
        counted('decisions', passages.length, 'decisions'),
      ];
    } finally {
      await bench.dispose();
    }
  },
};
