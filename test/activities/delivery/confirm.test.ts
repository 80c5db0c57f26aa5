import { expect, it } from 'vitest';
import { verdictOf } from '../../../src/activities/delivery/confirm.js';
import type { Look } from '../../../src/delivery/look.js';

function waiting(clause: string, message = 'as it is'): Look {
  return { state: 'waiting', clause, message };
}

function failed(clause: string): Look {
  return { state: 'failed', clause, message: 'as it is', remedy: 'Do this.' };
}

it.each<[Look, 'holds' | 'regressed' | 'unclear']>([
  [{ state: 'proven', evidence: {} }, 'holds'],
  // another version, or not what Git says
  [waiting('other-revision'), 'regressed'],
  [waiting('out-of-sync'), 'regressed'],
  [waiting('sync-window'), 'regressed'],
  [waiting('source-behind'), 'regressed'],
  [waiting('spec-behind'), 'regressed'],
  [waiting('other-version'), 'regressed'],
  [waiting('other-image'), 'regressed'],
  [waiting('not-healthy', 'it is synced, its health is Degraded'), 'regressed'],
  [waiting('not-healthy', 'it is synced, its health is Missing'), 'regressed'],
  [failed('superseded'), 'regressed'],
  [failed('other-image'), 'regressed'],
  [failed('degraded'), 'regressed'],
  [failed('stays-out-of-sync'), 'regressed'],
  [failed('application-missing'), 'regressed'],
  [failed('progress-deadline-exceeded'), 'regressed'],
  [failed('rolled-back'), 'regressed'],
  [failed('sync-failed'), 'regressed'],
  // on its way, or nothing is said of what runs
  [waiting('not-healthy', 'it is synced, its health is Progressing'), 'unclear'],
  [waiting('refresh-pending'), 'unclear'],
  [waiting('compared-too-early'), 'unclear'],
  [waiting('operation-running'), 'unclear'],
  [waiting('rolling-out'), 'unclear'],
  [waiting('settling'), 'unclear'],
  [waiting('comparison-error'), 'unclear'],
  [waiting('reconcile-pending'), 'unclear'],
  [failed('comparison-error'), 'unclear'],
  [failed('source-failing'), 'unclear'],
  [failed('kustomization-suspended'), 'unclear'],
  [failed('reconcile-skipped'), 'unclear'],
])('the last look %j is %s', (look, verdict) => {
  expect(verdictOf(look, true)).toBe(verdict);
});

it.each<[Look, 'holds' | 'regressed' | 'unclear']>([
  [{ state: 'proven', evidence: {} }, 'holds'],
  [waiting('out-of-sync'), 'unclear'],
  [waiting('other-revision'), 'unclear'],
  [waiting('not-healthy', 'it is synced, its health is Degraded'), 'unclear'],
  [failed('superseded'), 'regressed'],
])('a look before the last %j is %s', (look, verdict) => {
  expect(verdictOf(look, false)).toBe(verdict);
});
