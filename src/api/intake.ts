/** Takes a request in: reads the manifest, pins the policy, signs the document, appends it with the start of its workflow. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { FleetManifest, InventoryManifest, PolicyManifest } from '../domain/manifest.js';
import { WORKFLOW_TYPE } from '../domain/messages.js';
import { type Actor, type FleetContent, type FleetRequest, workflowIdOf } from '../domain/request.js';
import type { ApiLedger, IdempotencyKey } from '../ledger/ports.js';
import { recordOf } from '../ledger/record.js';
import { expandFleet, peopleOf } from '../manifests/expand.js';
import { ManifestError, type ManifestFault } from '../manifests/fault.js';
import type { Located } from '../manifests/manifest.js';
import { type ChosenPolicy, choosePolicy, PolicyChoiceError } from '../manifests/policies.js';
import { readOneFleet } from '../manifests/read.js';
import { signRequest } from '../security/attestation.js';
import { canonicalJson, digest } from '../security/canonical.js';
import type { Signer } from '../security/signer.js';
import { startMessage } from './outbox-messages.js';
import { type ManifestSource, ManifestUnreadable, SourceUnavailable } from './ports.js';
import { type Fault, Problem } from './problems.js';

export interface Asked {
  readonly by: Actor;
  /** how the caller is called, for those who decide; unset for machines */
  readonly byName?: string;
  /** YAML or JSON text; or where it lies in Git */
  readonly manifest: string | ManifestSource;
  /** e-mail of the person it is for */
  readonly requestedFor: string;
  readonly ticket?: string;
  readonly reason?: string;
  readonly idempotency?: IdempotencyKey;
}

export interface TakenIn {
  readonly requestId: string;
  /** false: the same was asked before, this is that request */
  readonly isNew: boolean;
}

export interface IntakeDependencies {
  readonly ledger: ApiLedger;
  readonly inventory: InventoryManifest;
  readonly policies: readonly PolicyManifest[];
  readonly signer: Signer;
  readonly readManifest?: (source: ManifestSource, branch: string) => Promise<string>;
  readonly now: () => number;
}

export class Intake {
  private readonly deps: IntakeDependencies;

  constructor(deps: IntakeDependencies) {
    this.deps = deps;
  }

  /**
   * Accepts a request, or finds the one that it repeats.
   * @throws Problem `invalid-manifest`, `no-source`, `no-policy`, `key-reused`, `open-request`; LedgerUnavailable
   */
  async take(asked: Asked): Promise<TakenIn> {
    const { ledger } = this.deps;
    if (asked.idempotency !== undefined) {
      const known = await ledger.findIdempotent(asked.idempotency);
      if (known?.state === 'repeated') return { requestId: known.requestId, isNew: false };
      if (known?.state === 'key-reused') throw keyReused();
    }
    const fleet = await this.readFleet(asked.manifest);
    // before anything is kept: every name is known, a policy governs it
    this.expand(fleet, (value) => value);
    const policy = this.policyFor(fleet.manifest);
    const workflowId = workflowIdOf.fleet(fleet.manifest.spec.service, fleet.manifest.metadata.name);

    const open = await ledger.findOpenByWorkflowId(workflowId);
    if (open !== null) return this.compareWithOpen(fleet, open.requestId);
    return this.accept(asked, fleet, policy, workflowId);
  }

  private async accept(
    asked: Asked,
    fleet: Located<FleetManifest>,
    policy: ChosenPolicy,
    workflowId: string,
  ): Promise<TakenIn> {
    const { ledger, signer } = this.deps;
    const requestId = newRequestId();
    const people = peopleOf(fleet.manifest);
    const kept = await this.keep(requestId, [
      ...people,
      asked.requestedFor,
      ...(asked.reason === undefined ? [] : [asked.reason]),
      ...(asked.byName === undefined ? [] : [asked.byName]),
    ]);
    const content = this.expand(fleet, (value) => kept(value));
    const contentHash = digest(canonicalJson(content));
    const acceptedAt = new Date(this.deps.now()).toISOString();
    const request: FleetRequest = {
      version: 1,
      kind: 'Fleet',
      requestId,
      workflowId,
      requester: asked.by,
      ...(asked.byName === undefined ? {} : { requesterName: kept(asked.byName) }),
      requestedFor: kept(asked.requestedFor),
      ...(asked.ticket === undefined ? {} : { ticket: asked.ticket }),
      ...(asked.reason === undefined ? {} : { reason: kept(asked.reason) }),
      ...(typeof asked.manifest === 'string' ? {} : { source: asked.manifest }),
      policy: { name: policy.policy.metadata.name, digest: policy.digest },
      contentHash,
      content,
      acceptedAt,
    };
    const document = canonicalJson(request);
    const requestHash = digest(document);
    const envelope = await signRequest(
      { version: 1, requestId, requestHash, contentHash, workflowId, acceptedAt },
      signer,
    );
    const result = await ledger.acceptRequest({
      requestId,
      accepted: { requestHash, contentHash, workflowId, kind: 'Fleet', document, envelope },
      pinnedPolicy: { name: policy.policy.metadata.name, digest: policy.digest, document: policy.document },
      outbox: startMessage({ workflowId, workflowType: WORKFLOW_TYPE.fleet, requestId }),
      ...(asked.idempotency === undefined ? {} : { idempotency: asked.idempotency }),
    });
    switch (result.state) {
      case 'accepted':
        return { requestId, isNew: true };
      case 'repeated':
        return { requestId: result.requestId, isNew: false };
      case 'key-reused':
        throw keyReused();
      case 'open':
        // somebody was faster between the look and the append
        return this.compareWithOpen(fleet, result.requestId);
    }
  }

