/**
 * Fleets on one whole installation, one after the other, each with clusters of its own: they go well, are held up, stopped,
 * revoked and refused. No part of it is ended here; what ends parts has an installation of its own.
 */
import { afterAll, beforeAll, describe, vi } from 'vitest';
import { startGatehouse } from '../../sandbox/stack/gatehouse.js';
import { sharedParts } from '../support/stack.js';
import { Fleets, WEATHER_MS } from '../weather/fleets.js';
import { badInputCases } from './fleets/bad-input.js';
import { onboardingCases } from './fleets/onboarding.js';
import { planningCases } from './fleets/planning.js';
import { requestLifeCases } from './fleets/request-life.js';
import { FLEETS } from './fleets/writes.js';

vi.setConfig({ testTimeout: WEATHER_MS, hookTimeout: WEATHER_MS });

/** Enough for all of them together. */
const CLUSTERS = 30;

let opened: Fleets | undefined;
const fleets = (): Fleets => {
  if (opened === undefined) throw new Error('the installation is not open yet');
  return opened;
};

beforeAll(async () => {
  const stack = await startGatehouse({
    clusters: CLUSTERS,
    ...(await sharedParts('fleets')),
    installation: {
      timing: 'brisk',
      stabilisationMs: 0,
      checkpoints: { project: FLEETS, branch: 'main', folder: 'checkpoints' },
    },
  });
  opened = new Fleets(stack);
});
afterAll(() => opened?.dispose());

describe('a fleet, from request to proof', () => onboardingCases(fleets));
describe('planning that a system refuses', () => planningCases(fleets));
describe('a request', () => requestLifeCases(fleets));
describe('bad input', () => badInputCases(fleets));
