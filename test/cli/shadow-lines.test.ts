import { describe, expect, it } from 'vitest';
import { shadowLines } from '../../src/cli/status/shadow-lines.js';

const place = {
  place: 'shop/prod/prod',
  files: ['yaml/deployment.yaml'],
  deliveries: [{ name: 'shop-prod', outcome: 'pending' }],
};
const shadow = {
  gates: [{ gate: 'owner', group: 'shop-owners', need: 2 }],
  changeRecord: true,
  checks: ['smoke'],
  places: [place],
};

describe('a promotion in shadow, on the command line', () => {
  it('tells what would be done and what it waits for', () => {
    const held = { ...place, heldBy: 'the window stocktaking is closed' };
    expect(shadowLines({ ...shadow, places: [held] })).toEqual([
      'in shadow: nothing is changed, nobody is asked',
      'would ask 2 of group shop-owners (gate owner)',
      'would open a change record and wait until it is approved',
      'shop/prod/prod: would write yaml/deployment.yaml',
      'shop/prod/prod: would be held: the window stocktaking is closed',
      'shop/prod/prod: nobody has brought it by hand yet',
      'would run the checks smoke',
    ]);
  });

  it('tells how the delivery went, and hides what a terminal would obey', () => {
    const message = 'waited for other-revision 8 s\u001b[2J';
    const arrived = { commit: 'a'.repeat(40), at: '2026-11-20T08:00:00.000Z' };
    const deliveries = [{ name: 'shop-prod', outcome: 'failed', message }];
    const lines = shadowLines({ ...shadow, places: [{ ...place, arrived, deliveries }] });
    expect(lines).toContain('shop/prod/prod: brought by hand as aaaaaaaaaaaa at 2026-11-20T08:00:00.000Z');
    const told = lines.find((line) => line.includes('would have failed')) ?? '';
    expect(told).toContain('other-revision 8 s');
    expect(told).not.toContain('\u001b');
  });

  it('says so when there is nothing to do', () => {
    expect(shadowLines({ ...shadow, places: [] })).toEqual(['in shadow: nothing would be changed']);
  });
});
