/** Attacks with messages: unreadable ones, floods, commands that nobody gave. */

import { readFileSync } from 'node:fs';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { beforeAll, describe, expect, it } from 'vitest';
import { entriesOfType } from '../../../src/domain/record.js';
import type { Bait, Scene } from '../scene.js';

/** More than the server keeps for one run (its default is 10,000). */
const FLOOD = 10_001;
const FLOOD_AT_ONCE = 100;
/** A minute on a quiet machine, and several on one that does other things too. */
const FLOOD_LIMIT_MS = 600_000;
/**
 * Node gives up at a heap of 2 GB on a small machine, and with it would go every run of the worker. The flood was seen to take
 * it from 0.4 to 0.9 GB, most of that garbage that nobody has collected yet.
 */
const MEMORY_LIMIT_KB = 1_500_000;

const bytes = (text: string): Uint8Array => Buffer.from(text);
const GARBAGE: Readonly<Record<string, readonly Payload[]>> = {
  'no payload': [],
  'a payload without anything': [{}],
  'broken JSON': [{ metadata: { encoding: bytes('json/plain') }, data: bytes('{"jti":') }],
  'an unknown encoding': [{ metadata: { encoding: bytes('binary/nonsense') }, data: bytes('?') }],
  'garbage in place of a ciphertext': [
    { metadata: { encoding: bytes('binary/encrypted'), 'encryption-key-id': bytes('k1') }, data: bytes('?') },
  ],
  'values that are no news': [defaultPayloadConverter.toPayload({ jti: { $ne: null }, envelope: [] })],
};