  /** The same content is that request; other content has to wait for its end. */
  private async compareWithOpen(fleet: Located<FleetManifest>, requestId: string): Promise<TakenIn> {
    const record = recordOf(await this.deps.ledger.entriesOf(requestId));
    if (record?.request.kind === 'Fleet' && (await this.isSameContent(fleet, record.request))) {
      return { requestId, isNew: false };
    }
    throw new Problem(
      'open-request',
      `The fleet "${fleet.manifest.metadata.name}" has the open request ${requestId} with other content.`,
      {
        requestId,
        remedy: `Wait until ${requestId} has ended, or cancel it (gatehouse cancel ${requestId}), then ask again.`,
      },
    );
  }

  /**
   * References to personal values differ from request to request, so the new manifest is expanded with the references of
   * the open one; a person whom that one does not name has none, which makes the content another one.
   */
  private async isSameContent(fleet: Located<FleetManifest>, open: FleetRequest): Promise<boolean> {
    const refs = open.content.targets.flatMap(({ invite }) => invite.people);
    const values = await this.deps.ledger.personal([...new Set(refs)]);
    const refOf = new Map([...values].map(([ref, value]) => [value, ref]));
    const content = this.expand(fleet, (value) => refOf.get(value) ?? `new ${value}`);
    return digest(canonicalJson(content)) === open.contentHash;
  }

  private async keep(requestId: string, values: readonly string[]): Promise<(value: string) => string> {
    const refs = await this.deps.ledger.keepPersonal(requestId, values);
    const byValue = new Map(values.map((value, index) => [value, refs[index]]));
    return (value) => {
      const ref = byValue.get(value);
      if (ref === undefined) throw new Error('the ledger gave fewer references than values');
      return ref;
    };
  }

  private async readFleet(manifest: string | ManifestSource): Promise<Located<FleetManifest>> {
    const file = typeof manifest === 'string' ? 'manifest' : manifest.path;
    const text = typeof manifest === 'string' ? manifest : await this.readSource(manifest);
    return withManifestFaults(() => readOneFleet(file, text));
  }

  private async readSource(source: ManifestSource): Promise<string> {
    const { readManifest, inventory } = this.deps;
    if (readManifest === undefined) {
      throw new Problem('no-source', 'This installation reads no manifests from Git.', {
        remedy: 'Send the manifest itself.',
      });
    }
    // only projects that an administrator has listed are ever asked for
    const project = inventory.spec.projects.find(({ path }) => path === source.project);
    if (project === undefined) {
      throw new Problem('no-source', `The project "${source.project}" is not in the inventory.`);
    }
    try {
      return await readManifest(source, project.branch);
    } catch (error) {
      if (error instanceof ManifestUnreadable) throw new Problem('no-source', error.message);
      if (error instanceof SourceUnavailable) throw new Problem('unavailable', error.message);
      throw error;
    }
  }

  private expand(fleet: Located<FleetManifest>, refOf: (value: string) => string): FleetContent {
    return withManifestFaults(() => expandFleet(fleet, this.deps.inventory, refOf));
  }

  private policyFor(fleet: FleetManifest): ChosenPolicy {
    try {
      return choosePolicy(this.deps.policies, 'Fleet', fleet.spec.service);
    } catch (error) {
      if (error instanceof PolicyChoiceError) throw new Problem('no-policy', error.message);
      throw error;
    }
  }
}

/** `req-` and 130 random bits in base32. */
function newRequestId(): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
  return `req-${[...randomBytes(26)].map((byte) => alphabet.charAt(byte & 31)).join('')}`;
}

/** Ids of decisions and commands. */
export function newId(): string {
  return randomUUID();
}

function keyReused(): Problem {
  return new Problem('key-reused', 'The Idempotency-Key was sent before with another body.');
}

function withManifestFaults<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    const { faults } = error;
    throw new Problem(
      'invalid-manifest',
      `${faults.length} fault${faults.length === 1 ? '' : 's'} in the manifest.`,
      {
        faults: faults.map(faultOf),
      },
    );
  }
}

function faultOf({ file, line, column, path, message }: ManifestFault): Fault {
  return { place: `${file}:${line}:${column}`, message: path === '' ? message : `${path}: ${message}` };
}
