/** One whole onboarding by the API, with everything real that Gatehouse is made of. */
import { readFile } from 'node:fs/promises';
import { Client, Connection } from '@temporalio/client';
import { beforeAll, expect, it } from 'vitest';
import { countHistory, type HistoryCount } from '../../../bench/fleet/histories.js';
import { ControlClient } from '../../../sandbox/framework/control-client.js';
import type { ExampleApi } from '../../../sandbox/stack/api-client.js';
import { exampleEvidence, fleetText } from '../../../sandbox/stack/example-files.js';
import type { GatehouseStack } from '../../../sandbox/stack/gatehouse.js';
import { workflowIdOf } from '../../../src/domain/request.js';
import type { Cluster, Fleets } from '../../weather/fleets.js';
import { isWrite } from './writes.js';

const NAME = 'from-request-to-proof';

export function onboardingCases(opened: () => Fleets): void {
  let stack: GatehouseStack;
  let api: ExampleApi;
  let requestId: string;
  let fleet: HistoryCount;
  let children: readonly HistoryCount[];
  let clusters: readonly Cluster[];

  beforeAll(async () => {
    const fleets = opened();
    stack = fleets.stack;
    api = fleets.api;
    clusters = fleets.take(3);
    requestId = await onboarded();
    const connection = await Connection.connect({ address: stack.temporal.address });
    const client = new Client({ connection, namespace: stack.namespace });
    fleet = await countHistory(client, workflowIdOf.fleet('otterize', NAME));
    children = await Promise.all(
      clusters.map(({ name, stage }) =>
        countHistory(client, workflowIdOf.cluster('otterize', { cluster: name, stage })),
      ),
    );
    await connection.close();
  });

  const text = (): string => fleetText(stack.world, { name: NAME, clusters });

  async function onboarded(): Promise<string> {
    const requestId = await api.request(text(), { ticket: 'CHG0042' });
    await api.until(requestId, (status) => status.gates.every((gate) => gate.state === 'open'));
    await api.decide(
      'ben',
      requestId,
      'procurement',
      'approve',
      exampleEvidence('procurement', clusters.length),
    );
    await api.decide(
      'chi',
      requestId,
      'data-protection',
      'approve',
      exampleEvidence('data-protection', clusters.length),
    );
    const status = await api.until(requestId, (now) => now.endedAt !== undefined);
    expect(status.status, status.message).toBe('done');
    return requestId;
  }

  it('makes every object once, and asking again changes nothing', async () => {
    const status = await api.status(requestId);
    expect(status.targets.map((target) => target.state)).toEqual(['done', 'done', 'done']);
    const otterize = new ControlClient(stack.address('otterize'));
    const gitlab = new ControlClient(stack.address('gitlab'));
    const made = await otterize.objectsText();
    const writes = (await otterize.events()).filter(isWrite).length;
    const commits = (await gitlab.events()).filter(isWrite).length;

    const again = await api.request(text());
    const second = await api.until(again, (now) => now.endedAt !== undefined);
    expect(second).toMatchObject({ status: 'done', message: '3 unchanged, nothing to do' });
    expect(second.gates.every((gate) => gate.openedAt === undefined)).toBe(true);
    expect(await otterize.objectsText()).toBe(made);
    expect((await otterize.events()).filter(isWrite)).toHaveLength(writes);
    expect((await gitlab.events()).filter(isWrite)).toHaveLength(commits);
  });

  it("keeps every answer and request within the vendors' specs", async () => {
    for (const name of ['otterize', 'directory', 'gitlab', 'kubernetes', 'tickets', 'mail']) {
      expect(await new ControlClient(stack.address(name)).violations(), name).toEqual([]);
    }
  });

  it('schedules the activities of docs/cost.md, as often as it says', async () => {
    const rows = await rowsOfCostPage();
    const named = (often: RegExp): string[] =>
      rows.filter((row) => often.test(row.often)).map((row) => row.activity);
    const perCluster = named(/^once per cluster$/).sort();
    for (const { workflowId, activities } of children) {
      expect([...activities.keys()].sort(), workflowId).toEqual(perCluster);
      expect([...activities.values()], workflowId).toEqual(perCluster.map(() => 1));
    }
    expect([...fleet.activities.keys()].sort()).toEqual(named(/^once per (request|look|notice)/).sort());
    for (const activity of named(/^once per request$/)) {
      expect(fleet.activities.get(activity), activity).toBe(1);
    }
  });
}

/** The table of docs/cost.md: `| name of the activity | how often | why |`. */
async function rowsOfCostPage(): Promise<readonly { activity: string; often: string }[]> {
  const text = await readFile(new URL('../../../docs/cost.md', import.meta.url), 'utf8');
  return [...text.matchAll(/^\| `(\w+)` \| ([^|]+) \| [^|]+ \|$/gm)].map(([, activity = '', often = '']) => ({
    activity,
    often,
  }));
}
