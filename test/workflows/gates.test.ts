import { randomBytes } from 'node:crypto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, describe, expect, it, type TestContext, vi } from 'vitest';
import { TimeSkippingUnavailable, timeSkippingEnvironment } from '../../sandbox/stack/time-skipping.js';
import type { GatePolicy } from '../../src/domain/manifest.js';
import { CodecKeys } from '../../src/security/codec-keys.js';
import { createDataConverter } from '../../src/security/data-converter.js';
import { type FreshLedger, freshLedger } from '../ledger/fresh-ledger.js';
import { reportSystem } from '../support/report.js';
import { workflowBundle } from '../support/stack.js';
import { type Asked, Engine } from './engine.js';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  // this server lacks a capability, of which each worker would warn
  telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }) } },
});

const DAY = 86_400_000;
const procurement: GatePolicy = {
  name: 'procurement',
  approvers: { group: 'procurement', need: 1 },
  evidence: [],
  after: [],
  remindEveryMs: 5 * DAY,
  escalate: { afterMs: 30 * DAY, toGroup: 'operators' },
  deadline: { afterMs: 180 * DAY, then: 'reject' },
};
const dataProtection: GatePolicy = {
  name: 'data-protection',
  approvers: { group: 'dpo', need: 1 },
  evidence: [],
  after: ['procurement'],
};

