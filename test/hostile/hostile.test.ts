/**
 * Whoever may write to the Temporal namespace, or has a valid token of the wrong person, gains no effect at any system, and
 * leaves an alarm or an audited refusal in the ledger. Real Temporal, real ledger, real API and workers.
 */
import { afterAll, beforeAll, describe } from 'vitest';
import { decisionCases } from './cases/decisions.js';
import { factCases } from './cases/facts.js';
import { messageCases } from './cases/messages.js';
import { positiveControl } from './cases/positive-control.js';
import { resultCases } from './cases/results.js';
import { rogueCases } from './cases/rogue-workers.js';
import { runCases } from './cases/runs.js';
import { Scene } from './scene.js';

let opened: Scene | undefined;
const scene = (): Scene => {
  if (opened === undefined) throw new Error('the scene is not open yet');
  return opened;
};

beforeAll(async () => {
  opened = await Scene.open();
}, 180_000);
afterAll(() => opened?.close(), 60_000);

describe('decisions', () => decisionCases(scene));
describe('results', () => resultCases(scene));
describe('messages', () => messageCases(scene));
describe('runs', () => runCases(scene));
describe('rogue workers', () => rogueCases(scene));
// these two are last: they take the guard away, and revoke the key of the API
describe('with a guard that always says yes', () => positiveControl(scene));
describe('what no longer permits an effect', () => factCases(scene));
