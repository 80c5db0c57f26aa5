/** Each test is named after what went wrong with a wait that others use. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Accident } from '../../bench/accidents/accident.js';
import { ACCIDENTS } from '../../bench/accidents/all.js';
import { ARGOCD_ACCIDENTS } from '../../bench/accidents/argocd.js';
import { foolsSyncedAndHealthy } from '../../bench/accidents/naive.js';
import { Stage } from '../../bench/accidents/stage.js';
import { reportSystem } from '../support/report.js';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.open();
  reportSystem('kubernetes', 'stand-in');
});
afterEach(async () => {
  expect(await stage.control.violations()).toEqual([]);
});
afterAll(() => stage.close());

const CODES = { proven: 0, failed: 1, waiting: 3 } as const;

describe.each<[string, readonly Accident[]]>(Object.entries(ACCIDENTS))('%s', (_, accidents) => {
  it.each(accidents.map((accident) => [accident.name, accident] as const))('%s', async (_name, accident) => {
    const outcome = await stage.play(accident);
    expect(outcome).toMatchObject({
      code: CODES[accident.must],
      falseGreen: false,
      falseRed: false,
      slow: false,
    });
    if (accident.clause !== undefined)
      expect(JSON.stringify(outcome.last)).toContain(`"clause":"${accident.clause}"`);
  });
});

it('the accidents of Argo CD fool a wait for Synced and Healthy', () => {
  const fooled = ARGOCD_ACCIDENTS.filter((accident) => foolsSyncedAndHealthy(accident, stage.story));
  expect(fooled.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'the old revision is Synced and Healthy after the merge',
      'a PostSync hook failed, and the application is Synced and Healthy',
      'Git cannot be reached, and the old status looks current',
      'a later commit reverts ours, and the application is Synced and Healthy with it',
      'the workload asks for another digest than the release',
    ]),
  );
  expect(fooled.length).toBeGreaterThan(ARGOCD_ACCIDENTS.length / 3);
});
