/** Verifies envelopes of a bundle with the keys of a ring. */
import type { SignatureContext, SignatureVerifier } from '../../ledger/bundle-check.js';
import { verifyCheckpoint, verifyDecision, verifyRequest } from '../../security/attestation.js';
import type { KeyRing } from '../../security/keyring.js';

/** @param ring public keys that the verifier got from elsewhere, never from the bundle */
export function ringVerifier(ring: KeyRing): SignatureVerifier {
  const judged = ({ revoked, ...time }: SignatureContext): readonly [KeyRing, typeof time] => [
    ring.withRevocations(revoked),
    time,
  ];
  return {
    request: (envelope, context) => verifyRequest(envelope, ...judged(context)),
    decision: (envelope, context) => verifyDecision(envelope, ...judged(context)),
    checkpoint: (envelope, context) => verifyCheckpoint(envelope, ...judged(context)),
  };
}
