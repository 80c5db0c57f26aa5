import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Checkpointer } from '../../src/api/checkpointer.js';
import { ProgressFeed } from '../../src/api/progress-feed.js';
import type { Checkpoint } from '../../src/ledger/ports.js';
import { verifyCheckpoint } from '../../src/security/attestation.js';
import { parseSigner } from '../../src/security/signer.js';
import { Gatehouse } from './gatehouse.js';

let gatehouse: Gatehouse;
const published: Checkpoint[] = [];
beforeAll(async () => {
  gatehouse = await Gatehouse.start();
});
afterAll(() => gatehouse.stop());

async function checkpointer(): Promise<Checkpointer> {
  const signer = await parseSigner(JSON.stringify(gatehouse.keys.signing.checkpoint));
  return new Checkpointer(
    gatehouse.ledger.api,
    signer,
    { warn: (facts) => expect(facts).toBeUndefined() },
    async (one) => {
      published.push(one);
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
    expect(published).toEqual([made]);
  });

  it('cover a request as soon as it has ended', async () => {
    const feed = new ProgressFeed(gatehouse.ledger.api);
    const signer = await checkpointer();
    signer.start(feed);
    const id = await gatehouse.ask('ending');
    await gatehouse.ledger.worker.endRequest(id, { outcome: 'cancelled', message: 'taken back' });
    const [ended] = await gatehouse.entries(id, 'request.ended');
    await expect.poll(() => gatehouse.ledger.api.checkpointCovering(ended?.seq ?? 0)).not.toBeNull();
    await signer.stop();
    await feed.close();
  });
});
