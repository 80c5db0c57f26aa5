/**
 * Whoever may write to the Temporal namespace, or has a valid token of the wrong person, gains no effect at any system, and
 * leaves an alarm or an audited refusal in the ledger. Real Temporal, real ledger, real API and workers.
 */
import { afterAll, beforeAll, describe, vi } from 'vitest';
import { decisionCases } from './cases/decisions.js';
import { factCases } from './cases/facts.js';
import { messageCases } from './cases/messages.js';
import { positiveControl } from './cases/positive-control.js';
import { resultCases } from './cases/results.js';
import { rogueCases } from './cases/rogue-workers.js';
import { runCases } from './cases/runs.js';
import { Scene } from './scene.js';

/** Workers are stopped and started within a test, and a busy machine takes its time for that: only a hang meets this. */
const LIMIT_MS = 240_000;
vi.setConfig({ testTimeout: LIMIT_MS, hookTimeout: LIMIT_MS });

let opened: Scene | undefined;
const scene = (): Scene => {
  if (opened === undefined) throw new Error('the scene is not open yet');
  return opened;
};

beforeAll(async () => {
  opened = await Scene.open();
});
afterAll(() => opened?.close());

describe('decisions', () => decisionCases(scene));
describe('results', () => resultCases(scene));
describe('messages', () => messageCases(scene));
describe('runs', () => runCases(scene));
describe('rogue workers', () => rogueCases(scene));
// these two are last: they take the guard away, and revoke the key of the API
describe('with a guard that always says yes', () => positiveControl(scene));
describe('what no longer permits an effect', () => factCases(scene));
