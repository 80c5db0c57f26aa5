import { setTimeout as sleep } from 'node:timers/promises';
import { httpRequest } from '../kubernetes/external-secrets/http-request.js';
import { isLoose, type Loose } from '../kubernetes/objects.js';
import { secretValue } from './external-secrets-operator.js';
import type { KubeClient } from './kube-client.js';

/** Milliseconds between two reports to the vendor, as the stack's operators make them again and again. */
const REPORT_MS = 1_000;
export const STACK_DEPLOYMENT = 'otterize-operators';

/**
 * What pods of the Otterize stack in a real cluster would do, were they more than said to run: sign in at the vendor with
 * the client id and the secret that their Deployment gives them, once it is available.
 */
export class OtterizePods {
  readonly #client: KubeClient;
  readonly #namespace: string;
  readonly #otterize: string;
  readonly #end = new AbortController();
  readonly #done: Promise<void>;

  /** @param otterize origin of the vendor */
  constructor(client: KubeClient, namespace: string, otterize: string) {
    this.#client = client;
    this.#namespace = namespace;
    this.#otterize = otterize;
    this.#done = this.#run();
  }

  /** @throws the error that ended it before */
  async stop(): Promise<void> {
    this.#end.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#end.signal.aborted) {
      await this.#report();
      await sleep(REPORT_MS, undefined, { signal: this.#end.signal }).catch(() => undefined);
    }
  }

  async #report(): Promise<void> {
    const name = STACK_DEPLOYMENT;
    const deployment = await this.#client.read({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: this.#namespace },
    });
    if (deployment === null || !isAvailable(deployment)) return;
    const secrets = await this.#client.list('v1', 'Secret', this.#namespace);
    const { CLIENT_ID: clientId, CLIENT_SECRET: clientSecret } = environmentOf(deployment, secrets);
    if (!clientId || !clientSecret) return;
    // a refusal is the vendor's business: a pod would try again
    await httpRequest(`${this.#otterize}/api/auth/tokens/token`, {
      method: 'POST',
      form: { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret },
    });
  }
}

/** As `kubectl rollout status` has it, for one replica. */
function isAvailable({ metadata, status }: Loose): boolean {
  return (
    isLoose(metadata) &&
    isLoose(status) &&
    status.observedGeneration === metadata.generation &&
    status.updatedReplicas === 1 &&
    status.replicas === 1 &&
    status.availableReplicas === 1
  );
}

function environmentOf(deployment: Loose, secrets: readonly Loose[]): Readonly<Record<string, string>> {
  const [container] = listAt(deployment, 'spec', 'template', 'spec', 'containers');
  const entries = listAt(container, 'env').flatMap((entry): [string, string][] => {
    if (!isLoose(entry) || typeof entry.name !== 'string') return [];
    if (typeof entry.value === 'string') return [[entry.name, entry.value]];
    const ref = isLoose(entry.valueFrom) ? entry.valueFrom.secretKeyRef : undefined;
    if (!isLoose(ref)) return [];
    const value = secretValue(secrets, String(ref.name), String(ref.key));
    return value === null ? [] : [[entry.name, value]];
  });
  return Object.fromEntries(entries);
}

function listAt(object: unknown, ...path: readonly string[]): readonly unknown[] {
  let value = object;
  for (const field of path) value = isLoose(value) ? value[field] : undefined;
  return Array.isArray(value) ? value : [];
}
