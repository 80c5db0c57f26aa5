/** What the kept histories of promotions went through: on the whole stack, with the codec key that anybody can read. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import {
  applicationOf,
  seedServices,
  serviceNames,
  servicePathsText,
} from '../../bench/promotion/services.js';
import { ControlClient } from '../../sandbox/framework/control-client.js';
import { ExampleApi } from '../../sandbox/stack/api-client.js';
import { type GatehouseStack, startGatehouse } from '../../sandbox/stack/gatehouse.js';
import { shopPromotionText } from '../../sandbox/stack/promotion-files.js';
import { workflowIdOf } from '../../src/domain/request.js';
import { KEY_FILES } from '../../src/security/key-generation.js';
import { KEPT_NAMESPACE, keptCodecKeys, keptDataConverter } from './kept-codec.js';
import type { History, KeptHistory } from './kept-history.js';

const WAIT_MS = 240_000;
/** Histories name who did what: no process or host of the machine that recorded them. */
const IDENTITY = 'recorder';

/** @param workflowBundle path of a bundle without stack traces */
export async function recordPromotionHistories(workflowBundle: string): Promise<readonly KeptHistory[]> {
  const services = serviceNames(4);
  const stack = await startGatehouse({
    clusters: 2,
    namespace: KEPT_NAMESPACE,
    workflowBundle,
    without: ['api', 'worker'],
    installation: { timing: 'brisk', stabilisationMs: 0, path: servicePathsText(services) },
  });
  try {
    const codec = join(stack.installation.folder, 'keys', KEY_FILES.codec);
    writeFileSync(codec, JSON.stringify(keptCodecKeys()), { mode: 0o600 });
    await Promise.all([stack.startApi(), stack.startWorker()]);
    await seedServices(stack, services, { dev: '1.1.0', prod: '1.0.0' });
    const connection = await Connection.connect({ address: stack.temporal.address });
    try {
      const client = new Client({
        connection,
        namespace: KEPT_NAMESPACE,
        dataConverter: keptDataConverter(),
      });
      return await new Recording(stack, client).run(services);
    } finally {
      await connection.close();
    }
  } finally {
    await stack.dispose();
  }
}

class Recording {
  private readonly api: ExampleApi;
  private readonly kubernetes: ControlClient;
  private readonly client: Client;

  constructor(stack: GatehouseStack, client: Client) {
    this.api = new ExampleApi(stack.apiUrl, stack.address('oidc'), stack.world);
    this.kubernetes = new ControlClient(stack.address('kubernetes'));
    this.client = client;
  }

  async run([waiting = '', done = '', rejected = '', back = '']: readonly string[]): Promise<
    readonly KeptHistory[]
  > {
    await this.ask(waiting);
    await this.end(done, 'approve');
    await this.end(rejected, 'reject');
    await this.takeBack(back);
    return [
      await this.keep('promotion-waiting', workflowIdOf.promotion(waiting, 'prod')),
      await this.keep('promotion-done', workflowIdOf.promotion(done, 'prod')),
      await this.keep('promotion-rejected', workflowIdOf.promotion(rejected, 'prod')),
      await this.keep('promotion-rolled-back', workflowIdOf.promotion(back, 'prod')),
      await this.keep('place-done', workflowIdOf.place(`${done}/prod/prod`)),
      await this.keep('place-reverted', workflowIdOf.place(`${back}/prod/prod`)),
    ];
  }

  private async ask(service: string): Promise<string> {
    const requestId = await this.api.promote(shopPromotionText({}, service));
    await this.api.until(requestId, ({ gates }) => gates.some(({ state }) => state === 'open'), WAIT_MS);
    return requestId;
  }

  private async end(service: string, decision: 'approve' | 'reject'): Promise<void> {
    const requestId = await this.ask(service);
    await this.api.decide('ben', requestId, 'owner', decision);
    await this.closed(service, requestId);
  }

  private async takeBack(service: string): Promise<void> {
    const application = applicationOf(service, 'prod');
    await this.kubernetes.settings({ applications: { [application]: { degraded: true } } });
    const requestId = await this.ask(service);
    await this.api.decide('ben', requestId, 'owner', 'approve');
    const isMerged = ({ lastStep }: { readonly lastStep?: string }): boolean => lastStep === 'merge';
    await this.api.until(requestId, ({ targets }) => targets.some(isMerged), WAIT_MS);
    await this.api.call('olga', 'POST', `/v1/requests/${requestId}/rollback`);
    await this.kubernetes.settings({ applications: {} });
    await this.closed(service, requestId);
  }

  private async closed(service: string, requestId: string): Promise<void> {
    await this.api.until(requestId, ({ endedAt }) => endedAt !== undefined, WAIT_MS);
    await this.client.workflow.getHandle(workflowIdOf.promotion(service, 'prod')).result();
  }

  private async keep(name: string, workflowId: string): Promise<KeptHistory> {
    const history = await this.client.workflow.getHandle(workflowId).fetchHistory();
    return { name, workflowId, history: withoutIdentities(history) };
  }
}

function withoutIdentities(history: History): History {
  const plain: unknown = JSON.parse(historyToJSON(history), (key, value: unknown) =>
    key === 'identity' || isStickyQueue(value) ? IDENTITY : value,
  );
  return historyFromJSON(plain);
}

/** A worker's own queue is named after its process and host. */
function isStickyQueue(value: unknown): boolean {
  return typeof value === 'string' && /^\d+@.+-[0-9a-f]{32}$/.test(value);
}
