/** Whether what a person is shown is what he would sign: nothing is attested over a record that contradicts itself. */
import { currentPlan, type RequestRecord } from '../domain/record.js';
import { AttestationError, verifyRequest } from '../security/attestation.js';
import { canonicalJson, digest } from '../security/canonical.js';
import type { KeyRing } from '../security/keyring.js';

/**
 * @param ring with the ledger's revocations in it
 * @returns what does not hold, or undefined
 */
export async function unsound(record: RequestRecord, ring: KeyRing): Promise<string | undefined> {
  const { accepted, pinned, request } = record;
  if (digest(accepted.body.document) !== accepted.body.requestHash)
    return 'the request does not match its hash';
  if (request.requestId !== record.requestId) return 'the document is of another request';
  if (digest(pinned.body.document) !== request.policy.digest) return 'the policy does not match the request';
  const plan = currentPlan(record);
  if (plan !== undefined && digest(canonicalJson(plan.plan)) !== plan.digest) {
    return 'the plan does not match its digest';
  }
  try {
    const claims = await verifyRequest(accepted.body.envelope, ring, { recordedAt: accepted.at });
    return claims.requestId === record.requestId && claims.requestHash === accepted.body.requestHash
      ? undefined
      : 'the signature is of another request';
  } catch (error) {
    if (error instanceof AttestationError) return 'the request is not signed as it must be';
    throw error;
  }
}