export function messageCases(scene: () => Scene): void {
  describe('messages that cannot be read', () => {
    let bait: Bait;
    beforeAll(async () => {
      bait = await scene().askAndOpen();
    });

    for (const [name, payloads] of Object.entries(GARBAGE)) {
      it(`a signal with ${name} is counted and dropped`, async () => {
        const mark = await scene().mark();
        await scene().attacker.signalRaw(bait.fleetId, payloads);
        await scene().expectAlarmAndNoEffect(mark, 'undecodable-message', bait);
      });
    }

    it('a signal of a name that nobody knows is counted and dropped', async () => {
      const mark = await scene().mark();
      await scene().attacker.signal(bait.fleetId, { approve: true }, 'approveEverything');
      await scene().expectAlarmAndNoEffect(mark, 'undecodable-message', bait);
    });

    it('a signal of a name that the SDK keeps for itself stops nothing', async () => {
      const mark = await scene().mark();
      await scene().attacker.signal(bait.fleetId, { stop: true }, '__temporal_x');
      await scene().expectAlarmAndNoEffect(mark, 'undecodable-message', bait);
      // the run goes on: it takes a command
      await scene().api.call('olga', 'POST', `/v1/requests/${bait.requestId}/pause`, {});
      await scene().api.call('olga', 'POST', `/v1/requests/${bait.requestId}/resume`, {});
      expect((await scene().api.status(bait.requestId)).status).toBe('waiting');
    });

    it('an update with garbage is refused and counted', async () => {
      const mark = await scene().mark();
      const handle = scene().attacker.client.workflow.getHandle(bait.fleetId);
      await handle.executeUpdate('cancel', { args: [['garbage', { '\u0000': -1 }]] }).catch(() => undefined);
      await scene().expectAlarmAndNoEffect(mark, 'undecodable-message', bait);
      expect((await scene().api.status(bait.requestId)).status).toBe('waiting');
    });

    it('a query with garbage changes nothing, and the run lives on', async () => {
      const mark = await scene().mark();
      const handle = scene().attacker.client.workflow.getHandle(bait.fleetId);
      // it is answered, and he cannot read the answer
      await expect(handle.query('progress', 'garbage', { gates: 'passed' })).rejects.toThrow(
        /binary\/encrypted/,
      );
      await handle.query('noSuchQuery', 1).catch(() => undefined);
      expect((await handle.describe()).status.name).toBe('RUNNING');
      expect(await scene().effectsSince(mark)).toEqual([]);
    });

    it('after all of it the request is decided as ever', async () => {
      await scene().approveProcurement(bait);
      await scene().api.decide('chi', bait.requestId, 'data-protection', 'reject');
      const status = await scene().api.until(bait.requestId, ({ endedAt }) => endedAt !== undefined);
      expect(status.status).toBe('rejected');
    });
  });

  for (const type of ['fleetOnboarding', 'clusterOnboarding']) {
    it(`${type} started with garbage fails at once`, async () => {
      const mark = await scene().mark();
      const handle = await scene().attacker.startByHand(type, `garbage/${type}`, 'garbage', { requestId: 1 });
      await expect(handle.result()).rejects.toThrow();
      await scene().expectAlarmAndNoEffect(mark, 'undecodable-message', null, new RegExp(`garbage/${type}`));
    });
  }

  it(
    `${FLOOD} signals: the run survives, and a real decision still gets through`,
    async () => {
      const { attacker } = scene();
      const bait = await scene().askAndOpen();
      const mark = await scene().mark();
      for (let sent = 0; sent < FLOOD; sent += FLOOD_AT_ONCE) {
        const wave = Array.from({ length: Math.min(FLOOD_AT_ONCE, FLOOD - sent) }, (_, index) =>
          attacker.signal(bait.fleetId, { jti: `flood-${sent + index}`, envelope: 'x' }),
        );
        // a full run refuses more, which is the server's own protection
        await Promise.allSettled(wave);
      }
      await scene().expectAlarmAndNoEffect(mark, 'decision-not-in-ledger', bait);
      expect(memoryOf(scene().worker('workflows').pid)).toBeLessThan(MEMORY_LIMIT_KB);

      const afterFlood = await scene().mark();
      await scene().approve(bait);
      await scene().expectDoneOnce(afterFlood, bait);
      const counted = entriesOfType(await scene().entriesSince(mark), 'alarm.raised').reduce(
        (sum, { body }) => sum + body.count,
        0,
      );
      // nothing of it was lost without a trace, but what the server itself refused
      expect(counted).toBeGreaterThan(FLOOD * 0.9);
    },
    FLOOD_LIMIT_MS,
  );

  describe('commands that nobody gave', () => {
    for (const command of ['pause', 'resume', 'retry', 'skip', 'cancel']) {
      it(`a raw update ${command} is refused`, async () => {
        const bait = await shared();
        const mark = await scene().mark();
        const handle = scene().attacker.client.workflow.getHandle(bait.fleetId);
        const answer = handle.executeUpdate(command, {
          args: [{ commandId: `raw-${command}`, targets: [bait.target] }],
        });
        await answer.catch(() => undefined);
        await scene().expectAlarmAndNoEffect(mark, 'command-not-in-ledger', bait, new RegExp(command));
        expect((await scene().api.status(bait.requestId)).status).toBe('waiting');
      });
    }

    it('the id of a real command does not carry another one', async () => {
      const bait = await shared();
      const mark = await scene().mark();
      await scene().api.call('olga', 'POST', `/v1/requests/${bait.requestId}/pause`, undefined, {
        'idempotency-key': 'pause-1',
      });
      const [given] = entriesOfType(await scene().entriesSince(mark), 'command.given');
      const handle = scene().attacker.client.workflow.getHandle(bait.fleetId);
      const answer = handle.executeUpdate('cancel', {
        args: [{ commandId: given?.body.commandId, targets: [] }],
      });
      await answer.catch(() => undefined);
      await scene().expectAlarmAndNoEffect(mark, 'command-not-in-ledger', bait, /cancel/);
      expect((await scene().api.status(bait.requestId)).endedAt).toBeUndefined();
    });

    it('a skip that is forged into the ledger activity is not believed', async () => {
      const bait = await shared();
      const mark = await scene().mark();
      const outcomes = await scene().attacker.attempt({
        queue: 'gatehouse-ledger',
        activities: [
          {
            name: 'closeTarget',
            input: { requestId: bait.requestId, target: bait.target, outcome: 'skipped' },
          },
        ],
      });
      expect(outcomes).toEqual(['EffectRefused']);
      await scene().expectAlarmAndNoEffect(mark, 'result-contradicts-ledger', bait, /a command to skip/);
    });

    let kept: Bait | undefined;
    const shared = async (): Promise<Bait> => {
      kept ??= await scene().askAndOpen();
      return kept;
    };
  });
}

function memoryOf(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1]);
}
