import { describe, expect, it } from 'vitest';
import type { PlaceState, PromotionState, Status } from '../../src/cli/api/answers.js';
import { COLOURED, PLAIN } from '../../src/cli/output/style.js';
import { widthOf } from '../../src/cli/output/text.js';
import { changeLines } from '../../src/cli/status/change-lines.js';
import { watchFrame } from '../../src/cli/status/watch-frame.js';
import { at, NOW, PROCUREMENT, SOFT_DELETED, status, target } from './statuses.js';

function place(name: string, step: string, changes: Partial<PlaceState> = {}): PlaceState {
  return {
    place: `basket/prd/${name}`,
    step,
    since: at(40_000),
    deliveries: [{ name: 'basket-prd', kind: 'flux', cluster: 'harbour-02' }],
    ...changes,
  };
}

function promotion(places: readonly PlaceState[], changes: Partial<PromotionState> = {}): PromotionState {
  return {
    application: 'basket',
    environment: 'prd',
    from: 'stg',
    release: 'basket@sha256:9f31c2e4a7b8',
    isRollingBack: false,
    isRolledBack: false,
    places: [...places],
    ...changes,
  };
}

function promoting(of: PromotionState, changes: Partial<Status> = {}): Status {
  return status({
    kind: 'Promotion',
    workflowId: 'promotion/basket/prd',
    promotion: of,
    targets: of.places.map((one) => target(one.place, one.step === 'proven' ? 'done' : 'running')),
    ...changes,
  });
}

const frame = (of: Status, changes: Partial<Parameters<typeof watchFrame>[1]> = {}): readonly string[] =>
  watchFrame(of, { width: 110, height: 30, nowMs: NOW, readAtMs: NOW, tick: 0, style: PLAIN, ...changes });

describe('a watched promotion', () => {
  it('shows what goes where, how far each place is, why it waits, who can change that and what is next', () => {
    const places = [
      place('north', 'proven', { mergeRequest: { name: '!41', url: 'https://gitlab.example.com/41' } }),
      place('south', 'delivering', { mergeRequest: { name: '!42' } }),
      place('west', 'pending'),
    ];
    const record = { name: 'CHG0031415', url: 'https://servicenow.example.com/CHG0031415' };
    const lines = frame(
      promoting(promotion(places, { exception: 'hotfix', risk: 'high', changeRecord: record }), {
        gates: [{ ...PROCUREMENT, gate: 'owner', state: 'passed', approvals: 1, closedAt: at(0) }],
        waitingFor: [
          {
            condition: 'basket/prd/south: merged, not proven to run yet: Flux on harbour-02',
            sinceMs: 40_000,
            who: 'the controller',
            next: 'the checks, then the soak',
          },
        ],
      }),
    );
    expect(lines).toEqual([
      'req-7k2m  RUNNING  promotion/basket/prd  waited 31d · worked 38m',
      '',
      'basket: stg → prd  basket@sha256:9f31c2e4a7b8  hotfix, high risk',
      'change record CHG0031415 https://servicenow.example.com/CHG0031415',
      '',
      '✓ owner  1 of 1  passed after 3d',
      '',
      '                  merge  deliver  check  soak  proven',
      'basket/prd/north  ●      ●        ●      ●     ●       proven          !41',
      'basket/prd/south  ●      ⠋        ○      ○     ○       delivering 40s  !42',
      'basket/prd/west   ○      ○        ○      ○     ○       pending 40s',
      '',
      '◔ basket/prd/south: merged, not proven to run yet: Flux on harbour-02 (40s)',
      '  who can change that: the controller; next: the checks, then the soak',
    ]);
  });

  it('shows the way back, and what failed', () => {
    const back = frame(
      promoting(
        promotion([place('north', 'reverting'), place('south', 'reverted')], { isRollingBack: true }),
        {
          status: 'rolling-back',
        },
      ),
    );
    expect(back[0]).toContain('ROLLING BACK');
    expect(back).toContain('basket/prd/north  ⠋       ○             reverting 40s');
    expect(back).toContain('basket/prd/south  ●       ●             reverted');
    const failed = frame(
      promoting(promotion([place('north', 'delivering')]), {
        status: 'attention',
        targets: [target('basket/prd/north', 'failed', { failure: SOFT_DELETED })],
      }),
    );
    expect(failed).toContain('basket/prd/north  ●      ✗        ○      ○     ○       failed');
    expect(failed).toContain('  gatehouse retry req-7k2m --place basket/prd/north');
  });

  it.each([
    [80, 24],
    [40, 12],
    [200, 10],
  ])('never is larger than a terminal of %i by %i', (width, height) => {
    const places = Array.from({ length: 60 }, (_, index) => place(`place-${index}`, 'soaking'));
    const waitingFor = places.map((one) => ({
      condition: `${one.place}: it runs and soaks until 2027-01-20T08:30:00.000Z, which is a long text`,
      sinceMs: 1_000,
      who: 'nobody',
      next: 'one more look, then it counts as proven',
    }));
    for (const style of [PLAIN, COLOURED]) {
      const lines = frame(promoting(promotion(places), { waitingFor }), { width, height, style });
      expect(lines.length).toBeLessThan(height);
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
    }
  });

  it('lets no words of others steer the terminal', () => {
    const hostile = 'x\u001b[2J\r\n\u202e';
    const lines = frame(
      promoting(
        promotion([place('north', 'waiting', { mergeRequest: { name: hostile } })], { release: hostile }),
        {
          waitingFor: [{ condition: hostile, sinceMs: 0, who: hostile, next: hostile }],
        },
      ),
    );
    expect(lines.join('')).not.toMatch(/[\p{Cc}\u202e]/u);
  });
});

it('tells in lines when a place comes further', () => {
  const before = promoting(promotion([place('north', 'merging'), place('south', 'pending')]));
  const merged = place('north', 'delivering', {
    mergeRequest: { name: '!42', url: 'https://gitlab.example.com/42' },
  });
  const now = promoting(promotion([merged, place('south', 'pending')]));
  expect(changeLines(before, now)).toEqual([
    'req-7k2m  basket/prd/north  delivering  https://gitlab.example.com/42',
  ]);
  expect(changeLines(now, now)).toEqual([]);
});
