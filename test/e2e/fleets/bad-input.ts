/** What people send is wrong: it is refused before the first effect, with the name of the thing and what to do. */
import { beforeAll, describe, expect, it } from 'vitest';
import { ApiRefused } from '../../../sandbox/stack/api-client.js';
import { fleetText } from '../../../sandbox/stack/example-files.js';
import type { GatehouseStack } from '../../../sandbox/stack/gatehouse.js';
import { groupOf } from '../../../sandbox/world.js';
import { uniqueName } from '../../support/stack.js';
import { type Cluster, type Fleets, stateOf } from '../../weather/fleets.js';
import { WHOLE } from '../../weather/stand-ins.js';
import { isWrite } from './writes.js';

export function badInputCases(opened: () => Fleets): void {
  let stack: GatehouseStack;
  let fleets: Fleets;

  beforeAll(() => {
    fleets = opened();
    stack = fleets.stack;
  });

  /** How the API refuses a manifest, and that nothing came of it. */
  async function refusal(manifest: string): Promise<{ status: number; faults: readonly string[] }> {
    const before = JSON.stringify(await fleets.api.call('olga', 'GET', '/v1/requests'));
    const error = await fleets.api.request(manifest).then(
      (id) => new Error(`accepted as ${id}`),
      (reason: unknown) => reason,
    );
    if (!(error instanceof ApiRefused)) throw error;
    expect(JSON.stringify(await fleets.api.call('olga', 'GET', '/v1/requests'))).toBe(before);
    return { status: error.status, faults: faultsOf(error.problem) };
  }

  /** The end of a request that the plan refused, after which no system has changed. */
  async function refusedByPlan(requestId: string): Promise<string> {
    const status = await fleets.ended(requestId);
    expect(status.status, status.message).toBe('refused');
    expect(status.gates.every((gate) => gate.openedAt === undefined)).toBe(true);
    return status.message ?? '';
  }

  const writes = async (): Promise<number> => {
    const { otterize, gitlab, keyVault } = fleets.standIns;
    const events = await Promise.all([otterize, gitlab, keyVault].map((one) => one.events()));
    return events.flat().filter(isWrite).length;
  };

  describe('a file', () => {
    it('is refused with all its faults at once, each with its place', async () => {
      const { status, faults } = await refusal(
        [
          'apiVersion: gatehouse/v1',
          'kind: Fleet',
          'metadata: {name: Otterize}',
          'spec:',
          '  service: otterize',
          '  defualts: {stage: dev}',
          '  clusters:',
          '    - {name: harbour-01, stage: 1}',
          '    - {name: harbour-02, stage: stg, values: {project: platform/clusters, file: ../secret.yaml}}',
          '  rollout: {maxInFlight: 0}',
        ].join('\n'),
      );
      expect(status).toBe(422);
      expect(faults).toEqual([
        expect.stringMatching(/^manifest:3:18 metadata\.name: must be lower-case/),
        expect.stringMatching(/^manifest:6:3 spec\.defualts: .*did you mean "defaults"/),
        expect.stringMatching(/^manifest:8:33 spec\.clusters\[0\]\.stage: must be text/),
        expect.stringMatching(/^manifest:9:\d+ spec\.clusters\[1\]\.values\.file: must be a relative path/),
        expect.stringMatching(/^manifest:10:\d+ spec\.rollout\.maxInFlight: must be >= 1/),
      ]);
    });

    it('that names what the inventory lacks is refused with what there is', async () => {
      const [cluster] = stack.world.clusters;
      const text = fleetText(stack.world, {
        clusters: [
          { name: cluster?.name ?? '', stage: cluster?.stage ?? '' },
          { name: 'harbour-99', stage: 'dev' },
          { name: 'harbuor-02', stage: 'stg' },
        ],
      });
      const { faults } = await refusal(text);
      expect(faults).toEqual([
        expect.stringContaining('cluster "harbour-99" is not in the inventory'),
        expect.stringMatching(/cluster "harbuor-02" is not in the inventory: did you mean "harbour-02"/),
      ]);
    });

    it.each([
      [
        'duplicate keys',
        'metadata: {name: fleet, name: other}',
        /manifest:\d+:\d+ .*(twice|duplicate|unique)/i,
      ],
      ['a tag that makes an object', 'metadata: !!js/function {name: fleet}', /manifest:\d+:\d+ /],
      ['a prototype', 'metadata: {name: fleet, __proto__: {admin: true}}', /__proto__/],
      ['a path for a name', 'metadata: {name: ../../etc}', /metadata\.name: must be/],
      ['a control character', 'metadata: {name: "fleet\\u0000"}', /metadata\.name: must hold no NUL/],
      ['a look-alike letter', 'metadata: {name: "fl\\u0435et"}', /metadata\.name: must be/],
      ['a template', 'metadata: {name: "{cluster}"}', /metadata\.name: must be/],
    ])('with %s is refused', async (_, metadata, expected) => {
      const text = fleetText(stack.world, { clusters: stack.world.clusters.slice(0, 1) });
      const { status, faults } = await refusal(text.replace(/metadata:\n {2}name: otterize/, metadata));
      expect(status).toBe(422);
      expect(faults.join('\n')).toMatch(expected);
    });

    it('that grows when it is read (aliases of aliases) is refused at once', async () => {
      const levels = Array.from({ length: 30 }, (_, i) => `l${i + 1}: &l${i + 1} [*l${i}, *l${i}]`);
      const { status, faults } = await refusal(['l0: &l0 [bomb]', ...levels].join('\n'));
      expect(status).toBe(422);
      expect(faults[0]).toMatch(/^manifest:\d+:\d+ .*(alias|anchor)/i);
    });

    it('that asks for the same cluster twice is refused', async () => {
      const [one] = stack.world.clusters;
      if (one === undefined) throw new Error('no cluster');
      const { faults } = await refusal(fleetText(stack.world, { clusters: [one, one] }));
      expect(faults).toEqual([expect.stringMatching(/spec\.clusters\[1\].*(twice|already|same)/)]);
    });
  });

  describe('people', () => {
    it('who are not in the directory, and groups without mail: the plan names them all', async () => {
      const clusters = fleets.take(1);
      const before = await writes();
      const requestId = await fleets.ask(clusters, {
        people: ['ada@example.com', 'nobody@example.com', 'ghost@example.com'],
        groups: [groupOf(stack.world, 'shop-floor').id, groupOf(stack.world, 'empty').id],
      });
      const message = await refusedByPlan(requestId);
      expect(message).toContain('nobody@example.com is not in the directory');
      expect(message).toContain('ghost@example.com is not in the directory');
      for (const group of ['shop-floor', 'empty']) {
        expect(message).toContain(
          `group ${groupOf(stack.world, group).id} has no member with a mail address. Add members, or take the group out`,
        );
      }
      expect(message).not.toContain('ada@example.com is not');
      expect(await writes()).toBe(before);
      // the chain is kept for ever: it names nobody
      const entries = await fleets.api.call('ivo', 'GET', `/v1/requests/${requestId}/entries`);
      expect(JSON.stringify(entries)).toContain('is not in the directory');
      expect(JSON.stringify(entries)).not.toContain('@example.com');
    });

    it('for whom it is must exist: a ticket is not a person', async () => {
      const [cluster] = fleets.take(1);
      const requestId = await fleets.api.request(
        fleetText(stack.world, {
          name: uniqueName('fleet'),
          clusters: [{ name: cluster.name, stage: cluster.stage }],
        }),
        { requestedFor: 'chg0042@example.com' },
      );
      expect(await refusedByPlan(requestId)).toMatch(
        /the person it is requested for is not in the directory. Ask again for somebody who is/,
      );
    });
  });

  describe('what must be there already', () => {
    it('is looked at before anybody is asked: files and Applications, each with its remedy', async () => {
      const [missing, list, clear, application, whole] = fleets.take(5);
      if (!list || !clear || !application || !whole) throw new Error('five clusters');
      const commit = (cluster: Cluster, content: string | null) =>
        fleets.standIns.gitlab.post('/commit', {
          project: 'platform/clusters',
          path: `${cluster.key}/otterize.yaml`,
          content,
        });
      await commit(missing, null);
      await commit(list, '- this\n- is a list\n');
      await commit(
        clear,
        'global:\n  otterizeCloud:\n    credentials:\n      clientId: a\n      clientSecret: in-clear\n',
      );
      await deleteApplication(`${application.name}-${application.stage}-otterize`);
      const before = await writes();

      const lines = (await refusedByPlan(await fleets.ask([missing, list, clear, application, whole]))).split(
        '\n',
      );
      const lineOf = (cluster: Cluster): string => lines.find((line) => line.startsWith(cluster.key)) ?? '';
      expect(lineOf(missing)).toMatch(/does not exist\. Create it, or correct its path/);
      expect(lineOf(list)).toMatch(/otterize\.yaml: .+\. \w+/);
      expect(lineOf(clear)).toMatch(/client secret stands in clear.*Revoke that secret/);
      expect(lineOf(clear)).not.toContain('in-clear');
      expect(lineOf(application)).toMatch(/Application argocd\/.* does not exist\. Create it/);
      expect(lineOf(whole)).toBe('');
      expect(await writes()).toBe(before);
    });

    it('and is not YAML: refused, whatever stands in it', async () => {
      const [broken] = fleets.take(1);
      await fleets.standIns.gitlab.post('/commit', {
        project: 'platform/clusters',
        path: `${broken.key}/otterize.yaml`,
        content: 'global: {otterizeCloud: [\n\t"',
      });
      expect(await refusedByPlan(await fleets.ask([broken]))).toMatch(/otterize\.yaml: .*YAML/);
    });
  });

  describe('a name taken by somebody else', () => {
    it('is refused by the plan; `adopt: true` adopts it when people have agreed', async () => {
      const [cluster] = fleets.take(1);
      const name = `${cluster.name}-${cluster.stage}`;
      await makeOrganisation(name, 0);
      const before = await fleets.standIns.effects(fleets.otterize, name);

      const message = await refusedByPlan(await fleets.ask([cluster]));
      expect(message).toMatch(
        new RegExp(`the name ${name} is taken by org_\\w+, which Gatehouse did not make`),
      );
      expect(message).toContain(`set "adopt: true" for ${cluster.key}; else choose another name`);
      expect(await fleets.standIns.effects(fleets.otterize, name)).toEqual(before);

      const text = fleetText(stack.world, {
        name: uniqueName('fleet'),
        clusters: [{ name: cluster.name, stage: cluster.stage, adopt: true }],
      });
      const requestId = await fleets.api.request(text);
      await fleets.agree(requestId, 1);
      const status = await fleets.ended(requestId);
      expect(status.status, status.message).toBe('done');
      expect(status.targets[0]?.effects.adopted).toBe(1);
      expect(await fleets.standIns.found(cluster)).toEqual(WHOLE);
    });

    it('that we cannot see is told by the vendor: that cluster fails with it, the others go on', async () => {
      const [theirs, ours] = fleets.take(2);
      if (!ours) throw new Error('two clusters');
      await makeOrganisation(`${theirs.name}-${theirs.stage}`, 1);
      await fleets.otterize.settings({ duplicateNames: 'refuse' });
      try {
        const requestId = await fleets.started([theirs, ours]);
        const [failure] = await fleets.failed(requestId, [theirs]);
        expect(failure).toMatchObject({ step: 'ensureOrganisation', system: 'otterize', scope: 'target' });
        expect(failure?.object).toContain(`${theirs.name}-${theirs.stage}`);
        expect(failure?.remedy).toMatch(/somebody else holds the name/);
        expect(stateOf(await fleets.api.status(requestId), ours.key)).toBe('done');
        await fleets.command('skip', requestId, [theirs]);
        expect(await fleets.ended(requestId)).toMatchObject({ status: 'done' });
        expect(await fleets.standIns.found(ours)).toEqual(WHOLE);
        expect(await fleets.standIns.found(theirs)).toMatchObject({
          environments: 0,
          integrations: 0,
          commits: 0,
        });
      } finally {
        await fleets.otterize.settings({ duplicateNames: 'allow' });
      }
    });
  });

  /** A script of the past (user 0, Gatehouse's own account), or somebody else (user 1), has made an organisation. */
  async function makeOrganisation(name: string, user: number): Promise<void> {
    const answer = await fetch(`${stack.address('otterize')}/api/rest/v1beta/organizations`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${stack.world.otterize.users[user]?.token}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ name }),
    });
    expect(answer.status).toBe(200);
  }

  async function deleteApplication(name: string): Promise<void> {
    const address = stack.address('kubernetes');
    const answer = await fetch(
      `${address}/clusters/management/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/${name}`,
      { method: 'DELETE', headers: { authorization: `Bearer ${stack.address('kubernetesAdminToken')}` } },
    );
    expect(answer.status).toBe(200);
  }
}

function faultsOf(problem: unknown): readonly string[] {
  const faults: unknown =
    typeof problem === 'object' && problem !== null ? Reflect.get(problem, 'faults') : undefined;
  return Array.isArray(faults) ? faults.map((fault) => `${fault.place} ${fault.message}`) : [];
}
