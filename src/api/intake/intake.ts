/** Takes a request in: reads the manifest, pins the policy, signs the document, appends it with the start of its workflow. */
import type { InventoryManifest, PolicyManifest } from '../../domain/manifest.js';
import { workflowTypeOf } from '../../domain/messages.js';
import type { Actor, RequestDocument } from '../../domain/request.js';
import { directoriesOfPaths } from '../../domain/values-places.js';
import type { AcceptResult, ApiLedger, IdempotencyKey } from '../../ledger/ports.js';
import { recordOf } from '../../ledger/record.js';
import type { InstalledPath } from '../../manifests/installed-files.js';
import { type ChosenPolicy, choosePolicy, PolicyChoiceError } from '../../manifests/policies.js';
import { isFleet, readOneRequest } from '../../manifests/read.js';
import { signRequest } from '../../security/attestation.js';
import { canonicalJson, digest } from '../../security/canonical.js';
import type { Signer } from '../../security/signer.js';
import { TURNS } from '../limits.js';
import { newRequestId } from '../new-ids.js';
import { startMessage } from '../outbox-messages.js';
import { type ManifestSource, ManifestUnreadable, SourceUnavailable } from '../ports.js';
import { Problem } from '../problems.js';
import { wantedFleet } from './fleet.js';
import { inFile, withManifestFaults } from './manifest-faults.js';
import { wantedPromotion } from './promotion.js';
import { keyReused, noPromotions, openRequest } from './refusals.js';
import { inBody, manifestTextOf, type PromotionShorthand } from './shorthand.js';
import type { Superseding } from './superseding.js';
import type { RefOf, Wanted } from './wanted.js';

/** YAML or JSON text; where it lies in Git; or a promotion in the words of the call. */
export type AskedManifest =
  | { readonly text: string }
  | { readonly source: ManifestSource }
  | { readonly promotion: PromotionShorthand };

export interface Asked {
  readonly by: Actor;
  /** how the caller is called, for those who decide; unset for machines */
  readonly byName?: string;
  readonly kind: RequestDocument['kind'];
  readonly manifest: AskedManifest;
  /** e-mail of the person it is for */
  readonly requestedFor?: string;
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
  /** of promotions; none: this installation promotes nothing */
  readonly paths: readonly InstalledPath[];
  readonly signer: Signer;
  readonly superseding: Superseding;
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
   * @throws Problem `invalid-manifest`, `malformed`, `no-source`, `no-policy`, `no-promotions`, `key-reused`,
   *   `open-request`; LedgerUnavailable
   */
  async take(asked: Asked): Promise<TakenIn> {
    const { ledger } = this.deps;
    if (asked.idempotency !== undefined) {
      const known = await ledger.findIdempotent(asked.idempotency);
      if (known?.state === 'repeated') return { requestId: known.requestId, isNew: false };
      if (known?.state === 'key-reused') throw keyReused();
    }
    // before anything is kept: every name is known, a policy governs it
    const wanted = await this.read(asked);
    const policy = this.policyFor(wanted);
    refuseSilentException(wanted, asked);

    const requestId = newRequestId();
    const open = await ledger.findOpenByWorkflowId(wanted.workflowId);
    if (open !== null) {
      if (await this.isSame(wanted, open.requestId)) return { requestId: open.requestId, isNew: false };
      if (wanted.turn === undefined) {
        await this.deps.superseding.makeWay(wanted, open.requestId, { requestId, by: asked.by });
      } else {
        await this.refuseLongLine(wanted, open.requestId);
      }
    }
    const result = await this.accept(requestId, asked, wanted, policy);
    switch (result.state) {
      case 'accepted':
        return { requestId, isNew: true };
      case 'repeated':
        return { requestId: result.requestId, isNew: false };
      case 'key-reused':
        throw keyReused();
      case 'open':
        // somebody was faster between the look and the append
        if (await this.isSame(wanted, result.requestId)) return { requestId: result.requestId, isNew: false };
        throw openRequest(wanted, result.requestId);
    }
  }

  /** A line that nobody works off would fill the ledger. */
  private async refuseLongLine(wanted: Wanted, newestId: string): Promise<void> {
    const line = await this.deps.ledger.openRequests(wanted.workflowId);
    if (line.length <= TURNS.mostWaiting) return;
    throw openRequest(
      wanted,
      newestId,
      `${line.length - 1} requests wait for their turn already`,
      `See what ${line[0]?.requestId ?? newestId} waits for, and cancel what nobody needs any more.`,
    );
  }

