import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { ApplicationFailure, defaultPayloadConverter, type Payload } from '@temporalio/common';
import { loadDataConverter } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import {
  bundleWorkflowCode,
  DefaultLogger,
  makeTelemetryFilterString,
  Runtime,
  Worker,
} from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { isUndecodable } from '../../src/domain/undecodable.js';
import { CodecKeys } from '../../src/security/codec-keys.js';
import { CONVERTER_PATHS, createDataConverter } from '../../src/security/data-converter.js';
import { EncryptionCodec } from '../../src/security/payload-codec.js';

/** Replays histories made by hand in the SDK's own sandbox: the place where an exception would stop a workflow for ever. */
const workflowsPath = fileURLToPath(new URL('./fixtures/echo-workflow.ts', import.meta.url));
const WORKFLOW_ID = 'echo/1';
const keys = CodecKeys.of({ current: 'k1', keys: { k1: randomBytes(32).toString('base64') } });
const dataConverter = createDataConverter({ keys, namespace: 'gatehouse' });
const codec = new EncryptionCodec({ keys, namespace: 'gatehouse' });
const logger = new DefaultLogger('ERROR', () => {});

let bundle: { code: string };
beforeAll(async () => {
  const filter = makeTelemetryFilterString({ core: 'ERROR' });
  Runtime.install({ logger, telemetryOptions: { logging: { filter } } });
  bundle = await bundleWorkflowCode({ workflowsPath, ...CONVERTER_PATHS, logger });
}, 120_000);

const encrypt = async (value: unknown, workflowId = WORKFLOW_ID): Promise<Payload> => {
  const clear = defaultPayloadConverter.toPayload(value);
  const context = { type: 'workflow', namespace: 'gatehouse', workflowId } as const;
  return (await codec.encode([clear], context))[0] ?? {};
};

function toJson({ metadata, data }: Payload) {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return {
    ...(metadata
      ? {
          metadata: Object.fromEntries(
            Object.entries(metadata).map(([name, value]) => [name, base64(value)]),
          ),
        }
      : {}),
    ...(data ? { data: base64(data) } : {}),
  };
}

type Ending = 'completed' | 'failed';

function historyOf(input: Payload, signal: Payload, ending: Ending) {
  const task = { name: 'q', kind: 'TASK_QUEUE_KIND_NORMAL' };
  const payloads = (payload: Payload) => ({ payloads: [toJson(payload)] });
  const events = [
    {
      eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED',
      workflowExecutionStartedEventAttributes: {
        workflowType: { name: 'echo' },
        taskQueue: task,
        input: payloads(input),
        originalExecutionRunId: '5b1b4b3c-7a55-4d0b-9a0c-3b8f1d5c0001',
        firstExecutionRunId: '5b1b4b3c-7a55-4d0b-9a0c-3b8f1d5c0001',
        attempt: 1,
        workflowId: WORKFLOW_ID,
        workflowTaskTimeout: '10s',
      },
    },
    {
      eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED',
      workflowExecutionSignaledEventAttributes: { signalName: 'news', input: payloads(signal) },
    },
    {
      eventType: 'EVENT_TYPE_WORKFLOW_TASK_SCHEDULED',
      workflowTaskScheduledEventAttributes: { taskQueue: task, attempt: 1 },
    },
    {
      eventType: 'EVENT_TYPE_WORKFLOW_TASK_STARTED',
      workflowTaskStartedEventAttributes: { scheduledEventId: '3' },
    },
    {
      eventType: 'EVENT_TYPE_WORKFLOW_TASK_COMPLETED',
      workflowTaskCompletedEventAttributes: { scheduledEventId: '3', startedEventId: '4' },
    },
    ending === 'completed'
      ? {
          eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED',
          workflowExecutionCompletedEventAttributes: { workflowTaskCompletedEventId: '5' },
        }
      : {
          eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_FAILED',
          workflowExecutionFailedEventAttributes: {
            failure: { message: 'undecodable', applicationFailureInfo: { nonRetryable: true } },
            retryState: 'RETRY_STATE_NON_RETRYABLE_FAILURE',
            workflowTaskCompletedEventId: '5',
          },
        },
  ];
  return historyFromJSON({
    events: events.map((event, i) => ({
      ...event,
      eventId: String(i + 1),
      eventTime: '2026-09-01T10:00:00Z',
    })),
  });
}

