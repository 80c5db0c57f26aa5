import { describe, expect, it } from 'vitest';
import { actionsBetween, parseActions, sumOf } from '../../bench/fleet/actions.js';
import { callsOf, coveredMs, delaysOf } from '../../bench/fleet/critical-path.js';
import type { SandboxEvent } from '../../sandbox/framework/event-log.js';

const at = (ms: number): string => new Date(ms).toISOString();
const event = (
  seq: number,
  ms: number,
  phase: SandboxEvent['phase'],
  requestIndex: number,
  operation = 'read',
): SandboxEvent => ({
  seq,
  at: at(ms),
  system: 'otterize',
  method: 'GET',
  path: '/',
  operation,
  phase,
  requestIndex,
});

describe('time in which the outside world was at work', () => {
  it.each([
    ['nothing', [], 0],
    ['one piece', [[10, 30]], 20],
    [
      'pieces apart',
      [
        [10, 20],
        [40, 50],
      ],
      20,
    ],
    [
      'pieces that overlap count once',
      [
        [10, 30],
        [20, 40],
      ],
      30,
    ],
    [
      'a piece inside another',
      [
        [10, 50],
        [20, 30],
      ],
      40,
    ],
    [
      'in whatever order',
      [
        [40, 50],
        [10, 20],
      ],
      20,
    ],
    [
      'only within the span',
      [
        [-20, 10],
        [90, 200],
      ],
      20,
    ],
  ] as const)('%s', (_, intervals, expected) => {
    expect(coveredMs(intervals, [0, 100])).toBe(expected);
  });

  it('pairs requests with their answers and leaves out what was never answered', () => {
    const events = [
      event(1, 0, 'request', 1),
      event(2, 5, 'request', 2),
      event(3, 10, 'effect', 1),
      event(4, 20, 'answer', 1),
      event(5, 25, 'effect', 0),
    ];
    expect(callsOf(events)).toEqual([[0, 20]]);
  });

  it('puts the sync before the login of the stack and the connecting after it', () => {
    const events = [
      event(1, 100_000, 'request', 1, 'component token'),
      event(2, 100_200, 'answer', 1, 'component token'),
    ];
    expect(delaysOf(events, { syncMs: 20_000, connectMs: 10_000 })).toEqual([
      [80_000, 100_000],
      [100_200, 110_200],
    ]);
  });
});

describe("the server's count of Actions", () => {
  const text = (heartbeats: number): string =>
    [
      '# TYPE action counter',
      `action{action_type="grpc_RecordActivityTaskHeartbeat",namespace="bench",service_name="frontend"} ${heartbeats}`,
      'action{action_type="command_StartTimer",namespace="bench",service_name="history"} 3',
      'action{action_type="command_StartTimer",namespace="other",service_name="history"} 40',
      'action_latency{namespace="bench"} 7',
    ].join('\n');

  it('is that of one namespace', () => {
    expect(sumOf(parseActions(text(5), 'bench'))).toBe(8);
  });

  it('is that between two readings', () => {
    const between = actionsBetween(parseActions(text(5), 'bench'), parseActions(text(9), 'bench'));
    expect(between.get('grpc_RecordActivityTaskHeartbeat')).toBe(4);
    expect(sumOf(between)).toBe(4);
  });
});