  private async accept(
    requestId: string,
    asked: Asked,
    wanted: Wanted,
    policy: ChosenPolicy,
  ): Promise<AcceptResult> {
    const { ledger, signer } = this.deps;
    const { requestedFor, reason, byName, ticket, manifest } = asked;
    const kept = await this.keep(
      requestId,
      [...wanted.people, requestedFor, reason, byName].filter((value) => value !== undefined),
    );
    const acceptedAt = new Date(this.deps.now()).toISOString();
    const request = wanted.document(
      {
        version: 1,
        requestId,
        workflowId: wanted.workflowId,
        requester: asked.by,
        ...(byName === undefined ? {} : { requesterName: kept(byName) }),
        ...(ticket === undefined ? {} : { ticket }),
        ...(reason === undefined ? {} : { reason: kept(reason) }),
        ...('source' in manifest ? { source: manifest.source } : {}),
        policy: { name: policy.policy.metadata.name, digest: policy.digest },
        acceptedAt,
      },
      requestedFor === undefined ? undefined : kept(requestedFor),
      kept,
    );
    const { workflowId, kind, contentHash } = request;
    const document = canonicalJson(request);
    const requestHash = digest(document);
    const envelope = await signRequest(
      { version: 1, requestId, requestHash, contentHash, workflowId, acceptedAt },
      signer,
    );
    return ledger.acceptRequest({
      requestId,
      accepted: { requestHash, contentHash, workflowId, kind, document, envelope },
      pinnedPolicy: { name: policy.policy.metadata.name, digest: policy.digest, document: policy.document },
      outbox: startMessage({ workflowId, workflowType: workflowTypeOf(kind, workflowId), requestId }),
      ...(wanted.turn === undefined ? {} : { turn: wanted.turn }),
      ...(asked.idempotency === undefined ? {} : { idempotency: asked.idempotency }),
    });
  }

  /**
   * References to personal values differ from request to request, so the new content is made with the references of the
   * open one; a person whom that one does not name has none, which makes the content another one.
   */
  private async isSame(wanted: Wanted, openId: string): Promise<boolean> {
    const record = recordOf(await this.deps.ledger.entriesOf(openId));
    if (record === null || record.request.kind !== wanted.kind) return false;
    const refs = [...new Set(wanted.refsIn(record.request))];
    const values = await this.deps.ledger.personal(refs);
    const refOf = new Map([...values].map(([ref, value]) => [value, ref]));
    return wanted.contentHash((value) => refOf.get(value) ?? `new ${value}`) === record.request.contentHash;
  }

  private async keep(requestId: string, values: readonly string[]): Promise<RefOf> {
    const refs = values.length === 0 ? [] : await this.deps.ledger.keepPersonal(requestId, values);
    const byValue = new Map(values.map((value, index) => [value, refs[index]]));
    return (value) => {
      const ref = byValue.get(value);
      if (ref === undefined) throw new Error('the ledger gave fewer references than values');
      return ref;
    };
  }

  private async read({ manifest, kind }: Asked): Promise<Wanted> {
    const { inventory, paths } = this.deps;
    const file = 'source' in manifest ? manifest.source.path : 'manifest';
    const text =
      'text' in manifest
        ? manifest.text
        : 'source' in manifest
          ? await this.readSource(manifest.source)
          : manifestTextOf(manifest.promotion);
    const placeOf = 'promotion' in manifest ? inBody : inFile;
    const located = withManifestFaults(() => readOneRequest(file, text), placeOf);
    if (located.manifest.kind !== kind) {
      throw new Problem('malformed', `The call says ${kind}, the manifest ${located.manifest.kind}.`, {
        faults: [{ place: 'body.kind', message: `must be the kind of the manifest` }],
      });
    }
    if (isFleet(located)) {
      return wantedFleet(located, inventory, directoriesOfPaths(paths.map((path) => path.manifest)));
    }
    if (paths.length === 0) throw noPromotions();
    return wantedPromotion(located, paths, placeOf);
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

  private policyFor({ subject }: Wanted): ChosenPolicy {
    try {
      return choosePolicy(this.deps.policies, subject);
    } catch (error) {
      if (error instanceof PolicyChoiceError) throw new Problem('no-policy', error.message);
      throw error;
    }
  }
}

/** Whoever goes round the normal way says why, and those who decide read it. */
function refuseSilentException({ subject }: Wanted, { reason }: Asked): void {
  if (subject.kind !== 'Promotion' || subject.exception === undefined || reason !== undefined) return;
  throw new Problem('malformed', `A ${subject.exception} needs a reason.`, {
    faults: [{ place: 'body.reason', message: 'say why it goes round the normal way' }],
  });
}
