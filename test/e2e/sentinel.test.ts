import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ControlClient } from '../../sandbox/framework/control-client.js';
import { shopFiles } from '../../sandbox/gitlab/promotion-files.js';
import { exampleImage } from '../../sandbox/harbor/example-artifacts.js';
import { ExampleApi } from '../../sandbox/stack/api-client.js';
import { type GatehouseStack, startGatehouse } from '../../sandbox/stack/gatehouse.js';
import { shopImage, shopPromotionText } from '../../sandbox/stack/promotion-files.js';
import { LedgerDatabase } from '../../src/ledger/database.js';
import { PgApiLedger } from '../../src/ledger/pg-api.js';
import { ensureSentinelSchedule, SENTINEL_ID } from '../../src/worker/sentinel-schedule.js';
import { sharedParts, uniqueName } from '../support/stack.js';

const PROD = 'shop-prod/ops';
const FILE = 'yaml/configmap.yaml';
const PATIENCE_MS = 180_000;

vi.setConfig({ testTimeout: 300_000, hookTimeout: 240_000 });

/** Commits on production's branch are compared with the ledger, by a Schedule of the real Temporal. */
describe('the sentinel', () => {
  let stack: GatehouseStack;
  let api: ExampleApi;
  let gitlab: ControlClient;
  let ledger: PgApiLedger;
  let temporal: Connection;
  let database: LedgerDatabase;

  beforeAll(async () => {
    stack = await startGatehouse({
      clusters: 3,
      ...(await sharedParts('sentinel')),
      installation: { timing: 'brisk', stabilisationMs: 0 },
    });
    api = new ExampleApi(stack.apiUrl, stack.address('oidc'), stack.world);
    gitlab = new ControlClient(stack.address('gitlab'));
    database = new LedgerDatabase({ connectionString: stack.ledgerUrl('api'), applicationName: 'test' });
    ledger = new PgApiLedger(database);
    temporal = await Connection.connect({ address: stack.temporal.address });
  });

  afterAll(async () => {
    await database?.close();
    await temporal?.close();
    await stack?.dispose();
  });

  const client = (): Client => new Client({ connection: temporal, namespace: stack.namespace });

  /** A look that begins now has ended. */
  async function look(): Promise<void> {
    const handle = client().schedule.getHandle(SENTINEL_ID);
    const before = await runs();
    await handle.trigger();
    await expect.poll(runs, { timeout: PATIENCE_MS, interval: 300 }).toBeGreaterThan(before);
  }

  /** Looks that have ended well. */
  async function runs(): Promise<number> {
    const query = `WorkflowType = 'sentinel' AND ExecutionStatus = 'Completed'`;
    return (await client().workflow.count(query)).count;
  }

  async function lookedAt(): Promise<string> {
    await look();
    return JSON.stringify((await ledger.entriesAfter(0, 1_000)).filter(({ type }) => type === 'ref.judged'));
  }

  async function count(type: 'alarm.raised' | 'stray.told'): Promise<number> {
    return (await ledger.entriesAfter(0, 1_000)).filter((entry) => entry.type === type).length;
  }

  /** Mails about changes around the path, one per message that was sent. */
  async function letters(): Promise<readonly unknown[]> {
    const answer = await fetch(`${stack.address('mail')}/_sandbox/mails`);
    const body: unknown = await answer.json();
    const all: readonly unknown[] = Array.isArray(body) ? body : [];
    return all.filter((one) => JSON.stringify(one).includes('Changed around the path'));
  }

  async function headOf(): Promise<unknown> {
    const answer = await fetch(
      `${stack.address('gitlab')}/api/v4/projects/${encodeURIComponent(PROD)}/repository/branches/main`,
      { headers: { 'private-token': stack.world.gitlab.token } },
    );
    return answer.json();
  }

  const running = async (): Promise<string> =>
    JSON.stringify(await api.call('olga', 'GET', '/v1/environments/shop'));

  it('has its Schedule, which is made once, and begins where each branch stands', async () => {
    expect(await lookedAt()).toContain(PROD);
    expect(await count('alarm.raised')).toBe(0);
    const made = await client().schedule.getHandle(SENTINEL_ID).describe();
    expect(made.action.workflowType).toBe('sentinel');
    const wish = { taskQueue: made.action.taskQueue, everyMs: made.spec.intervals?.[0]?.every ?? 0 };
    expect(await ensureSentinelSchedule(client(), wish)).toBe('unchanged');
    expect(await ensureSentinelSchedule(client(), { ...wish, everyMs: 7_200_000 })).toBe('changed');
    expect(await ensureSentinelSchedule(client(), wish)).toBe('changed');
  });

  it('knows what a promotion landed', async () => {
    const image = `${shopImage(stack.address('harbor'))}@${exampleImage('shop/web', '1.1.0').content.top.digest}`;
    await gitlab.post('/commit', {
      project: 'shop-dev/ops',
      path: 'yaml/deployment.yaml',
      content: shopFiles({ image })['yaml/deployment.yaml'] ?? '',
      author: 'ada',
      as: 'ada',
    });
    const requestId = await api.promote(shopPromotionText());
    await api.until(requestId, ({ gates }) => gates.some(({ state }) => state === 'open'), PATIENCE_MS);
    await api.decide('ben', requestId, 'owner', 'approve');
    expect((await api.until(requestId, ({ endedAt }) => endedAt !== undefined, PATIENCE_MS)).status).toBe(
      'done',
    );
    expect(await lookedAt()).toContain(PROD);
    expect(await count('alarm.raised')).toBe(0);
    expect(await running()).not.toContain('changedAround');
  });

  it('tells owners and operators once of a commit that no promotion made, and does nothing about it', async () => {
    await gitlab.post('/commit', {
      project: PROD,
      path: FILE,
      content: 'kind: ConfigMap\n',
      author: 'somebody-else',
      as: 'somebody-else',
    });
    const head = await headOf();
    await look();
    expect(await count('alarm.raised')).toBe(1);
    expect(await running()).toContain('"by":"somebody-else"');
    const told = (await letters()).map((letter) => JSON.stringify(letter).toLowerCase());
    for (const letter of told) expect(letter).toContain(FILE.toLowerCase());
    // an owner and an operator, each by one letter
    for (const who of ['ben@', 'olga@']) {
      expect(told.filter((letter) => letter.includes(who))).toHaveLength(1);
    }
    await look();
    expect(await headOf()).toEqual(head);
    expect([await count('alarm.raised'), await count('stray.told')]).toEqual([1, 1]);
    expect(await letters()).toHaveLength(told.length);
  });

  it('tells of it once, also when everything is killed between the alarm and the notice', async () => {
    const before = (await letters()).length;
    await Promise.all(stack.workers.map((worker) => worker.kill('SIGKILL')));
    await Promise.all(stack.workers.map((worker) => worker.ended));
    await gitlab.post('/commit', {
      project: PROD,
      path: FILE,
      content: 'kind: ConfigMap\nmetadata: {name: other}\n',
      author: 'somebody-else',
      as: 'somebody-else',
    });
    // nobody sends notices yet: the alarm is raised, the telling waits
    const judging = await stack.startWorker({
      queues: ['workflows', 'plan', 'ledger', 'gitlab'],
      name: 'judging',
    });
    await client().schedule.getHandle(SENTINEL_ID).trigger();
    await expect.poll(() => count('alarm.raised'), { timeout: PATIENCE_MS }).toBe(2);
    judging.kill('SIGKILL');
    await judging.ended;
    expect(await letters()).toHaveLength(before);
    await stack.startWorker({ name: 'all' });
    await expect.poll(() => count('stray.told'), { timeout: PATIENCE_MS }).toBe(2);
    await look();
    expect([await count('alarm.raised'), await count('stray.told'), (await letters()).length]).toEqual([
      2,
      2,
      2 * before,
    ]);
  });

  it('gains nothing for who starts it by hand', async () => {
    const entries = (await ledger.head()).seq;
    const handle = await client().workflow.start('sentinel', {
      workflowId: uniqueName('forged'),
      taskQueue: (await client().schedule.getHandle(SENTINEL_ID).describe()).action.taskQueue,
      args: [],
    });
    const ended = async (): Promise<string> => (await handle.describe()).status.name;
    await expect.poll(ended, { timeout: PATIENCE_MS }).toBe('COMPLETED');
    expect((await ledger.head()).seq).toBe(entries);
  });
});
