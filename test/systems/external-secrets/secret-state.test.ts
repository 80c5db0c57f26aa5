import { describe, expect, it } from 'vitest';
import { SystemError } from '../../../src/domain/failure.js';
import {
  externalSecretFrom,
  secretStoreFrom,
} from '../../../src/systems/external-secrets/external-secret.js';
import { judgeExternalSecret } from '../../../src/systems/external-secrets/secret-state.js';

const SUBJECT = {
  system: 'external-secrets',
  operation: 'get external secret',
  object: 'otterize-cloud',
} as const;
const EXPECTATION = { writtenAt: '2027-03-01T12:00:00.400Z' };

function secret(change: { metadata?: object; spec?: object; status?: object | undefined } = {}) {
  return externalSecretFrom(
    {
      metadata: { name: 'otterize-cloud', namespace: 'otterize-system', generation: 2, ...change.metadata },
      spec: {
        refreshPolicy: 'Periodic',
        secretStoreRef: { name: 'vault', kind: 'SecretStore' },
        ...change.spec,
      },
      ...('status' in change && change.status === undefined
        ? {}
        : {
            status: {
              refreshTime: '2027-03-01T12:00:03Z',
              syncedResourceVersion: '2-8c1f0b',
              binding: { name: 'otterize-cloud' },
              conditions: [
                { type: 'Ready', status: 'True', reason: 'SecretSynced', message: 'secret synced' },
              ],
              ...change.status,
            },
          }),
    },
    SUBJECT,
  );
}

function store(condition?: object, metadata: object = {}) {
  return secretStoreFrom(
    {
      metadata: { name: 'vault', ...metadata },
      ...(condition ? { status: { conditions: [condition] } } : {}),
    },
    SUBJECT,
  );
}

const VALID = { type: 'Ready', status: 'True', reason: 'Valid' };

describe('judgeExternalSecret', () => {
  it('says ready, with what it read and no value, when our version has been taken over', () => {
    expect(judgeExternalSecret(secret(), store(VALID), EXPECTATION)).toEqual({
      state: 'ready',
      readBack: {
        externalSecret: 'otterize-cloud',
        refreshTime: '2027-03-01T12:00:03Z',
        syncedResourceVersion: '2-8c1f0b',
        secret: 'otterize-cloud',
      },
    });
  });

  it('does not ask for the store when it was not read', () => {
    expect(judgeExternalSecret(secret(), undefined, EXPECTATION).state).toBe('ready');
  });

  it.each<[string, string, Parameters<typeof secret>[0]]>([
    ['never-synced', 'no status', { status: undefined }],
    ['never-synced', 'no condition', { status: { conditions: [] } }],
    [
      'read-failed',
      'SecretSyncedError',
      {
        status: {
          conditions: [
            {
              type: 'Ready',
              status: 'False',
              reason: 'SecretSyncedError',
              message: 'secret otterize-cloud-client-id not found',
            },
          ],
        },
      },
    ],
    [
      'read-failed',
      'a Ready with another reason',
      { status: { conditions: [{ type: 'Ready', status: 'True', reason: 'SecretDeleted' }] } },
    ],
    [
      'source-missing',
      'a source that is gone',
      {
        status: {
          conditions: [
            { type: 'Ready', status: 'True', reason: 'SecretSynced' },
            { type: 'Deleted', status: 'True', reason: 'SecretMissing' },
          ],
        },
      },
    ],
    ['read-too-early', 'Ready of the version before', { status: { refreshTime: '2027-03-01T11:00:00Z' } }],
    [
      'read-too-early',
      'a read in the second of the write',
      { status: { refreshTime: '2027-03-01T12:00:00Z' } },
    ],
    ['read-too-early', 'no time of a read', { status: { refreshTime: null } }],
    ['older-generation', 'a spec that the operator has not seen', { metadata: { generation: 3 } }],
    [
      'older-generation',
      'generation 20 when 2 was synced',
      { metadata: { generation: 20 }, status: { syncedResourceVersion: '2-8c1f0b' } },
    ],
    ['older-generation', 'generation 2 when 20 is named', { status: { syncedResourceVersion: '20-8c1f0b' } }],
  ])('waits (%s) on %s', (clause, _, change) => {
    expect(judgeExternalSecret(secret(change), store(VALID), EXPECTATION)).toMatchObject({
      state: 'waiting',
      clause,
    });
  });

  it('passes on why the operator could not read', () => {
    const failed = secret({
      status: {
        conditions: [
          {
            type: 'Ready',
            status: 'False',
            reason: 'SecretSyncedError',
            message: 'could not get\n  secret data from provider',
            lastTransitionTime: '2027-03-01T11:59:00Z',
          },
        ],
      },
    });
    expect(judgeExternalSecret(failed, store(VALID), EXPECTATION)).toEqual({
      state: 'waiting',
      clause: 'read-failed',
      message: 'SecretSyncedError: could not get secret data from provider',
      since: '2027-03-01T11:59:00Z',
    });
  });

  it.each([
    ['store-missing', null],
    ['store-not-ready', store()],
    [
      'store-not-ready',
      store({ type: 'Ready', status: 'False', reason: 'ValidationFailed', message: 'permission denied' }),
    ],
    ['store-not-ready', store({ type: 'Ready', status: 'Unknown', reason: 'ValidationUnknown' })],
    ['store-not-ready', store({ type: 'Ready', status: 'False', reason: 'InvalidProviderConfig' })],
  ])('waits (%s) for its store first', (clause, its) => {
    expect(judgeExternalSecret(secret(), its, EXPECTATION)).toMatchObject({ state: 'waiting', clause });
  });

  it('waits for an ExternalSecret that is not there yet', () => {
    expect(judgeExternalSecret(null, undefined, EXPECTATION)).toMatchObject({
      state: 'waiting',
      clause: 'external-secret-missing',
    });
  });

  it.each([
    [
      'external-secret-deleted',
      secret({ metadata: { deletionTimestamp: '2027-03-01T12:00:00Z' } }),
      store(VALID),
    ],
    [
      'reads-only-once',
      secret({ spec: { refreshPolicy: 'CreatedOnce' }, status: { refreshTime: '2027-03-01T11:00:00Z' } }),
      store(VALID),
    ],
    [
      'store-invalid',
      secret(),
      store({
        type: 'Ready',
        status: 'False',
        reason: 'InvalidStoreConfiguration',
        message: 'vaultUrl is empty',
      }),
    ],
    ['store-deleted', secret(), store(VALID, { deletionTimestamp: '2027-03-01T12:00:00Z' })],
  ])('gives up (%s) with a remedy', (clause, its, of) => {
    const judgement = judgeExternalSecret(its, of, EXPECTATION);
    expect(judgement).toMatchObject({ state: 'hopeless', clause });
    expect(judgement).toHaveProperty('remedy', expect.stringMatching(/retry\.$/));
  });

  it('accepts CreatedOnce when the only read came after the write', () => {
    expect(
      judgeExternalSecret(secret({ spec: { refreshPolicy: 'CreatedOnce' } }), store(VALID), EXPECTATION)
        .state,
    ).toBe('ready');
  });
});

describe('externalSecretFrom', () => {
  it.each([null, 'text', {}, { metadata: { name: 'a' }, spec: {}, status: { conditions: 'none' } }])(
    'refuses %j as malformed',
    (object) => {
      expect(() => externalSecretFrom(object, SUBJECT)).toThrow(SystemError);
    },
  );
});