const replay = (input: Payload, signal: Payload, ending: Ending, workflowBundle = bundle) =>
  Worker.runReplayHistory({ workflowBundle, dataConverter }, historyOf(input, signal, ending), WORKFLOW_ID);

const STRANGE: Payload = { metadata: { encoding: Buffer.from('binary/strange') }, data: Buffer.from('x') };
const garbage: readonly (readonly [string, Payload])[] = [
  ['an unknown encoding', STRANGE],
  ['no encoding', { data: Buffer.from('x') }],
  ['no metadata and no data', {}],
  ['JSON that is none', { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"a":') }],
  ['JSON without data', { metadata: { encoding: Buffer.from('json/plain') } }],
  [
    'ciphertext that is none',
    { metadata: { encoding: Buffer.from('binary/encrypted') }, data: randomBytes(50) },
  ],
];

describe('the data converter in the workflow sandbox', () => {
  it('hands an honest history to the workflow', async () => {
    await replay(await encrypt('hello'), await encrypt('news'), 'completed');
  });

  it.each(garbage)('hands the marker for %s, as input and as signal', async (_name, payload) => {
    await replay(payload, await encrypt('news'), 'failed');
    await replay(await encrypt('hello'), payload, 'failed');
  });

  it('hands the marker for a payload pasted from another workflow', async () => {
    await replay(await encrypt('hello', 'echo/2'), await encrypt('news'), 'failed');
    await replay(await encrypt('hello'), await encrypt('news', 'echo/2'), 'failed');
  });

  it('tells the two endings apart, so that the tests above can fail', async () => {
    await expect(replay(await encrypt('hello'), await encrypt('news'), 'failed')).rejects.toThrow();
    await expect(replay(await encrypt('hello'), {}, 'completed')).rejects.toThrow();
  });

  it('without the converters the same garbage stops the workflow task', async () => {
    const bare = await bundleWorkflowCode({ workflowsPath, logger });
    await replay(await encrypt('hello'), await encrypt('news'), 'completed', bare);
    for (const ending of ['completed', 'failed'] as const) {
      await expect(replay(await encrypt('hello'), STRANGE, ending, bare)).rejects.toThrow();
    }
  }, 120_000);
});

describe('the data converter outside of the sandbox', () => {
  const { payloadConverter, failureConverter } = loadDataConverter(dataConverter);

  it('reads the same marker as the workflow does', () => {
    for (const [, payload] of garbage.slice(0, 5)) {
      expect(isUndecodable(payloadConverter.fromPayload(payload))).toBe(true);
    }
  });

  it('leaves no message and no stack trace of a failure in clear, down to the last cause', () => {
    const cause = new Error('the-inner-message');
    const error = ApplicationFailure.create({ message: 'the-outer-message', cause, details: ['a-detail'] });
    const failure = failureConverter.errorToFailure(error, payloadConverter);
    const clear = JSON.stringify(failure, (_name, value: unknown) =>
      value instanceof Uint8Array ? '' : value,
    );
    expect(clear).not.toMatch(/outer-message|inner-message|a-detail|data-converter\.test/);
    const back = failureConverter.failureToError(failure, payloadConverter);
    expect(back.message).toBe('the-outer-message');
    expect(back.cause).toMatchObject({ message: 'the-inner-message' });
  });

  it('reads a failure that is broken as one of its own type, and keeps what is around it', () => {
    const broken = { message: 'x', childWorkflowExecutionFailureInfo: {} };
    const around = { message: 'around', applicationFailureInfo: { type: 'Known' }, cause: broken };
    expect(failureConverter.failureToError(broken, payloadConverter)).toMatchObject({
      type: 'UndecodableFailure',
    });
    expect(failureConverter.failureToError(around, payloadConverter)).toMatchObject({
      type: 'Known',
      cause: { type: 'UndecodableFailure' },
    });
  });
});
