/** Puts the API together from an installation: ledger, Temporal, keys, sign-in. */
import { Client, Connection } from '@temporalio/client';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { type Installation, InstallationError, readKeyFile, readSecret } from '../config/installation.js';
import { setting } from '../config/settings.js';
import { temporalConfig } from '../config/temporal.js';
import { neededQueues, taskQueue } from '../domain/task-queues.js';
import { LedgerDatabase } from '../ledger/database.js';
import { PgApiLedger } from '../ledger/pg-api.js';
import { readInstalledFiles } from '../manifests/installed-files.js';
import { CodecKeys } from '../security/codec-keys.js';
import { createDataConverter } from '../security/data-converter.js';
import { KeyRing } from '../security/keyring.js';
import { TokenError, TokenVerifier } from '../security/oidc.js';
import { EncryptionCodec } from '../security/payload-codec.js';
import { identityBehind, type PersonLookup } from '../security/person.js';
import { readSigner, type Signer } from '../security/signer.js';
import { buildApp } from './app.js';
import { CheckpointPublisher } from './checkpoint-publisher.js';
import { Checkpointer } from './checkpointer.js';
import { type SystemFacts, systemFacts } from './facts.js';
import { OutboxDispatcher } from './outbox-dispatcher.js';
import { type ApiDependencies, IdentityUnavailable } from './ports.js';
import { ProgressFeed } from './progress-feed.js';
import { OidcSignIn } from './sign-in/sign-in.js';
import { TemporalWorkflows } from './temporal-commands.js';

/** Who signs in, and what the token for the API is to say of him. */
const SCOPE = 'openid profile email groups';
/** The requester of what tickets ask for. */
const TICKETS = 'ticketing';

export interface RunningApi {
  readonly app: FastifyInstance;
  /** Ends in order: no more calls, the outbox in hand, a last checkpoint, connections. */
  close(): Promise<void>;
}

/**
 * Starts everything but the listening.
 * @throws InstallationError, ManifestError, LedgerMisconfigured, and what Temporal's client throws when it cannot connect
 */
export async function startApi(
  installation: Installation,
  logger: Logger,
  facts: SystemFacts = systemFacts(installation),
): Promise<RunningApi> {
  const database = new LedgerDatabase({
    connectionString: setting('GATEHOUSE_LEDGER_URL'),
    applicationName: 'gatehouse-api',
  });
  const ledger = new PgApiLedger(database);
  const { connection: connectOptions, namespace } = temporalConfig();
  // connects when first used: the API takes requests and decisions while Temporal is down, the outbox carries them later
  const connection = Connection.lazy(connectOptions);
  const codecKeys = CodecKeys.parse(readKeyFile(installation.keys.codec));
  const client = new Client({
    connection,
    namespace,
    dataConverter: createDataConverter({ keys: codecKeys, namespace }),
  });
  const { inventory, policies, paths } = readInstalledFiles(installation);
  const workflows = new TemporalWorkflows({
    client,
    connection,
    place: {
      namespace,
      taskQueuePrefix: installation.taskQueuePrefix,
      queues: neededQueues(paths.length > 0),
    },
    taskQueue: taskQueue(installation.taskQueuePrefix, 'workflows'),
    timing: installation.timing,
  });
  const verifyToken = tokenVerifier(installation, facts.lookUpPerson);
  const { temporalUiOrigin, temporalUiClientId } = installation.page;
  const feed = new ProgressFeed(ledger);
  const publisher =
    facts.witness === undefined ? undefined : new CheckpointPublisher(ledger, facts.witness, logger);
  const checkpointer =
    installation.keys.checkpoint === undefined
      ? undefined
      : new Checkpointer(ledger, await signerOf(installation, 'checkpoint'), logger, async () =>
          publisher?.publish(),
        );
  if (publisher !== undefined && checkpointer === undefined) {
    throw new InstallationError(
      'checkpoints is set, but keys.checkpoint is not: the API publishes what it signs. Name the key, or leave checkpoints out.',
    );
  }
  const { machineRequesters, trustedProxies, metricsTokenFile } = installation.api ?? {};
  const app = await buildApp(
    {
      ledger,
      workflows,
      inventory,
      policies,
      paths,
      ring: await KeyRing.read(installation.keys.ring),
      signers: {
        decision: await signerOf(installation, 'decision'),
        request: await signerOf(installation, 'request'),
      },
      verifyToken,
      publicUrl: new URL(installation.page.publicUrl).origin,
      signIn: new OidcSignIn({
        issuer: installation.signIn.issuer,
        clientId: installation.signIn.pageClientId,
        redirectUri: `${new URL(installation.page.publicUrl).origin}/auth/callback`,
        scope: installation.signIn.scope ?? SCOPE,
        cookieSecret: readSecret(installation.page.sessionSecretFile),
        verifyToken,
      }),
      ...(installation.tickets === undefined
        ? {}
        : {
            ticketHooks: {
              secrets: [readSecret(installation.tickets.webhookSecretFile)],
              clientId: installation.tickets.clientId ?? TICKETS,
            },
          }),
      ...(machineRequesters === undefined ? {} : { machineRequesters }),
      ...(trustedProxies === undefined ? {} : { trustedProxies: trustedProxies.join(',') }),
      ...(metricsTokenFile === undefined ? {} : { metricsToken: readSecret(metricsTokenFile) }),
      ...(temporalUiOrigin === undefined
        ? {}
        : {
            codec: {
              codec: new EncryptionCodec({ keys: codecKeys, namespace, binding: 'payload' }),
              namespace,
              origins: [temporalUiOrigin],
              ...(temporalUiClientId === undefined ? {} : { uiClient: temporalUiClientId }),
            },
          }),
      ...(facts.readManifest === undefined ? {} : { readManifest: facts.readManifest }),
      ...(checkpointer === undefined ? {} : { coverEntry: (seq: number) => checkpointer.cover(seq) }),
      ...(publisher === undefined ? {} : { checkpointsBehind: () => publisher.behind() }),
      now: Date.now,
    },
    { logger, feed },
  );
  const outbox = new OutboxDispatcher(ledger, workflows, logger);
  outbox.start(feed);
  checkpointer?.start(feed);
  return {
    app,
    close: async () => {
      await app.close();
      await outbox.stop();
      await checkpointer?.stop();
      await connection.close();
      await database.close();
    },
  };
}

async function signerOf(
  installation: Installation,
  use: 'decision' | 'request' | 'checkpoint',
): Promise<Signer> {
  const path = installation.keys[use];
  if (path === undefined) {
    throw new InstallationError(
      `keys.${use} is not set: the API signs with it. Name the file of a signing key.`,
    );
  }
  return readSigner(path);
}

function tokenVerifier(
  { signIn }: Installation,
  lookUpPerson: PersonLookup | undefined,
): ApiDependencies['verifyToken'] {
  const verifier = new TokenVerifier({
    issuer: signIn.issuer,
    audience: signIn.audience,
    ...(signIn.provider === undefined ? {} : { provider: signIn.provider }),
    claims: {
      accountId: signIn.accountClaim,
      personId: signIn.personClaim,
      groups: signIn.groupsClaim,
    },
  });
  return async (token) => {
    try {
      return await identityBehind(await verifier.verify(token), lookUpPerson);
    } catch (error) {
      if (error instanceof TokenError && error.reason === 'provider-unavailable') {
        throw new IdentityUnavailable('The provider of sign-ins does not answer.');
      }
      throw error;
    }
  };
}
