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
    ['waits on no status', 'never-synced', { status: undefined }],
    ['waits on no condition', 'never-synced', { status: { conditions: [] } }],
    [
      'waits on SecretSyncedError',
      'read-failed',
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
      'waits on a Ready with another reason',
      'read-failed',
      { status: { conditions: [{ type: 'Ready', status: 'True', reason: 'SecretDeleted' }] } },
    ],
    [
      'waits on a source that is gone',
      'source-missing',
      {
        status: {
          conditions: [
            { type: 'Ready', status: 'True', reason: 'SecretSynced' },
            { type: 'Deleted', status: 'True', reason: 'SecretMissing' },
          ],
        },
      },
    ],
    [
      'waits on Ready of the version before',
      'read-too-early',
      { status: { refreshTime: '2027-03-01T11:00:00Z' } },
    ],
    [
      'waits on a read in the second of the write',
      'read-too-early',
      { status: { refreshTime: '2027-03-01T12:00:00Z' } },
    ],
    ['waits on no time of a read', 'read-too-early', { status: { refreshTime: null } }],
    ['waits on a spec that the operator has not seen', 'older-generation', { metadata: { generation: 3 } }],
    [
      'waits on generation 20 when 2 was synced',
      'older-generation',
      { metadata: { generation: 20 }, status: { syncedResourceVersion: '2-8c1f0b' } },
    ],
    [
      'waits on generation 2 when 20 is named',
      'older-generation',
      { status: { syncedResourceVersion: '20-8c1f0b' } },
    ],
  ])('%s', (_, clause, change) => {
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
      'gives up on an ExternalSecret that is being deleted',
      'external-secret-deleted',
      secret({ metadata: { deletionTimestamp: '2027-03-01T12:00:00Z' } }),
      store(VALID),
    ],
    [
      'gives up on CreatedOnce, which never reads again',
      'reads-only-once',
      secret({ spec: { refreshPolicy: 'CreatedOnce' }, status: { refreshTime: '2027-03-01T11:00:00Z' } }),
      store(VALID),
    ],
    [
      'gives up on a store with an invalid configuration',
      'store-invalid',
      secret(),
      store({
        type: 'Ready',
        status: 'False',
        reason: 'InvalidStoreConfiguration',
        message: 'vaultUrl is empty',
      }),
    ],
    [
      'gives up on a store that is being deleted',
      'store-deleted',
      secret(),
      store(VALID, { deletionTimestamp: '2027-03-01T12:00:00Z' }),
    ],
  ])('%s', (_, clause, its, of) => {
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
