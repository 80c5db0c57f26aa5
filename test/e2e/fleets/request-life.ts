/** What can happen to a request beside going well, on the whole stack: out of Git, stopped, revoked, published. */
import { Client, Connection } from '@temporalio/client';
import { beforeAll, expect, it } from 'vitest';
import type { ControlClient } from '../../../sandbox/framework/control-client.js';
import type { ExampleApi } from '../../../sandbox/stack/api-client.js';
import { exampleEvidence, fleetText } from '../../../sandbox/stack/example-files.js';
import type { GatehouseStack } from '../../../sandbox/stack/gatehouse.js';
import { ringVerifier } from '../../../src/cli/verify/ring-verifier.js';
import { entriesOfType } from '../../../src/domain/record.js';
import { verifyBundle } from '../../../src/ledger/bundle-verification.js';
import { LedgerDatabase } from '../../../src/ledger/database.js';
import { PgAuditorLedger } from '../../../src/ledger/pg-chain.js';
import { canonicalJson, digest } from '../../../src/security/canonical.js';
import { KeyRing } from '../../../src/security/keyring.js';
import type { Fleets } from '../../weather/fleets.js';
import { FLEETS } from './writes.js';

async function approve(api: ExampleApi, requestId: string): Promise<void> {
  await api.until(requestId, ({ gates }) => gates.every(({ state }) => state === 'open'));
  for (const [person, gate] of [
    ['ben', 'procurement'],
    ['chi', 'data-protection'],
  ] as const) {
    await api.decide(person, requestId, gate, 'approve', exampleEvidence(gate, 1));
  }
}

export function requestLifeCases(opened: () => Fleets): void {
  let stack: GatehouseStack;
  let api: ExampleApi;
  let gitlab: ControlClient;
  let otterize: ControlClient;

  beforeAll(() => {
    const fleets = opened();
    stack = fleets.stack;
    api = fleets.api;
    gitlab = fleets.standIns.gitlab;
    otterize = fleets.otterize;
  });

  /** The fleet of a cluster of its own. */
  const fleetOf = (name: string): string => fleetText(stack.world, { name, clusters: opened().take(1) });

  it('out of Git, whose run was terminated at the gates, goes on by a retry; its evidence verifies at once', async () => {
    const answer: unknown = JSON.parse(
      await gitlab.post('/commit', { project: FLEETS, path: 'one.yaml', content: fleetOf('one') }),
    );
    const source = { project: FLEETS, path: 'one.yaml', commit: String(Reflect.get(Object(answer), 'id')) };
    await gitlab.post('/commit', { project: FLEETS, path: 'one.yaml', content: 'changed: since\n' });
    const accepted = await api.call('ada', 'POST', '/v1/requests', {
      kind: 'Fleet',
      source,
      requestedFor: `ada@${stack.world.domain}`,
    });
    const requestId = String(Reflect.get(Object(accepted), 'id'));
    await api.until(requestId, ({ gates }) => gates.every(({ state }) => state === 'open'));
    const shown = await api.call('ben', 'GET', `/v1/requests/${requestId}/gates/procurement`);
    expect(shown).toMatchObject({ asked: { source: `${FLEETS} one.yaml @ ${source.commit}` } });

    const connection = await Connection.connect({ address: stack.temporal.address });
    const handle = new Client({ connection, namespace: stack.namespace }).workflow.getHandle(
      'fleet/otterize/one',
    );
    await handle.terminate('somebody ends it in the Temporal UI');
    const retried = await api.call('olga', 'POST', `/v1/requests/${requestId}/retry`, {});
    expect(retried).toMatchObject({ message: expect.stringContaining('started again') });
    await connection.close();

    await approve(api, requestId);
    const ended = await api.until(requestId, ({ endedAt }) => endedAt !== undefined);
    expect(ended.status, ended.message).toBe('done');

    const bundle = JSON.stringify(await api.call('ivo', 'GET', `/v1/requests/${requestId}/bundle`));
    const checks = await verifyBundle(bundle, {
      signatures: ringVerifier(await KeyRing.read(stack.installation.keyRing)),
      digestOf: (value) => digest(canonicalJson(value)),
    });
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  });

  it('that is revoked in the middle of its rollout begins no further effect, and ends as revoked', async () => {
    const requestId = await api.request(fleetOf('two'));
    await otterize.addFault({
      id: 'slow',
      match: { operation: 'createOrganization_mutation' },
      times: 1,
      when: 'before',
      kind: 'hold',
    });
    await approve(api, requestId);
    await expect.poll(() => otterize.held()).toHaveLength(1);

    await api.call('olga', 'POST', `/v1/requests/${requestId}/revoke`, {});
    expect((await api.status(requestId)).status).toBe('revoked');
    await otterize.release('slow');
    const ended = await api.until(requestId, ({ endedAt }) => endedAt !== undefined);
    expect([ended.status, ended.message]).toEqual(['revoked', 'the request was revoked']);

    const database = new LedgerDatabase({
      connectionString: stack.ledgerUrl('auditor'),
      applicationName: 'test',
    });
    const entries = await new PgAuditorLedger(database).entriesOf(requestId);
    await database.close();
    const [revoked] = entriesOfType(entries, 'request.revoked');
    const reserved = entriesOfType(entries, 'effect.reserved').map(({ seq }) => seq);
    expect(reserved.length).toBeGreaterThan(0);
    expect(reserved.filter((seq) => seq > (revoked?.seq ?? 0))).toEqual([]);
  });

  it('leaves signed checkpoints in a Git project', async () => {
    const behind = async () =>
      Reflect.get(Object(await (await fetch(`${stack.apiUrl}/readyz`)).json()), 'checkpointsBehind');
    await expect.poll(behind).toBe(0);
    const tree = await fetch(
      `${stack.address('gitlab')}/api/v4/projects/${encodeURIComponent(FLEETS)}/repository/tree?path=checkpoints&recursive=true`,
      { headers: { 'private-token': stack.world.gitlab.readToken } },
    );
    const files: unknown = await tree.json();
    expect(files).toContainEqual(
      expect.objectContaining({ path: expect.stringMatching(/^checkpoints\/0000\/\d{9}\.json$/) }),
    );
  });
}