/** Months at the gates, in seconds: the real bundle and ledger under Temporal's time-skipping server. */
describe('waiting at gates', () => {
  let env: TestWorkflowEnvironment;
  let ledger: FreshLedger;
  let engine: Engine;
  /** why this machine cannot run these tests */
  let unavailable: string | undefined;

  beforeAll(async () => {
    const namespace = 'default';
    const keys = CodecKeys.of({ current: 'k1', keys: { k1: randomBytes(32).toString('base64') } });
    const dataConverter = createDataConverter({ keys, namespace });
    try {
      env = await timeSkippingEnvironment({ client: { dataConverter } });
    } catch (error) {
      if (!(error instanceof TimeSkippingUnavailable)) throw error;
      unavailable = error.message;
      return;
    }
    reportSystem('temporal time-skipping server', 'real');
    ledger = await freshLedger();
    engine = await Engine.start({
      client: env.client,
      connection: env.nativeConnection,
      namespace,
      dataConverter,
      workflowBundle: await workflowBundle(),
      ledger,
    });
  });

  afterAll(async () => {
    await engine?.close();
    await ledger?.close();
    await env?.teardown();
  });

  let open: Asked | undefined;
  afterEach(async () => {
    // time is common to all: what still waits would wake in the next test
    if (open !== undefined)
      await engine
        .handle(open)
        .terminate('the test is over')
        .catch(() => undefined);
  });

  async function ask(gates: readonly GatePolicy[]): Promise<Asked> {
    open = await engine.ask({ gates });
    return open;
  }

  const needsServer = (context: TestContext): void => {
    if (unavailable !== undefined) context.skip(unavailable);
  };
  const sent = ({ requestId }: Asked): readonly string[] =>
    engine.systems.notices
      .filter((notice) => notice.requestId === requestId)
      .map(({ gate, kind, number }) => `${gate} ${kind}${number === 0 ? '' : ` ${number}`}`);
  const gatesIn = async (asked: Asked, type: 'gate.opened' | 'gate.closed'): Promise<readonly string[]> =>
    (await engine.entries(asked, type)).map(({ body }) => body.gate);
  const until = (look: () => unknown, expected: unknown): Promise<void> =>
    expect.poll(look, { timeout: 60_000, interval: 50 }).toEqual(expected);

  it('reminds every 5 days, escalates once, and expires after 180 days of silence', async (context) => {
    needsServer(context);
    const asked = await ask([procurement]);
    await until(() => sent(asked), ['procurement opened']);
    const [opened] = await engine.entries(asked, 'gate.opened');
    expect(Date.parse(opened?.body.due ?? '') - Date.parse(opened?.body.openedAt ?? '')).toBe(180 * DAY);

    const expected = ['procurement opened'];
    for (let reminder = 1; reminder < 36; reminder += 1) {
      await env.sleep(5 * DAY);
      expected.push(`procurement reminder ${reminder}`);
      if (reminder === 6) expected.push('procurement escalation');
      await until(() => [...sent(asked)].sort(), [...expected].sort());
    }
    expect(await gatesIn(asked, 'gate.closed')).toEqual([]);

    await env.sleep(5 * DAY);
    const end: unknown = await engine.handle(asked).result();
    expect(end).toMatchObject({ state: 'ended', outcome: 'expired' });
    const [closed] = await engine.entries(asked, 'gate.closed');
    expect(closed?.body).toMatchObject({ gate: 'procurement', result: 'expired' });
    expect(await engine.entries(asked, 'effect.reserved')).toEqual([]);
    expect(engine.systems.made.size).toBe(0);
    // half a year of waiting with 38 notices stays far below the 4,096 events at which a new run is due
    const { historyLength } = await engine.handle(asked).describe();
    expect(historyLength).toBeLessThan(1_000);
  });

  it('opens one gate after the other, and a yes in month 4 starts the rollout', async (context) => {
    needsServer(context);
    const asked = await ask([procurement, dataProtection]);
    await until(() => gatesIn(asked, 'gate.opened'), ['procurement']);
    // too early: that gate is not open
    expect(await engine.decide(asked, 'data-protection', 'chi')).toBe('closed');

    await env.sleep(112 * DAY);
    expect(await engine.decide(asked, 'procurement', 'ben')).toBe('recorded');
    await until(() => gatesIn(asked, 'gate.opened'), ['procurement', 'data-protection']);
    const [first, second] = await engine.entries(asked, 'gate.opened');
    const between = Date.parse(second?.body.openedAt ?? '') - Date.parse(first?.body.openedAt ?? '');
    expect(between).toBeGreaterThanOrEqual(112 * DAY);
    expect(await engine.entries(asked, 'effect.reserved')).toEqual([]);

    await env.sleep(20 * DAY);
    expect(await engine.decide(asked, 'data-protection', 'chi')).toBe('recorded');
    expect(await engine.handle(asked).result()).toMatchObject({ state: 'ended', outcome: 'done' });
    expect(await gatesIn(asked, 'gate.closed')).toEqual(['procurement', 'data-protection']);
    // reminders stop when people have decided, and data protection has none
    expect(sent(asked).filter((line) => line.startsWith('procurement reminder'))).toHaveLength(22);
    expect(sent(asked).filter((line) => line.startsWith('data-protection'))).toEqual([
      'data-protection opened',
    ]);
  });

  it('ends at the first no, however late', async (context) => {
    needsServer(context);
    const asked = await ask([procurement]);
    await until(() => gatesIn(asked, 'gate.opened'), ['procurement']);
    await env.sleep(95 * DAY);
    await engine.decide(asked, 'procurement', 'ben', 'reject');
    expect(await engine.handle(asked).result()).toMatchObject({ state: 'ended', outcome: 'rejected' });
    expect(await engine.entries(asked, 'effect.reserved')).toEqual([]);
  });

  it('without a deadline waits for a year', async (context) => {
    needsServer(context);
    const asked = await ask([{ ...dataProtection, after: [] }]);
    await until(() => gatesIn(asked, 'gate.opened'), ['data-protection']);
    await env.sleep(365 * DAY);
    expect(await gatesIn(asked, 'gate.closed')).toEqual([]);
    await engine.decide(asked, 'data-protection', 'chi');
    expect(await engine.handle(asked).result()).toMatchObject({ state: 'ended', outcome: 'done' });
    const { historyLength } = await engine.handle(asked).describe();
    expect(historyLength).toBeLessThan(100);
  });
});
