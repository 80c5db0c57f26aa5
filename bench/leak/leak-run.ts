/** One stack that has had all kinds of trouble, and the search of everything that it holds. */
import { readFileSync } from 'node:fs';
import { VaultAdmin } from '../../sandbox/demo/vault-admin.js';
import { ControlClient } from '../../sandbox/framework/control-client.js';
import { ApiRefused, ExampleApi } from '../../sandbox/stack/api-client.js';
import { exampleEvidence, fleetText } from '../../sandbox/stack/example-files.js';
import { type GatehouseOptions, type GatehouseStack, startGatehouse } from '../../sandbox/stack/gatehouse.js';
import { freePort } from '../../sandbox/stack/ports.js';
import type { Cluster } from '../../sandbox/world.js';
import type { RequestStatus } from '../../src/domain/status/shapes.js';
import { SECRET_NAMES } from '../../src/planning/integration.js';
import { Answers } from './answers.js';
import { installedSecrets, madeSecrets } from './canaries.js';
import { gitSinks, logSinks } from './file-sinks.js';
import { postgresSinks } from './postgres-sink.js';
import { type Canary, findTokens, type Leak, LeakSearch, type Sink } from './search.js';
import { temporalSinks } from './temporal-sinks.js';
import { armFinal, armPassing } from './trouble.js';

const LIMIT_MS = 120_000;
/** A cluster that fails again and again is not what this run is about. */
const MOST_RETRIES = 8;
const MOST_TRIES = 5;

export interface Search {
  readonly leaks: readonly Leak[];
  readonly canaries: readonly Canary[];
  readonly sinks: readonly Sink[];
}

export class LeakRun {
  readonly stack: GatehouseStack;
  readonly #api: ExampleApi;
  readonly #answers: Answers;
  readonly #workerMetrics: string;
  readonly #requests: string[] = [];
  /** failures that were seen on the way: `system: message`, with what was asked for them */
  readonly failures: string[] = [];

  private constructor(stack: GatehouseStack, workerMetrics: string) {
    this.stack = stack;
    this.#workerMetrics = workerMetrics;
    this.#api = new ExampleApi(stack.apiUrl, stack.address('oidc'), stack.world);
    this.#answers = new Answers(stack, this.#api);
  }

  /** Starts everything, with logs at their most talkative. */
  static async start(options: GatehouseOptions): Promise<LeakRun> {
    const metrics = `127.0.0.1:${await freePort()}`;
    const stack = await startGatehouse({
      ...options,
      env: { LOG_LEVEL: 'trace', ...options.env },
      installation: { timing: 'brisk', stabilisationMs: 0, ...options.installation },
      without: ['worker'],
    });
    await stack.startWorker({ env: { GATEHOUSE_METRICS_LISTEN: metrics } });
    return new LeakRun(stack, `http://${metrics}/metrics`);
  }

  /**
   * Onboards all clusters, one half with the client id in Git, the other with a reference only, through troubles that
   * pass and troubles that fail clusters; failed ones are mended and retried.
   */
  async onboard(): Promise<void> {
    const admin = new VaultAdmin(this.stack);
    const [withId, withReference] = halves(this.stack.world.clusters);
    const unlucky = withReference[0];
    if (unlucky === undefined) throw new RangeError('at least two clusters are needed');
    await admin.leaveSoftDeleted(unlucky, SECRET_NAMES.clientSecret);
    await armPassing((system) => this.control(system));
    await armFinal((system) => this.control(system));
    const mend = (): Promise<void> => admin.recover(unlucky, SECRET_NAMES.clientSecret);
    await Promise.all([
      this.#carry(await this.#ask('with-id', withId, 'client-id'), withId.length, mend),
      this.#carry(await this.#ask('with-reference', withReference, 'reference'), withReference.length, mend),
    ]);
    await this.#answers.collect(this.#requests, this.#workerMetrics);
  }

