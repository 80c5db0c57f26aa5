/**
 * Envelopes: compact JWS over the canonical text of claims. The three kinds (decision, request, checkpoint) differ in
 * `typ`, in the use of their key and in the shape of their claims, so that none passes for another (source of the rules:
 * RFC 8725, best current practices for JSON web tokens; reference: access, section 3.3).
 */
import { compactVerify, decodeProtectedHeader, errors, type ProtectedHeaderParameters } from 'jose';
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { AttestationRefusal, CheckpointClaims, KeyUse, RequestClaims } from '../domain/attestation.js';
import { CHECKPOINT_TYP, DECISION_TYP, type DecisionClaims, REQUEST_TYP } from '../domain/decision.js';
import { CanonicalJsonError, canonicalJson } from './canonical.js';
import { checkpointShape, decisionShape, requestShape } from './claim-shapes.js';
import type { KeyRing, VerificationKey } from './keyring.js';
import type { Signer } from './signer.js';

/** Largest envelope that is looked at, in characters: the largest honest one has about 2,500 (reference: access, 3.3). */
export const MAX_ENVELOPE_LENGTH = 8192;

/** An envelope was refused. `reason` is for programs, the message for people; neither holds the envelope. */
export class AttestationError extends Error {
  override readonly name = 'AttestationError';
  readonly reason: AttestationRefusal;

  constructor(reason: AttestationRefusal, message: string) {
    super(message);
    this.reason = reason;
  }
}

export interface VerifyOptions {
  /**
   * Time (ISO 8601, UTC) at which the ledger recorded the envelope: an envelope from before its key was revoked stays
   * valid. Take it from the ledger's entry, never from the claims: a thief of the key writes what he likes there.
   * Without it an envelope of a revoked key is always refused.
   */
  readonly recordedAt?: string;
}

interface Kind<S extends TSchema> {
  readonly typ: string;
  readonly use: KeyUse;
  readonly shape: S;
}

const DECISION = { typ: DECISION_TYP, use: 'decision', shape: decisionShape } as const;
const REQUEST = { typ: REQUEST_TYP, use: 'request', shape: requestShape } as const;
const CHECKPOINT = { typ: CHECKPOINT_TYP, use: 'checkpoint', shape: checkpointShape } as const;

/**
 * Signs a decision.
 *
 * @returns the envelope, a compact JWS of the type `DECISION_TYP`
 * @throws AttestationError `malformed` when the claims are not of their shape, `unknown-key` when the signer is for
 * another use
 */
export function signDecision(claims: DecisionClaims, signer: Signer): Promise<string> {
  return sign(DECISION, claims, signer);
}

/**
 * Verifies the envelope of a decision: algorithm, key, use, type, revocation, signature and the full shape of the claims.
 * It does not judge whether the decision counts; request, plan, gate and epoch are the caller's to compare.
 *
 * @throws AttestationError with the reason
 */
export function verifyDecision(
  envelope: string,
  ring: KeyRing,
  options: VerifyOptions = {},
): Promise<DecisionClaims> {
  return verify(DECISION, envelope, ring, options);
}

/** Signs an accepted request; see `signDecision`. */
export function signRequest(claims: RequestClaims, signer: Signer): Promise<string> {
  return sign(REQUEST, claims, signer);
}

/** Verifies the envelope of a request; see `verifyDecision`. The caller hashes the document and compares. */
export function verifyRequest(
  envelope: string,
  ring: KeyRing,
  options: VerifyOptions = {},
): Promise<RequestClaims> {
  return verify(REQUEST, envelope, ring, options);
}

/** Signs a checkpoint of the ledger; see `signDecision`. */
export function signCheckpoint(claims: CheckpointClaims, signer: Signer): Promise<string> {
  return sign(CHECKPOINT, claims, signer);
}

/** Verifies the envelope of a checkpoint; see `verifyDecision`. */
export function verifyCheckpoint(
  envelope: string,
  ring: KeyRing,
  options: VerifyOptions = {},
): Promise<CheckpointClaims> {
  return verify(CHECKPOINT, envelope, ring, options);
}

async function sign(kind: Kind<TSchema>, claims: unknown, signer: Signer): Promise<string> {
  if (signer.use !== kind.use) {
    throw new AttestationError(
      'unknown-key',
      `Key ${signer.kid} is for ${signer.use}. Sign with one for ${kind.use}.`,
    );
  }
  assertShape(kind, claims);
  const envelope = await signer.sign(kind.typ, canonicalOf(claims));
  if (envelope.length > MAX_ENVELOPE_LENGTH) throw tooLong();
  return envelope;
}

