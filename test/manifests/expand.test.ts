import { describe, expect, it } from 'vitest';
import { expandFleet, peopleOf } from '../../src/manifests/expand.js';
import { choosePolicy, PolicyChoiceError, policyFaults } from '../../src/manifests/policies.js';
import { readManifests } from '../../src/manifests/read.js';
import { edited, exampleOf } from './examples.js';

const examples = {
  fleet: exampleOf('Fleet'),
  policy: exampleOf('Policy'),
  inventory: exampleOf('Inventory'),
};

function read(texts: Partial<typeof examples> = {}) {
  const { fleet, policy, inventory } = { ...examples, ...texts };
  const { fleets, policies, inventories } = readManifests([
    { file: 'fleet.yaml', text: fleet },
    { file: 'policy.yaml', text: policy },
    { file: 'inventory.yaml', text: inventory },
  ]);
  const [oneFleet] = fleets;
  const [oneInventory] = inventories;
  if (oneFleet === undefined || oneInventory === undefined)
    throw new Error('example without fleet or inventory');
  return { fleet: oneFleet, inventory: oneInventory.manifest, policies };
}

function expand(texts: Partial<typeof examples> = {}) {
  const { fleet, inventory } = read(texts);
  return expandFleet(fleet, inventory, (value) => `ref-of-${value}`);
}

describe('expanding a fleet', () => {
  it('fills in every template and looks every name up', () => {
    const content = expand();
    expect(content).toMatchObject({ service: 'otterize', fleet: 'otterize', maxInFlight: 10 });
    expect(content.targets[1]).toEqual({
      key: 'harbour-02/prod',
      cluster: 'harbour-02',
      stage: 'prod',
      organisation: 'harbour-02-prod',
      environment: { name: 'harbour-02-prod', labels: { team: 'platform', region: 'eu' } },
      integration: 'harbour-02-prod',
      invite: {
        domain: 'example.com',
        people: ['ref-of-ada@example.com'],
        groups: ['0c8f6a2e-5a34-4b5e-9f1d-7d2f3f9f1a11'],
      },
      secretStore: {
        kind: 'azure-key-vault',
        name: 'kv-harbour-02-prod',
        url: 'https://kv-harbour-02-prod.vault.azure.net',
      },
      values: {
        project: 'platform/clusters',
        branch: 'main',
        file: 'harbour-02/prod/otterize.yaml',
        mode: 'client-id',
        key: 'global.otterizeCloud.credentials',
      },
      application: { connection: 'management', namespace: 'argocd', name: 'harbour-02-prod-otterize' },
      externalSecret: { connection: 'harbour-02', namespace: 'otterize-system', name: 'otterize-cloud' },
      adopt: false,
    });
  });

  it('fills in mount and path of the other kind of store', () => {
    const fleet = edited(examples.fleet, 'stage: dev}', 'stage: dev, vault: bao}');
    expect(expand({ fleet }).targets[0]?.secretStore).toEqual({
      kind: 'vault',
      name: 'bao',
      url: 'https://bao.example.com',
      mount: 'secret',
      path: 'clusters/harbour-01/dev',
    });
  });

  it('gives each personal value once', () => {
    expect(peopleOf(read().fleet.manifest)).toEqual(['ada@example.com']);
  });

  it('tells all that the inventory does not know, with near misses and places', () => {
    const fleet = edited(
      edited(
        edited(examples.fleet, 'project: platform/clusters', 'project: platform/cluster'),
        '{name: harbour-01, stage: dev}',
        '{name: harbour-11, stage: dev, vault: nowhere}',
      ),
      'stage: prod',
      'stage: prd',
    );
    let message = '';
    try {
      expand({ fleet });
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain('"harbour-11" is not in the inventory: did you mean "harbour-01"?');
    expect(message).toContain('secret store "nowhere" is not in the inventory');
    expect(message).toContain('has no stage "prd" in the inventory: did you mean "prod"?');
    expect(message).toContain(
      '"platform/cluster" is not in the inventory\'s projects: did you mean "platform/clusters"?',
    );
    expect(message.match(/platform\/cluster"/g)).toHaveLength(1);
    expect(message).toContain('spec.defaults.values.project: ');
    expect(message).toMatch(/fleet\.yaml:16:14: spec\.clusters\[0\]\.name/);
  });

  it('refuses unknown placeholders and lone braces', () => {
    const unknown = edited(examples.fleet, '{cluster}-{stage}-otterize', '{clustre}-otterize');
    expect(() => expand({ fleet: unknown })).toThrow('"{clustre}" is not a placeholder; known: {cluster}');
    const lone = edited(examples.fleet, '{cluster}-{stage}-otterize', '{cluster-otterize');
    expect(() => expand({ fleet: lone })).toThrow('a brace without its partner');
    const inherited = edited(examples.fleet, '{cluster}-{stage}-otterize', '{constructor}-x');
    expect(() => expand({ fleet: inherited })).toThrow('"{constructor}" is not a placeholder');
  });

  it('refuses clusters that would write to the same place', () => {
    const fleet = edited(
      edited(examples.fleet, 'vault: kv-{cluster}-{stage}', 'vault: bao'),
      '{cluster}/{stage}/otterize.yaml',
      'otterize.yaml',
    );
    const inventory = edited(examples.inventory, 'clusters/{cluster}/{stage}', 'clusters/all');
    const clash = (): unknown => expand({ fleet, inventory });
    expect(clash).toThrow('same as that of harbour-01/dev (platform/clusters otterize.yaml)');
    expect(clash).toThrow('same as that of harbour-01/dev (https://bao.example.com secret clusters/all)');
    expect(() => expand({ fleet })).not.toThrow(/bao\.example\.com/);
  });
});

const OTTERIZE = { kind: 'Fleet', service: 'otterize' } as const;

describe('choosing a policy', () => {
  it('takes the one for kind and service, with its digest', () => {
    const policies = read().policies.map(({ manifest }) => manifest);
    const chosen = choosePolicy(policies, OTTERIZE);
    expect(chosen.policy.metadata.name).toBe('saas');
    expect(chosen.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.parse(chosen.document)).toEqual(chosen.policy);
  });

  it('refuses none and two', () => {
    const policies = read().policies.map(({ manifest }) => manifest);
    expect(() => choosePolicy(policies, { ...OTTERIZE, service: 'otterise' })).toThrow(
      'did you mean "otterize"?',
    );
    expect(() => choosePolicy([...policies, ...policies], OTTERIZE)).toThrow(PolicyChoiceError);
  });

  it('finds policies that cannot work with the inventory', () => {
    const policy = edited(
      edited(examples.policy, 'group: dpo', 'group: dpos'),
      'to: operators',
      'to: nobody',
    );
    const { policies, inventory } = read({ policy: `${policy}---\n${examples.policy}` });
    expect(policyFaults(policies, inventory).map(({ path, message }) => `${path}: ${message}`)).toEqual([
      expect.stringMatching(/^spec\.gates\[0\]\.escalate\.to: "nobody" is not in the inventory's groups/),
      'spec.gates[1].approvers.group: "dpos" is not in the inventory\'s groups: did you mean "dpo"?',
      'spec.appliesTo: policy "saas" applies to the same kind and service: keep one',
    ]);
    expect(policyFaults(read().policies, inventory)).toEqual([]);
  });
});
