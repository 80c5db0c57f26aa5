/** Envelopes as forgers make them, by the kind of forgery. */
import { createHmac, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { exampleEvidence } from '../../sandbox/stack/example-files.js';
import { personOf } from '../../sandbox/world.js';
import { DECISION_TYP, type DecisionClaims, type Verdict } from '../../src/domain/decision.js';
import { signDecision } from '../../src/security/attestation.js';
import { canonicalJson } from '../../src/security/canonical.js';
import { generateSigningKey, KEY_FILES, publicOf } from '../../src/security/key-generation.js';
import { parseSigner, readSigner, type Signer } from '../../src/security/signer.js';
import type { Attacked, HostileStage } from './hostile-stage.js';

const Ring = Type.Object({
  keys: Type.Array(
    Type.Object({
      use: Type.String(),
      jwk: Type.Object({ kty: Type.String(), crv: Type.String(), x: Type.String() }),
    }),
  ),
});

export const GATES = ['procurement', 'data-protection'] as const;
/** Whoever is attacked: only the installation and its ledger are asked here. */
type AnyStage = Pick<HostileStage<string>, 'stack' | 'ledger' | 'record' | 'plan'>;

/** The claims that a real decision of this person would have, for what is asked now. */
export async function claimsFor(
  scene: AnyStage,
  bait: Attacked,
  gate: string,
  personKey: string,
  more: Partial<DecisionClaims> = {},
): Promise<DecisionClaims> {
  const record = await scene.record(bait);
  const plan = await scene.plan(bait);
  const person = personOf(scene.stack.world, personKey);
  return {
    version: 1,
    requestId: bait.requestId,
    requestHash: record.accepted.body.requestHash,
    planDigest: plan.digest,
    policyDigest: record.request.policy.digest,
    workflowId: record.request.workflowId,
    gate,
    epoch: plan.epoch,
    decision: 'approve',
    evidence: isGateName(gate) ? exampleEvidence(gate, 1) : {},
    approver: {
      issuer: scene.stack.address('oidc'),
      subject: person.id,
      accountId: person.id,
      personId: person.employeeId ?? person.id,
    },
    authTime: Math.floor(Date.now() / 1_000),
    jti: crypto.randomUUID(),
    issuedAt: new Date().toISOString(),
    ...more,
  };
}

/** What a thief of the API's key has. */
export function stolenSigner(scene: AnyStage): Promise<Signer> {
  return readSigner(join(scene.stack.installation.folder, 'keys', KEY_FILES.decision));
}

const encode = (text: string): string => Buffer.from(text).toString('base64url');

/** Forgeries of somebody without the key. Each gives the envelope over the claims. */
export const FORGERIES: Readonly<
  Record<string, { readonly fault: RegExp; forge(scene: AnyStage, claims: DecisionClaims): Promise<string> }>
> = {
  'no signature at all': {
    fault: /not a compact JWS/,
    forge: (_, claims) => Promise.resolve(canonicalJson(claims)),
  },
  'alg none': {
    fault: /never accepted/,
    forge: async (scene, claims) =>
      `${encode(JSON.stringify({ alg: 'none', kid: await kidOf(scene), typ: DECISION_TYP }))}.${encode(canonicalJson(claims))}.`,
  },
  'HS256 with the public key as the secret': {
    fault: /never accepted/,
    forge: async (scene, claims) => {
      const header = { alg: 'HS256', kid: await kidOf(scene), typ: DECISION_TYP };
      const signed = `${encode(JSON.stringify(header))}.${encode(canonicalJson(claims))}`;
      return `${signed}.${createHmac('sha256', publicPem(scene)).update(signed).digest('base64url')}`;
    },
  },
  'an unknown key': {
    fault: /does not hold/,
    forge: async (_, claims) => signDecision(claims, await ownSigner()),
  },
  'an own key under the name of the real one': {
    fault: /not that of key/,
    forge: async (scene, claims) => signDecision(claims, await ownSigner(await kidOf(scene))),
  },
};

async function ownSigner(kid?: string): Promise<Signer> {
  const file = await generateSigningKey('decision');
  return parseSigner(JSON.stringify({ ...file, kid: kid ?? publicOf(file).kid }));
}

function publicPem(scene: AnyStage): string | Buffer {
  const ring: unknown = JSON.parse(readFileSync(scene.stack.installation.keyRing, 'utf8'));
  if (!Value.Check(Ring, ring)) throw new Error('the ring is not of its shape');
  const key = ring.keys.find(({ use }) => use === 'decision');
  if (key === undefined) throw new Error('the ring has no key for decisions');
  return createPublicKey({ key: key.jwk, format: 'jwk' }).export({ format: 'pem', type: 'spki' });
}

/** Names of keys are public. */
async function kidOf(scene: AnyStage): Promise<string> {
  return (await stolenSigner(scene)).kid;
}

/** Puts a decision in the ledger by the API's own login, past everything that the API checks. */
export async function plant(
  scene: AnyStage,
  bait: Attacked,
  claims: Pick<DecisionClaims, 'gate' | 'epoch' | 'jti'>,
  envelope: string,
  more: { readonly personId: string; readonly decision?: Verdict },
): Promise<void> {
  const { request } = await scene.record(bait);
  const { state } = await scene.ledger.recordDecision(
    bait.requestId,
    { gate: claims.gate, epoch: claims.epoch, jti: claims.jti, envelope, decision: 'approve', ...more },
    {
      kind: 'decision',
      payload: JSON.stringify({ workflowId: request.workflowId, jti: claims.jti, envelope }),
    },
  );
  if (state !== 'recorded') throw new Error(`the ledger did not take the planted decision: ${state}`);
}

function isGateName(gate: string): boolean {
  return GATES.some((name) => name === gate);
}
