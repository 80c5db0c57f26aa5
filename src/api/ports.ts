/** What the API needs from outside: handed in by server.ts, so that tests hand in their own. */
import type { Fitness } from '../config/temporal-fitness.js';
import type { DecisionNotice } from '../domain/decision.js';
import type { Identity } from '../domain/identity.js';
import type { InventoryManifest, PolicyManifest } from '../domain/manifest.js';
import type { CommandAnswer, OperatorCommand, UPDATE } from '../domain/messages.js';
import type { RunLook } from '../domain/status/attempts.js';
import type { ApiLedger, Checkpoint } from '../ledger/ports.js';
import type { InstalledPath } from '../manifests/installed-files.js';
import type { KeyRing } from '../security/keyring.js';
import type { EncryptionCodec } from '../security/payload-codec.js';
import type { Signer } from '../security/signer.js';
import type { SignIn } from './sign-in/sign-in.js';

export type CommandName = keyof typeof UPDATE;

/**
 * How a workflow took a message:
 * - `answered` with its answer
 * - `absent` there is no running workflow of this id: not started yet, or ended
 * - `unavailable` Temporal or the workers did not answer in time: whether it arrived is unknown
 */
export type CommandOutcome =
  | { readonly state: 'answered'; readonly answer: CommandAnswer }
  | { readonly state: 'absent' | 'unavailable' };

/** Workflows as the API knows them. Implemented by temporal-commands.ts. */
export interface WorkflowPort {
  /**
   * Starts the workflow of a request; starting it again does nothing.
   * @throws WorkflowBusy when another request's run holds the workflow id
   */
  start(workflowId: string, workflowType: string, requestId: string): Promise<void>;
  /** Tells a workflow of a decision. A workflow that does not run (any more) reads the ledger when it starts: no error. */
  notify(workflowId: string, notice: DecisionNotice): Promise<void>;
  /** Tells a workflow that something outside it changed. One that does not run looks when it starts: no error. */
  tellNews(workflowId: string): Promise<void>;
  /** Sends an operator's command; the same command id has the same answer. */
  command(workflowId: string, command: CommandName, body: OperatorCommand): Promise<CommandOutcome>;
  /** What Temporal knows of the attempts of a run now. Never throws: what cannot be seen is told as that. */
  look(workflowId: string): Promise<RunLook>;
  /** Whether the namespace can carry the work. @throws when Temporal cannot be reached */
  fitness(): Promise<readonly Fitness[]>;
}

/** Where a manifest lies in Git. */
export interface ManifestSource {
  readonly project: string;
  readonly path: string;
  readonly commit: string;
}

/** A manifest could not be read from Git; the message says what to do and may be shown to the caller. */
export class ManifestUnreadable extends Error {
  override readonly name = 'ManifestUnreadable';
}

/** Git does not answer: whether the manifest can be read is unknown. */
export class SourceUnavailable extends Error {
  override readonly name = 'SourceUnavailable';
}

/** Somebody outside the database who keeps checkpoints. */
export interface Witness {
  /** names the place; another place begins anew */
  readonly place: string;
  /**
   * Keeps checkpoints; those that are there already are left alone.
   * @returns where they stand now, e.g. the id of a commit
   * @throws WitnessContradiction, and what its client throws
   */
  keep(checkpoints: readonly Checkpoint[]): Promise<string>;
}

/** The witness holds another checkpoint of the same position: either the ledger or the witness was rewritten. */
export class WitnessContradiction extends Error {
  override readonly name = 'WitnessContradiction';

  /** @param where the file that says otherwise */
  constructor(where: string) {
    super(`${where} holds another checkpoint. Compare it with the ledger before anything else.`);
  }
}

export interface TicketHooks {
  /** Standard Webhooks secrets, `whsec_…`: two while the ticket system rotates */
  readonly secrets: readonly string[];
  /** opaque id under which the ticket system asks; it is the requester of its requests */
  readonly clientId: string;
}

/** Whether a caller could be known at all: the provider's or the directory's trouble is not the caller's. */
export class IdentityUnavailable extends Error {
  override readonly name = 'IdentityUnavailable';
}

export interface CodecMount {
  readonly codec: EncryptionCodec;
  readonly namespace: string;
  /** exact origins of Temporal UIs */
  readonly origins: readonly string[];
  /** the OIDC client of the Temporal UI: tokens made for it read payloads and nothing else */
  readonly uiClient?: string;
}

export interface ApiDependencies {
  readonly ledger: ApiLedger;
  readonly workflows: WorkflowPort;
  readonly inventory: InventoryManifest;
  readonly policies: readonly PolicyManifest[];
  /** promotion paths; absent or none: the family is absent from the API */
  readonly paths?: readonly InstalledPath[];
  readonly ring: KeyRing;
  readonly signers: { readonly decision: Signer; readonly request: Signer };
  /** @throws IdentityUnavailable when nobody can be known now; anything else for a token that is not to be trusted */
  readonly verifyToken: (token: string) => Promise<Identity>;
  /** where people reach the page, e.g. `https://gatehouse.example.com`; no slash at the end */
  readonly publicUrl: string;
  /** absent: no page sessions, bearer tokens only */
  readonly signIn?: SignIn;
  /** client ids of machines that may ask; groups count too */
  readonly machineRequesters?: readonly string[];
  readonly ticketHooks?: TicketHooks;
  readonly codec?: CodecMount;
  /**
   * @param branch of the project, as the inventory names it
   * @throws ManifestUnreadable, SourceUnavailable
   */
  readonly readManifest?: (source: ManifestSource, branch: string) => Promise<string>;
  /** makes sure that a signed checkpoint covers an entry; absent: this process signs none */
  readonly coverEntry?: (seq: number) => Promise<void>;
  /** how many checkpoints do not stand outside the database yet; absent: nobody keeps them there */
  readonly checkpointsBehind?: () => Promise<number>;
  /** which proxies' X-Forwarded-For is believed, for the rate limit; absent: none */
  readonly trustedProxies?: string;
  /** wanted as bearer token by /metrics; absent: open to whoever reaches the port */
  readonly metricsToken?: string;
  /** milliseconds since the epoch */
  readonly now: () => number;
}
