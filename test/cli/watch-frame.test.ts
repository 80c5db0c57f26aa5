import { describe, expect, it } from 'vitest';
import type { Status } from '../../src/cli/api/answers.js';
import { COLOURED, PLAIN } from '../../src/cli/output/style.js';
import { widthOf } from '../../src/cli/output/text.js';
import { watchFrame } from '../../src/cli/status/watch-frame.js';
import { at, NOW, nearlyDone, PROCUREMENT, status, target } from './statuses.js';

const frame = (of: Status, changes: Partial<Parameters<typeof watchFrame>[1]> = {}): readonly string[] =>
  watchFrame(of, { width: 100, height: 40, nowMs: NOW, readAtMs: NOW, tick: 0, style: PLAIN, ...changes });

const fleet = (count: number, state: (index: number) => string): Status =>
  status({
    targets: Array.from({ length: count }, (_, index) => {
      const name = `harbour-${String(index + 1).padStart(4, '0')}/prod`;
      return target(name, state(index), state(index) === 'running' ? { lastStep: 'invites' } : {});
    }),
  });

describe('the watched picture', () => {
  it('has header, bar, gates, one cell per cluster and what to do about failures', () => {
    const passed = { ...PROCUREMENT, state: 'passed', approvals: 1, closedAt: at(0) };
    const lines = frame(nearlyDone({ gates: [passed] }));
    expect(lines[0]).toBe('req-7k2m  FAILED  fleet/otterize/otterize  waited 31d · worked 38m');
    expect(lines[2]).toBe(`${'█'.repeat(40)}  24 of 25 done  1 failed`);
    expect(lines[4]).toBe('✓ procurement  1 of 1  passed after 3d');
    expect(lines.join('\n')).toContain('✗ harbour-09/prod  failed');
    for (let index = 1; index <= 25; index += 1) {
      expect(lines.join('\n')).toContain(`harbour-${String(index).padStart(2, '0')}/prod`);
    }
    expect(lines).toContain('✗ harbour-09/prod  Key Vault: secret is soft-deleted. Recover or purge it.');
    expect(lines).toContain('  gatehouse retry req-7k2m --cluster harbour-09/prod');
  });

  it('uses as many columns as fit', () => {
    const rows = (width: number): number =>
      frame(nearlyDone(), { width }).filter((line) => /^[✓✗] harbour-\d+\/prod {2}(?:\+8|failed)/.test(line))
        .length;
    expect(rows(40)).toBe(25);
    expect(rows(80)).toBe(13);
    expect(rows(120)).toBe(9);
  });

  it.each([
    [80, 24],
    [120, 40],
    [40, 12],
    [300, 10],
  ])('never is larger than a terminal of %i by %i, whatever the fleet', (width, height) => {
    for (const style of [PLAIN, COLOURED]) {
      const states = ['done', 'failed', 'running', 'pending'];
      const lines = frame(
        fleet(1_000, (index) => states[index % 4] ?? 'done'),
        { width, height, style },
      );
      expect(lines.length).toBeLessThan(height);
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
    }
  });

  it('shows failed and running clusters first when not all fit', () => {
    const lines = frame(
      fleet(500, (index) => (index === 400 ? 'failed' : index === 450 ? 'running' : 'done')),
      { height: 14 },
    );
    const text = lines.join('\n');
    expect(text).toContain('✗ harbour-0401/prod  failed');
    expect(text).toContain('⠋ harbour-0451/prod  invites');
    expect(text).toMatch(/… and \d+ more/);
  });

  it('lets the time of waiting or of working grow between two answers, never both', () => {
    const later = { nowMs: NOW + 120_000 };
    const times = { waitedMs: 60_000, workedMs: 60_000 };
    expect(frame(status({ times }), later)[0]).toContain('waited 60s · worked 3m');
    expect(frame(status({ times, status: 'waiting' }), later)[0]).toContain('waited 3m · worked 60s');
    expect(frame(status({ times, endedAt: at(0) }), later)[0]).toContain('waited 60s · worked 60s');
  });

  it('keeps columns where they are while steps change', () => {
    const place = (step: string): number | undefined => {
      const [first, second] = fleet(2, () => 'running').targets;
      if (first === undefined || second === undefined) throw new Error('no targets');
      const of = status({ targets: [{ ...first, lastStep: step }, second] });
      return frame(of, { height: 40 })
        .find((line) => line.includes('0002'))
        ?.indexOf('harbour-0002');
    };
    expect(place('values')).toBeGreaterThan(0);
    expect(place('a-step-with-a-very-long-name')).toBe(place('values'));
  });

  it('turns the wheel of running clusters', () => {
    const running = fleet(1, () => 'running');
    expect(frame(running, { tick: 0 })).not.toEqual(frame(running, { tick: 1 }));
  });

  it('fills the bar with what is done, failed and running', () => {
    const states = ['done', 'done', 'failed', 'running'];
    const bar = frame(fleet(4, (index) => states[index] ?? 'done'))[2];
    expect(bar).toBe(`${'█'.repeat(30)}${'▒'.repeat(10)}  2 of 4 done  1 running  1 failed`);
  });

  it('says when no news comes', () => {
    expect(frame(status(), { trouble: 'No news. Trying again.' })).toContain('No news. Trying again.');
  });
});
