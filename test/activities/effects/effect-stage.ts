/**
 * The activities of a worker as a worker has them, in this process: real ledger, guard, signatures and clients, against
 * stand-ins in a process of their own. Each request is asked, planned by the real planner and decided by the real keys;
 * a family says how one asks for it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { SandboxEvent } from '../../../sandbox/framework/event-log.js';
import { writeInstallation } from '../../../sandbox/stack/installation.js';
import { temporaryFolder } from '../../../sandbox/stack/temporary-folder.js';
import { personOf, type World } from '../../../sandbox/world.js';
import type { TargetRef } from '../../../src/activities/contracts.js';
import { readInstallation } from '../../../src/config/installation.js';
import type { DecisionClaims } from '../../../src/domain/decision.js';
import type { AnyEntry, EntryBodies } from '../../../src/domain/ledger.js';
import type { PolicyManifest } from '../../../src/domain/manifest.js';
import type { RequestDocument } from '../../../src/domain/request.js';
import { readInstalledFiles } from '../../../src/manifests/installed-files.js';
import { signDecision, signRequest } from '../../../src/security/attestation.js';
import { canonicalJson, digest } from '../../../src/security/canonical.js';
import { KEY_FILES } from '../../../src/security/key-generation.js';
import { KeyRing } from '../../../src/security/keyring.js';
import { parseSigner, type Signer } from '../../../src/security/signer.js';
import { installedSystems } from '../../../src/systems/installed.js';
import { activitiesByQueue } from '../../../src/worker/activities.js';
import { newId } from '../../ledger/fixtures.js';
import { type FreshLedger, freshLedger } from '../../ledger/fresh-ledger.js';
import { type StandIns, startStandInsIn } from '../../systems/stand-ins.js';
import { BreakableLedger } from './breakable-ledger.js';

/** Systems whose calls are cut and whose objects are counted. */
export const SYSTEMS = ['otterize', 'key-vault', 'gitlab', 'kubernetes', 'servicenow', 'harbor'] as const;
export type StandInName = (typeof SYSTEMS)[number];

/** What a system was asked and did between two marks. */
export type SystemEvent = Pick<
  SandboxEvent,
  'operation' | 'phase' | 'effect' | 'object' | 'method' | 'path' | 'caller'
> & {
  readonly from: StandInName;
};
export type Marks = ReadonlyMap<StandInName, number>;

/** A request of one target. */
export type Subject = TargetRef;

export interface AskOptions {
  /** nothing will be made for it: it may ask for what other tests ask for too */
  readonly untouched?: true;
  /** default true: by `ben`, who is a member of the group and neither requester nor beneficiary */
  readonly approved?: boolean;
}

type Activities = ReturnType<typeof activitiesByQueue>;
type Installing = Pick<Parameters<typeof writeInstallation>[0], 'policy' | 'path' | 'stabilisationMs'>;

interface StageParts {
  readonly ledger: FreshLedger;
  readonly breakable: BreakableLedger;
  readonly standIns: StandIns;
  readonly systems: ReturnType<typeof installedSystems>;
  readonly activities: Activities;
  readonly signers: Readonly<Record<'decision' | 'request', Signer>>;
  readonly files: ReturnType<typeof readInstalledFiles>;
  readonly closing: readonly (() => Promise<void>)[];
}

/** Stand-ins, ledger and activities of an installation. */
export async function openParts(world: World, installing: Installing): Promise<StageParts> {
  const folder = await temporaryFolder('effects');
  const names = ['directory', 'oidc', 'tickets', 'mail', 'checks', ...SYSTEMS];
  const [standIns, ledger] = await Promise.all([startStandInsIn(world, names), freshLedger()]);
  const written = await writeInstallation({
    world,
    addresses: standIns.addresses,
    folder: folder.path,
    publicUrl: 'http://127.0.0.1:1',
    ...installing,
  });
  const installation = readInstallation(written.file);
  const files = readInstalledFiles(installation);
  const systems = installedSystems(installation);
  const breakable = new BreakableLedger(ledger.worker);
  const signer = (name: 'decision' | 'request') =>
    parseSigner(readFileSync(join(folder.path, 'keys', KEY_FILES[name]), 'utf8'));
  return {
    ledger,
    breakable,
    standIns,
    systems,
    files,
    signers: { decision: await signer('decision'), request: await signer('request') },
    activities: activitiesByQueue({
      installation,
      ledger: breakable.worker,
      ring: await KeyRing.read(written.keyRing),
      systems,
      inventory: files.inventory,
      paths: files.paths.map(({ manifest }) => manifest),
      policyFor: files.policyFor,
    }),
    closing: [() => ledger.close(), () => standIns.close(), () => folder.remove()],
  };
}

export abstract class EffectStage<S extends Subject = Subject> {
  readonly gate: string;
  readonly ledger: FreshLedger;
  readonly breakable: BreakableLedger;
  readonly standIns: StandIns;
  readonly systems: ReturnType<typeof installedSystems>;
  readonly world: World;
  protected readonly files: ReturnType<typeof readInstalledFiles>;
  readonly #activities: Activities;
  readonly #signers: Readonly<Record<'decision' | 'request', Signer>>;
  readonly #closing: readonly (() => Promise<void>)[];
  readonly #vaultCa: string;

  protected constructor(parts: StageParts, gate: string) {
    this.gate = gate;
    this.ledger = parts.ledger;
    this.breakable = parts.breakable;
    this.standIns = parts.standIns;
    this.systems = parts.systems;
    this.world = parts.standIns.world;
    this.files = parts.files;
    this.#activities = parts.activities;
    this.#signers = parts.signers;
    this.#closing = parts.closing;
    this.#vaultCa = readFileSync(parts.standIns.origin('caFile'), 'utf8');
  }