async function verify<S extends TSchema>(
  kind: Kind<S>,
  envelope: string,
  ring: KeyRing,
  options: VerifyOptions,
): Promise<Static<S>> {
  if (envelope.length > MAX_ENVELOPE_LENGTH) throw tooLong();
  const key = keyFor(kind, headerOf(envelope), ring);
  refuseRevoked(key, options);
  return claimsOf(kind, await payloadOf(envelope, key));
}

function headerOf(envelope: string): ProtectedHeaderParameters {
  // base64url only: the decoder would also take the other alphabet and white space
  if (!/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*$/.test(envelope)) {
    throw new AttestationError('malformed', 'The envelope is not a compact JWS.');
  }
  // one spelling only: bits beyond the last byte would let several texts pass as the same envelope
  if (envelope.split('.').some((part) => Buffer.from(part, 'base64url').toString('base64url') !== part)) {
    throw new AttestationError('malformed', 'The envelope is not written in canonical base64url.');
  }
  try {
    return decodeProtectedHeader(envelope);
  } catch {
    throw new AttestationError('malformed', 'The header of the envelope cannot be read.');
  }
}

function keyFor(kind: Kind<TSchema>, header: ProtectedHeaderParameters, ring: KeyRing): VerificationKey {
  const { alg, kid, typ } = header;
  if (alg !== 'EdDSA' && alg !== 'ES256') {
    throw new AttestationError('wrong-alg', 'The envelope names an algorithm that is never accepted.');
  }
  const key = typeof kid === 'string' ? ring.find(kid) : undefined;
  if (key === undefined || key.use !== kind.use) {
    throw new AttestationError(
      'unknown-key',
      `The envelope is signed by a key that the ring does not hold for ${kind.use}. If a new key was put in use, bring the ring up to date here.`,
    );
  }
  if (alg !== key.alg) throw new AttestationError('wrong-alg', `Key ${key.kid} is pinned to ${key.alg}.`);
  if (typ !== kind.typ)
    throw new AttestationError('wrong-typ', `The envelope is not of the type ${kind.typ}.`);
  // no crit, b64, jku, jwk, x5c: nothing that changes what is verified or with what
  if (Object.keys(header).length !== 3) {
    throw new AttestationError('malformed', 'The header of the envelope holds more than alg, kid and typ.');
  }
  return key;
}

function refuseRevoked(key: VerificationKey, { recordedAt }: VerifyOptions): void {
  if (key.revokedAt === undefined) return;
  // written so that a time that cannot be read refuses
  if (recordedAt !== undefined && Date.parse(recordedAt) < Date.parse(key.revokedAt)) return;
  throw new AttestationError(
    'revoked-key',
    `Key ${key.kid} was revoked at ${key.revokedAt} and the envelope is not from before. Ask for it to be signed anew.`,
  );
}

async function payloadOf(envelope: string, key: VerificationKey): Promise<string> {
  try {
    const { payload } = await compactVerify(envelope, key.key, { algorithms: [key.alg] });
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed) {
      throw new AttestationError(
        'bad-signature',
        `The signature is not that of key ${key.kid} over this content.`,
      );
    }
    throw new AttestationError('malformed', 'The envelope is not a compact JWS over UTF-8 text.');
  }
}

function claimsOf<S extends TSchema>(kind: Kind<S>, payload: string): Static<S> {
  let claims: unknown;
  try {
    claims = JSON.parse(payload);
  } catch {
    throw new AttestationError('malformed', 'The claims are not JSON.');
  }
  assertShape(kind, claims);
  // one text for one meaning: no members that occur twice, no second spelling
  if (canonicalOf(claims) !== payload) {
    throw new AttestationError('malformed', 'The claims are not in canonical form.');
  }
  return claims;
}

function canonicalOf(claims: unknown): string {
  try {
    return canonicalJson(claims);
  } catch (error) {
    if (error instanceof CanonicalJsonError) throw new AttestationError('malformed', error.message);
    throw error;
  }
}

function assertShape<S extends TSchema>(kind: Kind<S>, claims: unknown): asserts claims is Static<S> {
  if (Value.Check(kind.shape, claims)) return;
  const where = Value.Errors(kind.shape, claims)[0]?.instancePath || '/';
  throw new AttestationError(
    'malformed',
    `The claims of the ${kind.use} are not of their shape at ${where}.`,
  );
}

function tooLong(): AttestationError {
  return new AttestationError('malformed', `The envelope is longer than ${MAX_ENVELOPE_LENGTH} characters.`);
}
