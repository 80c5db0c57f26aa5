/** The real workflow bundle with the real ledger, guard and signatures, on a Temporal server that the caller brings. */
import { randomUUID } from 'node:crypto';
import { type Client, type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { Authority } from '../../src/activities/guard/authority.js';
import { EffectGuard, selectCluster } from '../../src/activities/guard/effect-guard.js';
import { ACTIVITY_INTERCEPTORS } from '../../src/activities/interceptors.js';
import { createLedgerActivities } from '../../src/activities/ledger/activities.js';
import type { DecisionClaims, Verdict } from '../../src/domain/decision.js';
import type { AnyEntry } from '../../src/domain/ledger.js';
import type { GatePolicy, InventoryManifest, PolicyManifest } from '../../src/domain/manifest.js';
import {
  type CommandName,
  type FleetProgress,
  type OperatorCommand,
  QUERY,
  type RequestInput,
  SIGNAL,
  UPDATE,
  WORKFLOW_TYPE,
} from '../../src/domain/messages.js';
import { currentPlan, entriesOfType, type RequestRecord } from '../../src/domain/record.js';
import {
  type ClusterTarget,
  type FleetContent,
  type FleetRequest,
  workflowIdOf,
} from '../../src/domain/request.js';
import { taskQueue } from '../../src/domain/task-queues.js';
import { recordOf } from '../../src/ledger/record.js';
import { signDecision, signRequest } from '../../src/security/attestation.js';
import { canonicalJson, digest } from '../../src/security/canonical.js';
import { KeyRing } from '../../src/security/keyring.js';
import type { FreshLedger } from '../ledger/fresh-ledger.js';
import { newSigners, type Signers } from '../ledger/signed-request.js';
import { PlayedSystems } from './played-systems.js';

export interface EngineOptions {
  readonly client: Client;
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly dataConverter: DataConverter;
  readonly workflowBundle: NonNullable<WorkerOptions['workflowBundle']>;
  readonly ledger: FreshLedger;
  /** name of the workers in histories; default: process and host */
  readonly identity?: string;
}

export interface Asked {
  readonly requestId: string;
  readonly workflowId: string;
}

export interface AskOptions {
  /** names of the clusters, all of stage `dev`; default: one */
  readonly clusters?: readonly string[];
  readonly gates: readonly GatePolicy[];
  readonly fleet?: string;
  readonly maxInFlight?: number;
}

const SERVICE = 'otterize';
const STAGE = 'dev';
const GROUPS = { procurement: 'g-procurement', dpo: 'g-dpo', operators: 'g-operators' } as const;
const INVENTORY: InventoryManifest = {
  apiVersion: 'gatehouse/v1',
  kind: 'Inventory',
  metadata: { name: 'harbour' },
  spec: {
    clusters: [],
    secretStores: [],
    projects: [],
    services: {},
    groups: GROUPS,
    roles: { requesters: [], operators: [], auditors: [] },
  },
};

export class Engine {
  readonly ledger: FreshLedger;
  readonly client: Client;
  readonly systems: PlayedSystems;
  private readonly prefix = `engine-${randomUUID().slice(0, 8)}`;
  private readonly signers: Signers;
  private policy: PolicyManifest | undefined;
  private workers: readonly Worker[] = [];
  private running: Promise<unknown> = Promise.resolve();

  private constructor(options: EngineOptions, signers: Signers, guardRing: KeyRing) {
    this.ledger = options.ledger;
    this.client = options.client;
    this.signers = signers;
    const authority = new Authority(this.ledger.worker, guardRing);
    const guard = new EffectGuard(this.ledger.worker, authority, {
      select: selectCluster,
      policyFor: () => this.policy,
      inventory: INVENTORY,
      membership: {
        isMember: () => Promise.resolve(true),
        personIdOf: (accountId) => Promise.resolve(accountId.replace(/^a-/, '')),
      },
    });
    this.systems = new PlayedSystems(this.ledger.worker, guard);
    this.activities = {
      ledger: createLedgerActivities({ ledger: this.ledger.worker, authority, guard }),
      ...this.systems.byQueue(),
    };
  }

  private readonly activities: Readonly<Record<string, object>>;

  /** Starts workers for all queues. Call `close` at the end. */
  static async start(options: EngineOptions): Promise<Engine> {
    const signers = await newSigners();
    const ring = await KeyRing.parse(JSON.stringify({ keys: signers.ring }));
    const engine = new Engine(options, signers, ring);
    const { connection, namespace, dataConverter, workflowBundle, identity } = options;
    const common = {
      connection,
      namespace,
      dataConverter,
      ...(identity === undefined ? {} : { identity }),
    };
    const workers = [
      await Worker.create({
        ...common,
        workflowBundle,
        taskQueue: taskQueue(engine.prefix, 'workflows'),
        stickyQueueScheduleToStartTimeout: '2 s',
      }),
    ];
    for (const [queue, activities] of Object.entries(engine.activities)) {
      workers.push(
        await Worker.create({
          ...common,
          taskQueue: `${engine.prefix}-${queue}`,
          activities,
          interceptors: { activity: ACTIVITY_INTERCEPTORS },
        }),
      );
    }
    engine.workers = workers;
    engine.running = Promise.all(workers.map((worker) => worker.run()));
    return engine;
  }

  async close(): Promise<void> {
    for (const worker of this.workers) worker.shutdown();
    await this.running;
  }

  /** Accepts a signed request, as the API does, and starts its workflow. */
  async ask(options: AskOptions): Promise<Asked> {
    const requestId = `req-${randomUUID()}`;
    const workflowId = workflowIdOf.fleet(SERVICE, options.fleet ?? requestId);
    const [requestedFor = ''] = await this.ledger.api.keepPersonal(requestId, ['ada@example.com']);
    const policy: PolicyManifest = {
      apiVersion: 'gatehouse/v1',
      kind: 'Policy',
      metadata: { name: 'saas' },
      spec: { appliesTo: { kind: 'Fleet', service: SERVICE }, gates: options.gates, whileOpen: 'refuse' },
    };
    this.policy = policy;
    const policyText = canonicalJson(policy);
    const content: FleetContent = {
      service: SERVICE,
      fleet: 'harbour',
      maxInFlight: options.maxInFlight ?? 2,
      targets: (options.clusters ?? ['harbour-01']).map((name) => targetOf(name, requestedFor)),
    };
    const document: FleetRequest = {
      version: 1,
      kind: 'Fleet',
      requestId,
      workflowId,
      requester: { kind: 'person', id: 'p-ada' },
      requestedFor,
      policy: { name: 'saas', digest: digest(policyText) },
      contentHash: digest(canonicalJson(content)),
      content,
      acceptedAt: new Date().toISOString(),
    };
    const text = canonicalJson(document);
    const { contentHash, acceptedAt } = document;
    const requestHash = digest(text);
    const envelope = await signRequest(
      { version: 1, requestId, requestHash, contentHash, workflowId, acceptedAt },
      this.signers.request,
    );
    await this.ledger.api.acceptRequest({
      requestId,
      accepted: { requestHash, contentHash, workflowId, kind: 'Fleet', document: text, envelope },
      pinnedPolicy: { name: 'saas', digest: document.policy.digest, document: policyText },
      outbox: { kind: 'start', payload: '{}' },
    });
    const input: RequestInput = { requestId, timing: 'brisk' };
    await this.client.workflow.start(WORKFLOW_TYPE.fleet, {
      workflowId,
      taskQueue: taskQueue(this.prefix, 'workflows'),
      args: [input],
    });
    return { requestId, workflowId };
  }

  /** A person decides: signed, appended, told, as the API does. @returns what the ledger answered */
  async decide(
    asked: Asked,
    gate: string,
    person: string,
    decision: Verdict = 'approve',
    evidence: DecisionClaims['evidence'] = {},
  ): Promise<string> {
    const record = await this.record(asked);
    const plan = currentPlan(record);
    const jti = randomUUID();
    const claims: DecisionClaims = {
      version: 1,
      requestId: asked.requestId,
      requestHash: record.accepted.body.requestHash,
      planDigest: plan?.digest ?? '',
      policyDigest: record.request.policy.digest,
      workflowId: asked.workflowId,
      gate,
      epoch: plan?.epoch ?? 0,
      decision,
      evidence,
      approver: {
        issuer: 'https://id.example.com',
        subject: person,
        accountId: `a-p-${person}`,
        personId: `p-${person}`,
      },
      authTime: Math.floor(Date.now() / 1000),
      jti,
      issuedAt: new Date().toISOString(),
    };
    const envelope = await signDecision(claims, this.signers.decision);
    const { epoch, approver } = claims;
    const answer = await this.ledger.api.recordDecision(
      asked.requestId,
      { gate, epoch, decision, personId: approver.personId, jti, envelope },
      { kind: 'signal', payload: '{}' },
    );
    await this.handle(asked).signal(SIGNAL.decision, { jti, envelope });
    return answer.state;
  }

  /** An operator commands: appended, then sent as an update. @returns the workflow's answer */
  async command(asked: Asked, command: CommandName, targets: readonly string[] = []): Promise<unknown> {
    return this.deliver(asked, command, await this.give(asked, command, targets));
  }

  /** The ledger knows of the command; the run has not been told. */
  async give(asked: Asked, command: CommandName, targets: readonly string[] = []): Promise<OperatorCommand> {
    const commandId = randomUUID();
    await this.ledger.api.recordCommand(
      asked.requestId,
      { commandId, command, targets, by: { kind: 'person', id: 'p-olga' } },
      { kind: 'command', payload: '{}' },
    );
    return { commandId, targets };
  }

  /** Tells the run of a command that was given. @returns its answer; undefined when the run is over already */
  async deliver(asked: Asked, command: CommandName, given: OperatorCommand): Promise<unknown> {
    const args: [OperatorCommand] = [given];
    try {
      return await this.handle(asked).executeUpdate<unknown, [OperatorCommand]>(UPDATE[command], { args });
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  }

  /** What the run itself says. */
  async progress(asked: Asked): Promise<Pick<FleetProgress, 'paused' | 'targets'>> {
    const { paused, targets } = await this.handle(asked).query<FleetProgress>(QUERY.progress);
    return { paused, targets };
  }

  handle({ workflowId }: Asked): WorkflowHandle {
    return this.client.workflow.getHandle(workflowId);
  }

  async entries<T extends AnyEntry['type']>(
    { requestId }: Asked,
    type: T,
  ): Promise<readonly Extract<AnyEntry, { type: T }>[]> {
    return entriesOfType(await this.ledger.worker.entriesOf(requestId), type);
  }

  private async record({ requestId }: Asked): Promise<RequestRecord> {
    const record = recordOf(await this.ledger.worker.entriesOf(requestId));
    if (record === null) throw new Error(`the ledger knows no ${requestId}`);
    return record;
  }
}

function targetOf(cluster: string, person: string): ClusterTarget {
  const name = `${cluster}-${STAGE}`;
  return {
    key: `${cluster}/${STAGE}`,
    cluster,
    stage: STAGE,
    organisation: name,
    environment: { name, labels: {} },
    integration: name,
    invite: { domain: 'example.com', people: [person], groups: [] },
    secretStore: { kind: 'vault', name: 'kv', url: 'https://vault.example.com' },
    values: {
      project: 'platform/clusters',
      branch: 'main',
      file: `${cluster}/${STAGE}/otterize.yaml`,
      mode: 'client-id',
      key: 'global.otterizeCloud.credentials',
    },
    application: { connection: 'management', namespace: 'argocd', name: `${name}-otterize` },
    externalSecret: { connection: cluster, namespace: 'otterize-system', name: 'otterize-cloud' },
    adopt: false,
  };
}
