import { parse } from 'yaml';
import type { Application } from './argocd/application.js';
import type { RepositoryMirror } from './argocd/repository-mirror.js';
import { httpRequest } from './external-secrets/http-request.js';
import type { ObjectStore } from './object-store.js';
import { isLoose } from './objects.js';
import { resourceOf } from './resources.js';

/** The values file of the stack in the application's folder. */
const VALUES_FILE = 'otterize.yaml';
/** Where the chart keeps its credentials (source: helm-charts, chart otterize-kubernetes 5.0.87). */
const CREDENTIALS = ['global', 'otterizeCloud', 'credentials'];
/** What the chart takes when the values do not name the Secret and its keys. */
const DEFAULT_SECRET = { name: 'otterize-cloud', clientIdKey: 'clientId', clientSecretKey: 'clientSecret' };
/** Wait before a refused or failed login is tried again, as restarting pods do. */
const RETRY_MS = 2_000;

export interface AgentOptions {
  readonly store: ObjectStore;
  readonly mirrorOf: (url: string) => RepositoryMirror;
  readonly otterizeOrigin: () => string | undefined;
  /** the Application that deploys the stack into a cluster, when it is Synced, Healthy and deployed */
  readonly deployedIn: (cluster: string) => Application | null;
}

export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/**
 * The pods of the Otterize stack in every cluster, as far as the vendor notices them: once the stack is deployed and its
 * Secret is there they sign in at the vendor with the credentials that values and Secret give them.
 */
export class OtterizeAgents {
  readonly #options: AgentOptions;
  readonly #connected = new Map<string, string>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #busy = new Map<string, Promise<void>>();
  #stopped = false;

  constructor(options: AgentOptions) {
    this.#options = options;
  }

  /** Something changed in a cluster: a deployment ended, or its Secret was written. */
  consider(cluster: string): void {
    if (this.#stopped) return;
    const before = this.#busy.get(cluster) ?? Promise.resolve();
    const mine = before.then(() => this.#connect(cluster)).catch(() => this.#later(cluster));
    this.#busy.set(cluster, mine);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    await Promise.allSettled([...this.#busy.values()]);
  }

  #later(cluster: string): void {
    if (this.#stopped) return;
    clearTimeout(this.#timers.get(cluster));
    this.#timers.set(
      cluster,
      setTimeout(() => this.consider(cluster), RETRY_MS),
    );
  }

  async #connect(cluster: string): Promise<void> {
    const app = this.#options.deployedIn(cluster);
    const origin = this.#options.otterizeOrigin();
    if (this.#stopped || origin === undefined) return;
    const credentials = app === null ? null : await this.#credentialsOf(cluster, app);
    // the comparison after a sync may come later than its pods: they look again, as restarting pods do
    if (app === null || credentials === null) return this.#later(cluster);
    // once per deployment and credentials
    const done = [
      app.status?.history?.at(-1)?.deployedAt,
      credentials.clientId,
      credentials.clientSecret,
    ].join('\n');
    if (this.#connected.get(cluster) === done) return;
    const answer = await httpRequest(`${origin}/api/auth/tokens/token`, {
      method: 'POST',
      form: {
        grant_type: 'client_credentials',
        client_id: credentials.clientId,
        client_secret: credentials.clientSecret,
      },
    });
    if (answer.status === 200) this.#connected.set(cluster, done);
    else this.#later(cluster);
  }

  async #credentialsOf(cluster: string, app: Application): Promise<Credentials | null> {
    const { source, destination } = app.spec;
    const revision = app.status?.history?.at(-1)?.revision;
    if (source === undefined || typeof revision !== 'string') return null;
    const text = await this.#options
      .mirrorOf(source.repoURL)
      .read(revision, `${source.path ?? '.'}/${VALUES_FILE}`);
    if (text === null) return null;
    return credentialsFrom(parse(text), (secret, key) =>
      this.#secretValue(cluster, destination.namespace ?? 'default', secret, key),
    );
  }

  #secretValue(cluster: string, namespace: string, name: string, key: string): string | null {
    const secret = this.#options.store.get({ cluster, namespace, name, resource: resourceOf('secrets') });
    const value = isLoose(secret?.data) ? secret.data[key] : undefined;
    return typeof value === 'string' ? Buffer.from(value, 'base64').toString() : null;
  }
}

/**
 * What the chart's pods sign in with: the client id of the values, or the one that the values' key reference names; the
 * client secret always from the Secret. Null while something is missing.
 */
export function credentialsFrom(
  values: unknown,
  secretValue: (secret: string, key: string) => string | null,
): Credentials | null {
  let block: unknown = values;
  for (const key of CREDENTIALS) block = isLoose(block) ? block[key] : undefined;
  if (!isLoose(block)) return null;
  const reference = isLoose(block.clientSecretKeyRef) ? block.clientSecretKeyRef : undefined;
  const named = (field: string, otherwise: string): string => {
    const value = reference?.[field];
    return typeof value === 'string' && value !== '' ? value : otherwise;
  };
  const secret = named('secretName', DEFAULT_SECRET.name);
  const inValues = typeof block.clientId === 'string' && block.clientId !== '' ? block.clientId : null;
  const byReference =
    reference === undefined ? null : secretValue(secret, named('clientIdKey', DEFAULT_SECRET.clientIdKey));
  const clientId = inValues ?? byReference;
  const clientSecret = secretValue(secret, named('secretKey', DEFAULT_SECRET.clientSecretKey));
  return clientId === null || clientSecret === null ? null : { clientId, clientSecret };
}
