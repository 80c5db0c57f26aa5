import { describe, expect, it } from 'vitest';
import { PLAIN } from '../../src/cli/output/style.js';
import { estimateSeconds, roughly } from '../../src/cli/plan/estimate.js';
import { planLines } from '../../src/cli/plan/render-plan.js';
import type { PlannedEffect, TargetPlan } from '../../src/domain/plan.js';

function effect(
  object: string,
  action: PlannedEffect['action'],
  count: number,
  changes: Partial<PlannedEffect> = {},
): PlannedEffect {
  return { key: `k:${object}`, system: 'otterize', object, action, count, detail: object, ...changes };
}

const target = (
  name: string,
  effects: readonly PlannedEffect[],
  notes: readonly string[] = [],
): TargetPlan => ({
  target: name,
  effects,
  invitees: [],
  notes,
});

const unchanged = target('harbour-01/dev', [
  effect('organisation', 'unchanged', 0),
  effect('values', 'unchanged', 0),
]);
const fresh = target('harbour-02/prod', [
  effect('organisation', 'create', 1, { irreversible: 'an organisation cannot be deleted later' }),
  effect('invites', 'create', 3),
  effect('environment', 'create', 1),
  effect('integration', 'create', 1),
  effect('secrets', 'create', 2),
  effect('values', 'change', 1, { system: 'gitlab', detail: 'harbour-02/prod/otterize.yaml' }),
]);
const shown = (targets: readonly TargetPlan[], width = 10_000): readonly string[] =>
  planLines({ targets, maxInFlight: 10, gates: ['procurement', 'data-protection'] }, PLAIN, width);

describe('a plan', () => {
  it('reads as designed', () => {
    expect(shown([unchanged, fresh])).toEqual([
      'harbour-01/dev   unchanged',
      'harbour-02/prod  + organisation, environment, integration, 2 secrets, 3 invites',
      '                 ~ harbour-02/prod/otterize.yaml',
      '                 ! organisation cannot be deleted later',
      'Plan: 8 to add, 1 to change, 0 to remove. About 40s. Gates: procurement, data-protection.',
    ]);
  });

  it('needs no gate when there is nothing to do', () => {
    expect(shown([unchanged]).at(-1)).toBe('Plan: 0 to add, 0 to change, 0 to remove. Nothing to do.');
  });

  it('shows conflicts with their remedy instead of a time', () => {
    const taken = effect('organisation', 'conflict', 1, {
      detail: 'the name is taken by org_9. Choose another name',
    });
    expect(shown([target('a/dev', [taken])])).toEqual([
      'a/dev  ! conflict: organisation: the name is taken by org_9. Choose another name',
      'Plan: 0 to add, 0 to change, 0 to remove. 1 conflict: a request would be refused until they are resolved.',
    ]);
  });

  it('counts what is adopted, changed in number, and single invites', () => {
    const lines = shown([
      target('a/dev', [
        effect('organisation', 'adopt', 1, { detail: 'adopt org_9, made by somebody else' }),
        effect('invites', 'create', 1),
        effect('secrets', 'change', 2, { detail: 'in kv-a-dev' }),
      ]),
    ]);
    expect(lines).toEqual([
      'a/dev  + 1 invite',
      '       ~ 2 secrets: in kv-a-dev',
      '       < organisation: adopt org_9, made by somebody else',
      'Plan: 1 to add, 2 to change, 1 to adopt, 0 to remove. About 35s. Gates: procurement, data-protection.',
    ]);
  });

  it('tells notes also of unchanged clusters, and breaks long ones', () => {
    const lines = shown(
      [target('a/dev', unchanged.effects, ['2 of group g have no mail address and are not invited'])],
      40,
    );
    expect(lines.slice(0, 3)).toEqual([
      'a/dev  unchanged',
      '       i 2 of group g have no mail',
      '         address and are not invited',
    ]);
  });
});

describe('the estimate', () => {
  it('is that of the slowest line of the pool', () => {
    const one = estimateSeconds([fresh], 10);
    expect(estimateSeconds([fresh, fresh, fresh], 3)).toBe(one);
    expect(estimateSeconds([fresh, fresh, fresh], 2)).toBe(2 * one);
    expect(estimateSeconds([unchanged], 1)).toBe(0);
  });

  it.each([
    [38, '40s'],
    [40, '40s'],
    [89, '90s'],
    [91, '2m'],
    [3_600, '1h'],
    [4_000, '1h 7m'],
  ])('%i s reads %s', (seconds, text) => {
    expect(roughly(seconds)).toBe(text);
  });
});
