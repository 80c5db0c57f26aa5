import { randomBytes, randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type TemporalServer, temporalServer } from '../../sandbox/stack/temporal.js';
import type { GatePolicy } from '../../src/domain/manifest.js';
import { SIGNAL } from '../../src/domain/messages.js';
import { CodecKeys } from '../../src/security/codec-keys.js';
import { createDataConverter } from '../../src/security/data-converter.js';
import { type FreshLedger, freshLedger } from '../ledger/fresh-ledger.js';
import { workflowBundle } from '../support/stack.js';
import { type Asked, Engine } from './engine.js';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });
Runtime.install({ logger: new DefaultLogger('ERROR') });

/** Events after which the server suggests a new run: its default is 4,096. */
const SUGGESTED_AFTER = 60;
const gate = (name: string, group: string): GatePolicy => ({
  name,
  approvers: { group, need: 1 },
  evidence: [],
  after: [],
});

/** A long life goes on in new runs: nothing that was decided, commanded or counted is lost at the seam. */
describe('continuing as new', () => {
  let server: TemporalServer;
  let connections: { readonly client: Connection; readonly worker: NativeConnection };
  let ledger: FreshLedger;
  let engine: Engine;

  beforeAll(async () => {
    server = await temporalServer({
      own: true,
      dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': SUGGESTED_AFTER },
    });
    const { address } = server;
    connections = {
      client: await Connection.connect({ address }),
      worker: await NativeConnection.connect({ address }),
    };
    const namespace = 'default';
    const keys = CodecKeys.of({ current: 'k1', keys: { k1: randomBytes(32).toString('base64') } });
    const dataConverter = createDataConverter({ keys, namespace });
    ledger = await freshLedger();
    engine = await Engine.start({
      client: new Client({ connection: connections.client, namespace, dataConverter }),
      connection: connections.worker,
      namespace,
      dataConverter,
      workflowBundle: await workflowBundle(),
      ledger,
    });
  });

  afterAll(async () => {
    await engine?.close();
    await ledger?.close();
    await connections?.worker.close();
    await connections?.client.close();
    await server?.dispose();
  });

  const runOf = async (asked: Asked): Promise<string> => (await engine.handle(asked).describe()).runId;
  const until = (look: () => unknown, expected: unknown): Promise<void> =>
    expect.poll(look, { timeout: 60_000, interval: 50 }).toEqual(expected);
  const alarms = async (asked: Asked, name: string): Promise<number> =>
    (await engine.entries(asked, 'alarm.raised'))
      .filter(({ body }) => body.alarm === name)
      .reduce((sum, { body }) => sum + body.count, 0);

  /** Somebody sends messages that tell of nothing the ledger knows, until the run is another one. */
  async function floodUntilNewRun(asked: Asked): Promise<number> {
    const first = await runOf(asked);
    let sent = 0;
    while ((await runOf(asked)) === first) {
      const jtis = Array.from({ length: 10 }, () => randomUUID());
      await Promise.all(
        jtis.map((jti) => engine.handle(asked).signal(SIGNAL.decision, { jti, envelope: 'x' })),
      );
      sent += jtis.length;
    }
    return sent;
  }

  it('keeps waiting at the gates; every message is counted, decisions of the first run stand', async () => {
    const asked = await engine.ask({
      gates: [gate('procurement', 'procurement'), gate('data-protection', 'dpo')],
    });
    await until(async () => (await engine.entries(asked, 'gate.opened')).length, 2);
    await engine.decide(asked, 'procurement', 'ben');
    await until(async () => (await engine.entries(asked, 'gate.closed')).length, 1);

    const sent = (await floodUntilNewRun(asked)) + (await floodUntilNewRun(asked));
    const counted = async () =>
      (await alarms(asked, 'decision-not-in-ledger')) + (await alarms(asked, 'message-flood'));
    await until(counted, sent);
    expect((await engine.entries(asked, 'gate.opened')).length).toBe(2);
    expect(await engine.entries(asked, 'effect.reserved')).toEqual([]);

    await engine.decide(asked, 'data-protection', 'chi');
    expect(await engine.handle(asked).result()).toMatchObject({ state: 'ended', outcome: 'done' });
    // one notice for each gate, whatever the number of runs
    expect(engine.systems.notices.filter(({ requestId }) => requestId === asked.requestId)).toHaveLength(2);
  });

  it('in the middle of a rollout: what is done, skipped or failed stays so, and a pause holds', async () => {
    const clusters = ['harbour-11', 'harbour-12', 'harbour-13', 'harbour-14'];
    const [done, failed, skipped, last] = clusters.map((name) => `${name}/dev`);
    if (!done || !failed || !skipped || !last) throw new Error('four clusters');
    engine.systems.fail(failed, 'environment');
    const letGo = engine.systems.hold(done, 'organisation');
    const asked = await engine.ask({ clusters, gates: [gate('procurement', 'procurement')], maxInFlight: 2 });
    await until(async () => (await engine.entries(asked, 'gate.opened')).length, 1);
    await engine.decide(asked, 'procurement', 'ben');
    await until(async () => (await engine.entries(asked, 'effect.reserved')).length > 1, true);
    expect(await engine.command(asked, 'pause')).toMatchObject({ accepted: true });
    expect(await engine.command(asked, 'skip', [skipped])).toMatchObject({ accepted: true });
    letGo();
    await until(async () => (await engine.entries(asked, 'target.ended')).length, 2);

    await floodUntilNewRun(asked);
    const made = new Map(engine.systems.made);
    await until(async () => engine.progress(asked), {
      paused: true,
      targets: { [done]: 'done', [failed]: 'failed', [skipped]: 'skipped', [last]: 'pending' },
    });
    expect(engine.systems.made).toEqual(made);

    // a new run reads the ledger first: it may have obeyed, and be over, before it is told
    const answer = await engine.command(asked, 'retry', [failed]);
    if (answer !== undefined) expect(answer).toMatchObject({ accepted: true });
    expect(await engine.handle(asked).result()).toMatchObject({ state: 'ended', outcome: 'done' });
    const ends = (await engine.entries(asked, 'target.ended')).map(
      ({ body }) => `${body.target} ${body.outcome}`,
    );
    expect(ends.sort()).toEqual(
      [`${done} done`, `${failed} done`, `${failed} failed`, `${last} done`, `${skipped} skipped`].sort(),
    );
    // a retry looks at every step again; the others were never touched again
    const untouched = [...engine.systems.made].filter(
      ([key]) => key.startsWith(done) || key.startsWith(last),
    );
    expect(untouched.map(([, times]) => times)).toEqual(Array(10).fill(1));
    expect([...engine.systems.made.keys()].filter((key) => key.startsWith(skipped))).toEqual([]);
  });

  it('between a retry in the ledger and its news: the pause ends, and the retry is obeyed once', async () => {
    const failed = 'harbour-21/dev';
    engine.systems.fail(failed, 'environment');
    const asked = await engine.ask({ clusters: ['harbour-21'], gates: [gate('procurement', 'procurement')] });
    await until(async () => (await engine.entries(asked, 'gate.opened')).length, 1);
    await engine.decide(asked, 'procurement', 'ben');
    await until(async () => (await engine.entries(asked, 'target.ended')).length, 1);
    expect(await engine.command(asked, 'pause')).toMatchObject({ accepted: true });

    const letGo = engine.systems.hold(failed, 'organisation');
    const given = await engine.give(asked, 'retry', [failed]);
    await floodUntilNewRun(asked);
    await until(async () => engine.progress(asked), { paused: false, targets: { [failed]: 'running' } });
    expect(await engine.deliver(asked, 'retry', given)).toMatchObject({ accepted: true });
    letGo();
    expect(await engine.handle(asked).result()).toMatchObject({ state: 'ended', outcome: 'done' });
    const ends = (await engine.entries(asked, 'target.ended')).map(({ body }) => body.outcome);
    expect(ends).toEqual(['failed', 'done']);
  });
});
