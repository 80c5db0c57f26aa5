/** Keys and claims for the tests of this folder, made at run time. */
import type { CheckpointClaims, KeyUse, RequestClaims } from '../../src/domain/attestation.js';
import type { DecisionClaims } from '../../src/domain/decision.js';
import { digest } from '../../src/security/canonical.js';
import { generateSigningKey, publicOf } from '../../src/security/key-generation.js';
import { KeyRing } from '../../src/security/keyring.js';
import { parseSigner, type Signer, type SigningKeyFile } from '../../src/security/signer.js';

export interface TestKey {
  readonly file: SigningKeyFile;
  readonly signer: Signer;
}

export async function newKey(use: KeyUse): Promise<TestKey> {
  const file = await generateSigningKey(use);
  return { file, signer: await parseSigner(JSON.stringify(file)) };
}

export function ringOf(...keys: readonly TestKey[]): Promise<KeyRing> {
  return KeyRing.of({ keys: keys.map(({ file }) => publicOf(file)) });
}

export const decisionClaims: DecisionClaims = {
  version: 1,
  requestId: 'req-1',
  requestHash: digest('request'),
  planDigest: digest('plan'),
  policyDigest: digest('policy'),
  workflowId: 'fleet/otterize/otterize',
  gate: 'procurement',
  epoch: 1,
  decision: 'approve',
  evidence: { contractNumber: 'C-1', licences: '25' },
  approver: { issuer: 'https://login.example.com', subject: 's-1', accountId: 'a-1', personId: 'p-1' },
  commentHash: digest('comment'),
  authTime: 1_790_000_000,
  jti: 'jti-1',
  issuedAt: '2026-09-01T10:00:00.000Z',
};

export const requestClaims: RequestClaims = {
  version: 1,
  requestId: 'req-1',
  requestHash: digest('request'),
  contentHash: digest('content'),
  workflowId: 'fleet/otterize/otterize',
  acceptedAt: '2026-09-01T09:00:00.000Z',
};

export const checkpointClaims: CheckpointClaims = {
  version: 1,
  seq: 42,
  hash: digest('entry 42'),
  at: '2026-09-01T11:00:00.000Z',
};