  async close(): Promise<void> {
    for (const close of this.#closing) await close();
  }

  /** Asks, plans, and has it approved. */
  abstract ask(options?: AskOptions): Promise<S>;

  /** Requests of tests have each a workflow of their own. */
  abstract workflowIdOf(requestId: string): string;

  /** A target of this family that no request of the tests names. */
  abstract unnamed(): string;

  /** Signs a request and puts it into the ledger, as intake does; nothing is planned yet. */
  protected async keep<R extends RequestDocument>(request: R, policy: PolicyManifest): Promise<R> {
    const document = canonicalJson(request);
    const { requestId, contentHash, acceptedAt, workflowId, kind } = request;
    const requestHash = digest(document);
    const envelope = await signRequest(
      { version: 1, requestId, requestHash, contentHash, workflowId, acceptedAt },
      this.#signers.request,
    );
    await this.ledger.api.acceptRequest({
      requestId,
      accepted: { requestHash, contentHash, workflowId, kind, document, envelope },
      pinnedPolicy: {
        name: policy.metadata.name,
        digest: request.policy.digest,
        document: canonicalJson(policy),
      },
      outbox: { kind: 'start', payload: '{}' },
    });
    return request;
  }

  /** Opens the gate of the plan in force; `ben` says yes, and it is closed, unless it is said otherwise. */
  protected async agree(request: RequestDocument, { approved = true }: AskOptions): Promise<void> {
    const { requestId } = request;
    const { gate } = this;
    const plan = (await this.entries(requestId)).findLast((entry) => entry.type === 'plan.recorded');
    if (plan?.type !== 'plan.recorded') throw new Error('nothing is planned');
    const { epoch } = plan.body;
    await this.ledger.worker.openGate(requestId, { gate, epoch, openedAt: new Date().toISOString() });
    if (!approved) return;
    await this.#approve(request, plan.body);
    await this.ledger.worker.closeGate(requestId, { gate, epoch, result: 'passed' });
  }

  /** As the API records it. */
  async #approve(request: RequestDocument, plan: EntryBodies['plan.recorded']): Promise<void> {
    const { requestId, workflowId, policy } = request;
    const personId = await this.personId('ben');
    const claims: DecisionClaims = {
      version: 1,
      requestId,
      requestHash: digest(canonicalJson(request)),
      planDigest: plan.digest,
      policyDigest: policy.digest,
      workflowId,
      gate: this.gate,
      epoch: plan.epoch,
      decision: 'approve',
      evidence: {},
      approver: {
        issuer: 'https://id.example.com',
        subject: 'ben',
        accountId: personOf(this.world, 'ben').id,
        personId,
      },
      authTime: Math.floor(Date.now() / 1000),
      jti: newId('jti'),
      issuedAt: new Date().toISOString(),
    };
    const { gate, epoch, decision, jti } = claims;
    const envelope = await signDecision(claims, this.#signers.decision);
    await this.ledger.api.recordDecision(
      requestId,
      { gate, epoch, decision, personId, jti, envelope },
      { kind: 'signal', payload: '{}' },
    );
  }

  protected async personId(person: string): Promise<string> {
    const found = await this.systems.directory.personOf(personOf(this.world, person).id);
    return found?.personId ?? '';
  }

  /**
   * Runs one activity as a worker does.
   * @param input as a workflow gives it
   */
  async run(
    queue: keyof Activities,
    name: string,
    input: { readonly requestId: string; readonly [field: string]: unknown },
  ): Promise<unknown> {
    const activity: unknown = Reflect.get(this.#activities[queue], name);
    if (typeof activity !== 'function') throw new Error(`the queue ${queue} has no activity ${name}`);
    const environment = new MockActivityEnvironment(
      {
        heartbeatTimeoutMs: 1_000,
        activityType: name,
        workflowExecution: { workflowId: this.workflowIdOf(input.requestId), runId: 'test' },
      },
      { logger: new DefaultLogger('ERROR') },
    );
    return await environment.run(
      async (): Promise<unknown> => await Reflect.apply(activity, undefined, [input]),
    );
  }

  control(system: StandInName) {
    return this.standIns.control(system, system === 'key-vault' ? this.#vaultCa : undefined);
  }

  /** Where the systems' event logs stand now. */
  async marks(): Promise<Marks> {
    const last = async (system: StandInName) => (await this.control(system).events()).at(-1)?.seq ?? 0;
    const marks = await Promise.all(SYSTEMS.map(async (system) => [system, await last(system)] as const));
    return new Map(marks);
  }

  /** What the systems were asked and what they did since. */
  async since(marks: Marks): Promise<readonly SystemEvent[]> {
    const lists = await Promise.all(
      SYSTEMS.map(async (from) =>
        (await this.control(from).events(marks.get(from))).map((event) => ({ ...event, from })),
      ),
    );
    // Argo CD and the secrets operator of the stand-in act by themselves: in no request, or by calls that say so
    return lists.flat().filter(({ requestIndex, caller }) => requestIndex > 0 && caller === undefined);
  }

  async entries(requestId: string): Promise<readonly AnyEntry[]> {
    return await this.ledger.worker.entriesOf(requestId);
  }

  /** Everything works again. */
  async mend(): Promise<void> {
    await Promise.all(SYSTEMS.map((system) => this.control(system).removeFaults()));
  }
}
