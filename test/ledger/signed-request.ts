/** A request as it really is: signed at intake, decided with signed envelopes, carried out, ended, under a checkpoint. */
import type { DecisionClaims } from '../../src/domain/decision.js';
import type { EntryBodies } from '../../src/domain/ledger.js';
import type { PolicyManifest } from '../../src/domain/manifest.js';
import type { Plan } from '../../src/domain/plan.js';
import type { FleetContent, FleetRequest } from '../../src/domain/request.js';
import type { VerificationTools } from '../../src/ledger/bundle-check.js';
import type { Checkpoint } from '../../src/ledger/ports.js';
import {
  signCheckpoint,
  signDecision,
  signRequest,
  verifyCheckpoint,
  verifyDecision,
  verifyRequest,
} from '../../src/security/attestation.js';
import { canonicalJson, digest } from '../../src/security/canonical.js';
import { generateSigningKey, publicOf } from '../../src/security/key-generation.js';
import { KeyRing, type RingEntry } from '../../src/security/keyring.js';
import { parseSigner, type Signer } from '../../src/security/signer.js';
import { KEY, newId, openBody, TARGET, vote } from './fixtures.js';
import type { FreshLedger } from './fresh-ledger.js';

export interface Signers {
  readonly decision: Signer;
  readonly request: Signer;
  readonly checkpoint: Signer;
  /** public halves, as a ring file holds them */
  readonly ring: readonly RingEntry[];
}

/** Fresh keys, made now. */
export async function newSigners(): Promise<Signers> {
  const files = {
    decision: await generateSigningKey('decision'),
    request: await generateSigningKey('request'),
    checkpoint: await generateSigningKey('checkpoint'),
  };
  return {
    decision: await parseSigner(JSON.stringify(files.decision)),
    request: await parseSigner(JSON.stringify(files.request)),
    checkpoint: await parseSigner(JSON.stringify(files.checkpoint)),
    ring: [publicOf(files.decision), publicOf(files.request), publicOf(files.checkpoint)],
  };
}

/** What a verifier holds: public keys, the canonical digest, and checkpoints from elsewhere. */
export async function toolsOf(
  signers: Signers,
  witnesses?: readonly Checkpoint[],
): Promise<VerificationTools> {
  const ring = await KeyRing.parse(JSON.stringify({ keys: signers.ring }));
  return {
    digestOf: (value) => digest(canonicalJson(value)),
    signatures: {
      request: (envelope, { revoked, ...time }) =>
        verifyRequest(envelope, ring.withRevocations(revoked), time),
      decision: (envelope, { revoked, ...time }) =>
        verifyDecision(envelope, ring.withRevocations(revoked), time),
      checkpoint: (envelope, { revoked, ...time }) =>
        verifyCheckpoint(envelope, ring.withRevocations(revoked), time),
    },
    ...(witnesses === undefined ? {} : { witnesses }),
  };
}

const POLICY: PolicyManifest = {
  apiVersion: 'gatehouse/v1',
  kind: 'Policy',
  metadata: { name: 'saas' },
  spec: {
    appliesTo: { kind: 'Fleet', service: 'otterize' },
    gates: [
      {
        name: 'procurement',
        approvers: { group: 'procurement', need: 2 },
        evidence: ['contractNumber'],
        after: [],
      },
    ],
    whileOpen: 'refuse',
  },
};

/** What differs from an honest yes: in the signed claims, in what the ledger is told of them, in the key. */
export interface DecisionChange {
  readonly claims?: Partial<DecisionClaims>;
  readonly recorded?: Partial<EntryBodies['decision.made']>;
  readonly signer?: Signer;
}

export interface SignedRequest {
  readonly requestId: string;
  /** signs and records a decision */
  decide(personId: string, change?: DecisionChange): Promise<void>;
  closeGate(result?: 'passed' | 'rejected' | 'expired'): Promise<void>;
  /** reserves and completes the one effect of the plan, ends target and request */
  carryOut(): Promise<void>;
  end(): Promise<void>;
}

