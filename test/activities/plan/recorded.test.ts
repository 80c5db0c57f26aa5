import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planOnce, recordUnlessThere, verifiedRecord } from '../../../src/activities/plan/recorded.js';
import type { PromotionRequest } from '../../../src/domain/request.js';
import { PromotionStage } from '../promotion-stage.js';

const NOTHING_TO_DO = { targets: [], beneficiary: '' } as const;

describe('plans in the ledger', () => {
  let stage: PromotionStage;

  beforeAll(async () => {
    stage = await PromotionStage.open();
  });
  afterAll(() => stage?.close());

  const deps = () => ({ ledger: stage.ledger.worker, authority: stage.authority });
  const inRunOf = <T>(request: PromotionRequest, activity: () => Promise<T>): Promise<T> =>
    stage.run(activity, undefined, request.workflowId);

  it('are recorded once, also when an attempt that was given up is still at work', async () => {
    const request = await stage.accept();
    const { requestId } = request;
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const late = inRunOf(request, () =>
      planOnce(deps(), requestId, async () => {
        await released;
        return NOTHING_TO_DO;
      }),
    );
    const first = await inRunOf(request, () => planOnce(deps(), requestId, async () => NOTHING_TO_DO));
    release();
    expect(await late).toEqual(first);
    const plans = (await stage.entries(requestId)).filter(({ type }) => type === 'plan.recorded');
    expect(plans).toHaveLength(1);
  });

  it('refuse what is recorded under no epoch that follows', async () => {
    const request = await stage.accept();
    const record = await inRunOf(request, () => verifiedRecord(deps(), request.requestId));
    await expect(inRunOf(request, () => recordUnlessThere(deps(), record, NOTHING_TO_DO, 3))).rejects.toThrow(
      /epoch/,
    );
  });
});
