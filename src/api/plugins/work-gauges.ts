/** Gauges of the work itself: what is open, failed, refused and held, and how old the oldest is. */
import { Gauge, type Registry } from 'prom-client';
import type { Workload } from '../../ledger/ports.js';

export class WorkGauges {
  private readonly single: readonly (readonly [Gauge, (work: Workload) => number])[];
  private readonly ended: Gauge<'outcome'>;

  constructor(registry: Registry) {
    const registers = [registry];
    const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
    this.single = [
      [gauge('gatehouse_requests_open', 'Requests that have not ended'), ({ open }) => open],
      [
        gauge('gatehouse_request_oldest_seconds', 'Age of the oldest request that has not ended'),
        ({ oldestSeconds }) => oldestSeconds,
      ],
      [
        gauge(
          'gatehouse_targets_failed',
          'Clusters and places of open requests that failed and wait for people',
        ),
        ({ failedTargets }) => failedTargets,
      ],
      [
        gauge('gatehouse_gates_waiting', 'Gates that wait for a decision'),
        ({ gatesWaiting }) => gatesWaiting,
      ],
      [
        gauge('gatehouse_gates_overdue', 'Gates that wait for a decision and are past their time'),
        ({ gatesOverdue }) => gatesOverdue,
      ],
      [gauge('gatehouse_holds', 'Holds that nobody has released'), ({ holds }) => holds],
    ];
    this.ended = new Gauge({
      name: 'gatehouse_requests_ended',
      help: 'Requests that have ended so far, by outcome',
      labelNames: ['outcome'],
      registers,
    });
  }

  /** Leaves out what is not known: an old number would look like a good one. */
  forget(): void {
    for (const [gauge] of this.single) gauge.remove();
    this.ended.reset();
  }

  show(work: Workload): void {
    for (const [gauge, numberOf] of this.single) gauge.set(numberOf(work));
    for (const [outcome, count] of work.ended) this.ended.set({ outcome }, count);
  }
}
