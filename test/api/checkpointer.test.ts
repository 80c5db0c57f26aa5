import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Checkpointer } from '../../src/api/checkpointer.js';
import { CHECKPOINTS } from '../../src/api/limits.js';
import { ProgressFeed } from '../../src/api/progress-feed.js';
import type { Checkpoint } from '../../src/ledger/ports.js';
import { verifyCheckpoint } from '../../src/security/attestation.js';
import { parseSigner } from '../../src/security/signer.js';
import { Gatehouse } from './gatehouse.js';

let gatehouse: Gatehouse;
const published: (readonly Checkpoint[])[] = [];
beforeAll(async () => {
  gatehouse = await Gatehouse.start();
});
afterAll(() => gatehouse.stop());

async function checkpointer(of = gatehouse): Promise<Checkpointer> {
  const signer = await parseSigner(JSON.stringify(of.keys.signing.checkpoint));
  return new Checkpointer(
    of.ledger.api,
    signer,
    { warn: (facts) => expect(facts).toBeUndefined() },
    async () => {
      published.push(await of.ledger.api.checkpoints(1));
    },
  );
}

describe('checkpoints', () => {
  it('sign the chain as it stands, and only when there is something new', async () => {
    const signer = await checkpointer();
    expect(await signer.sign()).toBeNull();
    await gatehouse.ask('checkpoint');
    const made = await signer.sign();
    const head = await gatehouse.ledger.api.head();
    expect(made).toMatchObject({ seq: head.seq, hash: head.hash });
    expect(await verifyCheckpoint(made?.envelope ?? '', gatehouse.deps.ring)).toMatchObject({
      seq: head.seq,
      hash: head.hash,
    });
    expect(await signer.sign()).toBeNull();
  });

  it('cover the evidence of what has ended in the answer itself, and leave open requests to the next occasion', async () => {
    const covering: { by?: Checkpointer } = {};
    const other = await Gatehouse.start({ coverEntry: async (seq) => covering.by?.cover(seq) });
    try {
      covering.by = await checkpointer(other);
      const id = await other.ask('evidence');
      const bundle = async () =>
        (await other.as('olga', 'GET', `/v1/requests/${id}/bundle`)).at('checkpoint');
      expect(await bundle()).toBeNull();
      await other.ledger.worker.endRequest(id, { outcome: 'cancelled', message: 'taken back' });
      const covered = await bundle();
      expect(covered).toMatchObject({ seq: (await other.ledger.api.head()).seq });
      expect(await bundle()).toEqual(covered);
    } finally {
      await other.stop();
    }
  });

  it('are signed every so many entries', async () => {
    const feed = new ProgressFeed(gatehouse.ledger.api);
    const signer = await checkpointer();
    signer.start(feed);
    await gatehouse.ask('many-entries');
    const { seq: before } = await gatehouse.ledger.api.head();
    for (let count = 0; count < CHECKPOINTS.everyEntries; count += 50) {
      await Promise.all(
        Array.from({ length: 50 }, () =>
          gatehouse.ledger.worker.raiseAlarm(null, { alarm: 'message-flood', detail: 'test', count: 1 }),
        ),
      );
    }
    await expect
      .poll(() => gatehouse.ledger.api.checkpointCovering(before + 1), { timeout: 30_000 })
      .not.toBeNull();
    await signer.stop();
    await feed.close();
  });

  it('cover a request as soon as it has ended', async () => {
    const feed = new ProgressFeed(gatehouse.ledger.api);
    const signer = await checkpointer();
    signer.start(feed);
    const id = await gatehouse.ask('ending');
    await gatehouse.ledger.worker.endRequest(id, { outcome: 'cancelled', message: 'taken back' });
    const [ended] = await gatehouse.entries(id, 'request.ended');
    await expect.poll(() => gatehouse.ledger.api.checkpointCovering(ended?.seq ?? 0)).not.toBeNull();
    await expect.poll(() => published.at(-1)?.[0]?.seq ?? 0).toBeGreaterThanOrEqual(ended?.seq ?? 0);
    await signer.stop();
    await feed.close();
  });
});
