/** Inputs of activities are judged as bodies of the API are. */
import { describe, expect, it } from 'vitest';
import { StepFailed } from '../../src/activities/errors.js';
import { faultOfInput, refusingForeignInputs } from '../../src/activities/inputs.js';
import { MAX_REPORT_TEXT, withShortTexts } from '../../src/domain/failure.js';

const ref = { requestId: 'req-1', target: 'harbour-01/dev' };
const notice = { gate: 'procurement', epoch: 1, kind: 'opened', number: 0 };
const report = {
  step: 's',
  system: 'gitlab',
  operation: 'o',
  object: 'x',
  message: 'm',
  remedy: 'r',
  scope: 'target',
} as const;
const gates = { requestId: 'req-1', nowMs: Date.now(), noticed: [], repeated: 0, undecodable: 0, dropped: 0 };

describe('the input of an activity', () => {
  it('is right as workflows make it', () => {
    expect(faultOfInput('ensureValues', ref)).toBeUndefined();
    expect(faultOfInput('advanceGates', gates)).toBeUndefined();
    expect(faultOfInput('notifyGate', { requestId: 'req-1', notice })).toBeUndefined();
    expect(faultOfInput('notifyRequest', { requestId: 'req-1', event: 'request-ended' })).toBeUndefined();
    expect(faultOfInput('closeTarget', { ...ref, outcome: 'failed', failure: report })).toBeUndefined();
    expect(faultOfInput('reportUnreadableInput', undefined)).toBeUndefined();
    // the longest report that is made is one that is taken
    const long = withShortTexts({ ...report, message: 'y'.repeat(200_000) });
    expect(long.message).toHaveLength(MAX_REPORT_TEXT);
    expect(faultOfInput('closeTarget', { ...ref, outcome: 'failed', failure: long })).toBeUndefined();
  });

  it.each<[Parameters<typeof faultOfInput>[0], unknown]>([
    ['ensureValues', { ...ref, project: 'shop/prod-ops' }],
    ['ensureValues', { ...ref, target: ['harbour-01/dev'] }],
    ['ensureValues', undefined],
    ['reportUnreadableInput', {}],
    ['advanceGates', { ...gates, nowMs: Date.UTC(10_000, 0, 1) }],
    ['advanceGates', { ...gates, nowMs: -1 }],
    ['advanceGates', { ...gates, noticed: Array.from({ length: 10_000 }, () => 'x') }],
    ['notifyGate', { requestId: 'req-1', notice: { ...notice, kind: 'passed' } }],
    ['notifyGate', { requestId: 'req-1', notice: { ...notice, epoch: ['9'] } }],
    ['notifyGate', { requestId: 'req-1', notice: { ...notice, number: 'x\r\nBcc: evil@example.com' } }],
    ['notifyRequest', { requestId: 'req-1', event: 'approved' }],
    ['notifyRequest', { requestId: 'req-1', event: ['request-ended'] }],
    ['closeTarget', { ...ref, outcome: 'weird' }],
    ['closeTarget', { ...ref, outcome: 'failed', failure: { step: 1 } }],
    ['closeTarget', { ...ref, outcome: 'failed', failure: { ...report, message: 'y'.repeat(200_000) } }],
  ])('of %s is refused: %j', (name, input) => {
    expect(faultOfInput(name, input)).toBeDefined();
  });

  it('that is refused reaches no activity, raises an alarm and shows nothing of what was sent', async () => {
    const alarms: string[] = [];
    const done: unknown[] = [];
    const { ensureValues } = refusingForeignInputs(
      { ensureValues: async (input: unknown) => done.push(input) },
      { raiseAlarm: async (_, { detail }) => void alarms.push(detail) },
    );
    await ensureValues?.(ref);
    await expect(ensureValues?.({ ...ref, 'canary-9': 'canary-8' })).rejects.toThrow(StepFailed);
    await expect(ensureValues?.(ref, 'more')).rejects.toThrow('with more than one value');
    expect(done).toEqual([ref]);
    expect(alarms).toHaveLength(2);
    expect(alarms.join()).not.toContain('canary-8');
  });

  it('is known for every activity', () => {
    const unknown = { ensureEverything: async () => undefined };
    expect(() => refusingForeignInputs(unknown, { raiseAlarm: async () => undefined })).toThrow(
      'ensureEverything',
    );
  });
});
