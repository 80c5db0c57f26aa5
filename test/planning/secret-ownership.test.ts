/** Whose the secrets of a store are, and what may be written over them. */
import { describe, expect, it } from 'vitest';
import type { LedgerEntry } from '../../src/domain/ledger.js';
import { refuseReplacing, SECRET_NAMES } from '../../src/planning/integration.js';
import { secretOwnership } from '../../src/planning/ownership.js';
import { Secret } from '../../src/systems/secret.js';
import type { StoredSecret } from '../../src/systems/secret-store.js';

const KEY = 'harbour-02/prod:integration';
const STORE = 'https://kv-team.vault.azure.net';
const RESERVED_AT = '2026-11-01T10:00:00.000Z';

type History = readonly LedgerEntry<'effect.completed' | 'effect.reserved'>[];

const reserved: History = [
  {
    seq: 1,
    type: 'effect.reserved',
    requestId: 'req-2',
    prevHash: '',
    hash: '',
    at: RESERVED_AT,
    body: { key: KEY, epoch: 1, system: 'otterize' },
  },
];
const completed = (store: string): History => [
  ...reserved,
  {
    seq: 2,
    type: 'effect.completed',
    requestId: 'req-2',
    prevHash: '',
    hash: '',
    at: '2026-11-01T10:01:00.000Z',
    body: {
      key: KEY,
      epoch: 1,
      system: 'otterize',
      outcome: 'created',
      readBack: { store, clientIdVersion: '1', clientSecretVersion: '1' },
    },
  },
];

const secret = (more: Partial<StoredSecret> = {}): StoredSecret => ({
  value: new Secret('there already'),
  version: '1',
  tags: {},
  ...more,
});

function refused(stored: StoredSecret | null, history: History = [], adopt = false) {
  const both = { clientId: stored, clientSecret: null };
  return refuseReplacing(both, undefined, secretOwnership(history, KEY, STORE), adopt)?.message;
}

describe('a secret that stands where ours is to stand', () => {
  it('is replaced when its marker or the ledger says that this effect wrote it', () => {
    expect(refused(null)).toBeUndefined();
    expect(refused(secret({ tags: { effect: KEY } }))).toBeUndefined();
    expect(refused(secret(), completed(STORE))).toBeUndefined();
  });

  it('is never replaced when it holds the credentials of another cluster, adopted or not', () => {
    const taken = secret({ tags: { effect: 'harbour-01/dev:integration' } });
    for (const adopt of [false, true]) {
      expect(refused(taken, completed(STORE), adopt)).toBe(
        `${SECRET_NAMES.clientId} in ${STORE} holds the credentials of another cluster (harbour-01/dev:integration)`,
      );
    }
  });

  it("is somebody else's without a proof, and replaced only if the plan says so", () => {
    const message = `${SECRET_NAMES.clientId} in ${STORE} was written by somebody else`;
    expect(refused(secret())).toBe(message);
    // the same version number in another store, and a later version, prove nothing
    expect(refused(secret(), completed('https://kv-other.vault.azure.net'))).toBe(message);
    expect(refused(secret({ version: '2' }), completed(STORE))).toBe(message);
    expect(refused(secret(), [], true)).toBeUndefined();
  });

  it('that came after a reservation which is still open was written by a worker that died before it was marked', () => {
    const at = Date.parse(RESERVED_AT);
    expect(refused(secret({ writtenAtMs: at + 5_000 }), reserved)).toBeUndefined();
    expect(refused(secret({ writtenAtMs: at - 3_600_000 }), reserved)).toBeDefined();
    expect(refused(secret({ version: '7', writtenAtMs: at + 5_000 }), completed(STORE))).toBeDefined();
  });

  it('and holds the wanted value already is not replaced at all', () => {
    const wanted = { clientId: new Secret('there already'), clientSecret: new Secret('x') };
    const both = { clientId: secret(), clientSecret: null };
    expect(refuseReplacing(both, wanted, secretOwnership([], KEY, STORE), false)).toBeUndefined();
  });
});