  /** Searches all places for all secrets, as they are now. */
  async search(): Promise<Search> {
    const [withId] = halves(this.stack.world.clusters);
    const idsInGit = new Set(withId.map(({ name, stage }) => `${name}-${stage}`));
    const canaries = [
      ...installedSecrets(this.stack),
      ...(await madeSecrets(this.control('otterize'), this.control('key-vault'), idsInGit)),
    ];
    const sinks = [
      ...(await temporalSinks(this.stack)),
      ...(await postgresSinks(this.stack)),
      ...logSinks(this.stack),
      ...(await gitSinks(this.stack)),
      ...this.#answers.sinks(),
      { name: 'mails', bytes: Buffer.from(await this.control('mail').objectsText()) },
      { name: 'webhooks', bytes: Buffer.from(await this.control('tickets').objectsText()) },
    ];
    const search = new LeakSearch(canaries);
    const issuers = [
      this.stack.address('oidc'),
      'https://sts.windows.net/',
      'https://login.microsoftonline.com/',
    ];
    const leaks = sinks.flatMap((sink) => [...search.find(sink), ...findTokens(sink, issuers)]);
    return { canaries, sinks, leaks };
  }

  control(system: string): ControlClient {
    return new ControlClient(this.stack.address(system), readFileSync(this.stack.address('caFile'), 'utf8'));
  }

  async dispose(): Promise<void> {
    await this.stack.dispose();
  }

  async #ask(name: string, clusters: readonly Cluster[], mode: 'client-id' | 'reference'): Promise<string> {
    const manifest = fleetText(this.stack.world, { name, clusters, mode });
    const id = await this.#patiently(() => this.#api.request(manifest, { ticket: `CHG-${name}` }));
    this.#requests.push(id);
    return id;
  }

  /** The API too meets the troubles: what it says of them is kept, and it is asked again. */
  async #patiently<T>(call: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof ApiRefused) || error.status < 500 || tries === MOST_TRIES) throw error;
        this.#answers.keep('answers to calls of people', JSON.stringify(error.problem));
      }
    }
  }

  async #carry(requestId: string, clusters: number, mend: () => Promise<void>): Promise<void> {
    const api = this.#api;
    await api.until(requestId, (status) => status.gates.every((gate) => gate.state === 'open'), LIMIT_MS);
    await this.#patiently(() =>
      api.decide('ben', requestId, 'procurement', 'approve', exampleEvidence('procurement', clusters)),
    );
    await this.#patiently(() =>
      api.decide(
        'chi',
        requestId,
        'data-protection',
        'approve',
        exampleEvidence('data-protection', clusters),
      ),
    );
    for (let retries = 0; ; retries += 1) {
      const status = await api.until(requestId, settled, LIMIT_MS);
      if (status.endedAt !== undefined) {
        if (status.status !== 'done')
          throw new Error(`${requestId} ended ${status.status}: ${status.message}`);
        return;
      }
      if (retries === MOST_RETRIES)
        throw new Error(`${requestId} fails for ever: ${JSON.stringify(status.targets)}`);
      await this.#answers.collect([requestId], this.#workerMetrics);
      for (const { failure } of status.targets) {
        if (failure === undefined) continue;
        this.failures.push(`${failure.system}: ${failure.message}`);
        if (failure.message.includes('delete')) await mend().catch(() => undefined);
      }
      await api.call('olga', 'POST', `/v1/requests/${requestId}/retry`, { targets: [] });
    }
  }
}

/** Ended, or stuck until somebody retries. */
function settled(status: RequestStatus): boolean {
  return (
    status.endedAt !== undefined ||
    (status.targets.some(({ state }) => state === 'failed') &&
      status.targets.every(({ state }) => state === 'failed' || state === 'done' || state === 'pending'))
  );
}

function halves(clusters: readonly Cluster[]): readonly [readonly Cluster[], readonly Cluster[]] {
  const middle = Math.ceil(clusters.length / 2);
  return [clusters.slice(0, middle), clusters.slice(middle)];
}