/** Accepts and plans a request of the person `p-ada` for `p-beneficiary`, and opens its gate (two must agree). */
export async function signedRequest(ledger: FreshLedger, signers: Signers): Promise<SignedRequest> {
  const requestId = newId();
  const workflowId = `fleet/otterize/${requestId}`;
  const [personRef = ''] = await ledger.api.keepPersonal(requestId, ['ada@example.com']);
  const content = contentOf(personRef);
  const policyText = canonicalJson(POLICY);
  const document: FleetRequest = {
    version: 1,
    kind: 'Fleet',
    requestId,
    workflowId,
    requester: { kind: 'person', id: 'p-ada' },
    requestedFor: personRef,
    policy: { name: 'saas', digest: digest(policyText) },
    contentHash: digest(canonicalJson(content)),
    content,
    acceptedAt: '2026-11-20T08:00:00.000Z',
  };
  const text = canonicalJson(document);
  const { contentHash, acceptedAt } = document;
  const requestHash = digest(text);
  const claims = { version: 1, requestId, requestHash, contentHash, workflowId, acceptedAt } as const;
  const envelope = await signRequest(claims, signers.request);
  await ledger.api.acceptRequest({
    requestId,
    accepted: { requestHash, contentHash, workflowId, kind: 'Fleet', document: text, envelope },
    pinnedPolicy: { name: 'saas', digest: document.policy.digest, document: policyText },
    outbox: { kind: 'start', payload: '{}' },
  });
  const plan = planOf(requestId);
  const planDigest = digest(canonicalJson(plan));
  const totals = { create: 1, change: 0, adopt: 0, conflict: 0 };
  await ledger.worker.recordPlan(requestId, { epoch: 1, digest: planDigest, totals, plan });
  await ledger.worker.openGate(requestId, openBody());

  const closeGate = (result: 'passed' | 'rejected' | 'expired' = 'passed') =>
    ledger.worker.closeGate(requestId, { gate: 'procurement', epoch: 1, result });
  const end = async () => {
    await ledger.worker.endTarget(requestId, { target: TARGET, outcome: 'done' });
    await ledger.worker.endRequest(requestId, { outcome: 'done', message: '1 of 1 done' });
  };
  return {
    requestId,
    async decide(personId, { claims: changed = {}, recorded = {}, signer = signers.decision } = {}) {
      const decision: DecisionClaims = {
        version: 1,
        requestId,
        requestHash,
        planDigest,
        policyDigest: document.policy.digest,
        workflowId,
        gate: 'procurement',
        epoch: 1,
        decision: 'approve',
        evidence: { contractNumber: 'C-2026-17' },
        approver: {
          issuer: 'https://id.example.com',
          subject: personId,
          accountId: `a-${personId}`,
          personId,
        },
        authTime: 1_763_625_600,
        jti: newId('jti'),
        issuedAt: '2026-11-20T09:00:00.000Z',
        ...changed,
      };
      const envelope = await signDecision(decision, signer);
      const { gate, epoch, jti } = decision;
      await vote(ledger, requestId, {
        ...{ gate, epoch, decision: decision.decision, personId, jti, envelope },
        ...recorded,
      });
    },
    closeGate,
    end,
    async carryOut() {
      const judgedUpTo = await ledger.worker.lastSeq();
      const reserved = { key: KEY, epoch: 1, system: 'otterize' };
      const reservation = await ledger.worker.reserveEffect(requestId, reserved, judgedUpTo);
      if (reservation.state !== 'reserved') throw new Error(`not reserved: ${JSON.stringify(reservation)}`);
      const readBack = { organisationId: 'org_1' };
      await ledger.worker.completeEffect(requestId, { ...reserved, outcome: 'created', readBack });
      await end();
    },
  };
}

/** A request with everything done as it should be. */
export async function doneRequest(ledger: FreshLedger, signers: Signers): Promise<SignedRequest> {
  const request = await signedRequest(ledger, signers);
  await request.decide('p-ben');
  await request.decide('p-chi');
  await request.closeGate();
  await request.carryOut();
  return request;
}

/** Signs the chain as it stands and keeps the checkpoint. */
export async function checkpointNow(ledger: FreshLedger, signers: Signers): Promise<Checkpoint> {
  const { seq, hash, at } = await ledger.api.head();
  const envelope = await signCheckpoint({ version: 1, seq, hash, at }, signers.checkpoint);
  await ledger.api.appendCheckpoint({ seq, hash, envelope });
  return { seq, hash, envelope };
}

function contentOf(personRef: string): FleetContent {
  return {
    service: 'otterize',
    fleet: 'platform',
    maxInFlight: 1,
    targets: [
      {
        key: TARGET,
        cluster: 'harbour-01',
        stage: 'dev',
        organisation: 'harbour-01-dev',
        environment: { name: 'harbour-01-dev', labels: { team: 'platform' } },
        integration: 'harbour-01-dev',
        invite: { domain: 'example.com', people: [personRef], groups: [] },
        secretStore: { kind: 'vault', name: 'kv', url: 'https://vault.example.com' },
        values: {
          project: 'platform/clusters',
          branch: 'main',
          file: 'values.yaml',
          mode: 'client-id',
          key: 'a.b',
        },
        application: { connection: 'management', namespace: 'argocd', name: 'otterize' },
        externalSecret: { connection: 'harbour-01', namespace: 'otterize-system', name: 'otterize-cloud' },
        adopt: false,
      },
    ],
  };
}

function planOf(requestId: string): Plan {
  return {
    version: 1,
    requestId,
    epoch: 1,
    beneficiary: { personId: 'p-beneficiary' },
    targets: [
      {
        target: TARGET,
        effects: [
          {
            key: KEY,
            system: 'otterize',
            object: 'organisation',
            action: 'create',
            count: 1,
            detail: 'organisation harbour-01-dev',
          },
        ],
        invitees: [],
        notes: [],
      },
    ],
    plannedAt: '2026-11-20T08:00:01.000Z',
  };
}
