import { describe, expect, it } from 'vitest';
import type { OwnedDirectory } from '../../src/domain/values-places.js';
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

function expand(texts: Partial<typeof examples> = {}, owned: readonly OwnedDirectory[] = []) {
  const { fleet, inventory } = read(texts);
  return expandFleet(fleet, inventory, (value) => `ref-of-${value}`, owned);
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
    const inventory = edited(
      edited(examples.inventory, 'clusters/{cluster}/{stage}', 'clusters/all'),
      'directory: "{cluster}/{stage}"',
      'directory: ""',
    );
    const clash = (): unknown => expand({ fleet, inventory });
    expect(clash).toThrow('same as that of harbour-01/dev (platform/clusters otterize.yaml)');
    expect(clash).toThrow('same as that of harbour-01/dev (https://bao.example.com secret clusters/all)');
    expect(() => expand({ fleet })).not.toThrow(/bao\.example\.com/);
  });
});

describe('where a service may write', () => {
  const place =
    '{project: platform/clusters, directory: "{cluster}/{stage}", key: global.otterizeCloud.credentials}';
  const values = 'values: {project: platform/clusters, file: "{cluster}/{stage}/otterize.yaml"}';
  const otherValues = (text: string): string => edited(examples.fleet, values, `values: ${text}`);

  it('is what the inventory says: another project, directory or key is refused with what it says', () => {
    const asked = (text: string) => () => expand({ fleet: otherValues(text) });
    expect(asked('{project: shop/prod-ops, file: "{cluster}/{stage}/otterize.yaml"}')).toThrow(
      '"shop/prod-ops" is not a project that the inventory gives this service: it says platform/clusters',
    );
    expect(asked('{project: platform/clusters, file: "apps/{cluster}.yaml"}')).toThrow(
      '"apps/harbour-01.yaml" is not where otterize may write values of harbour-01/dev: the inventory says harbour-01/dev',
    );
    // a name that begins alike is another directory
    expect(asked('{project: platform/clusters, file: "{cluster}/{stage}-x/otterize.yaml"}')).toThrow(
      'is not where otterize may write',
    );
    expect(
      asked('{project: platform/clusters, file: "{cluster}/{stage}/otterize.yaml", key: spec.images}'),
    ).toThrow('"spec.images" is not a key that the inventory gives this service');
  });

  it('is for the clusters that the inventory names', () => {
    const inventory = edited(examples.inventory, place, `${place.slice(0, -1)}, clusters: [harbour-01/dev]}`);
    expect(() => expand({ inventory })).toThrow(
      'the inventory names no place where otterize may write values of harbour-02/prod',
    );
    const unknown = edited(examples.inventory, place, `${place.slice(0, -1)}, clusters: [harbour-99/dev]}`);
    expect(() => expand({ inventory: unknown })).toThrow('"harbour-99/dev" is not in spec.clusters');
    const stray = edited(examples.inventory, place, place.replace('platform/clusters', 'platform/other'));
    expect(() => expand({ inventory: stray })).toThrow('"platform/other" is not in spec.projects');
  });

  it('is nowhere for a service that the inventory does not name', () => {
    const fleet = edited(examples.fleet, 'service: otterize', 'service: constructor');
    expect(() => expand({ fleet })).toThrow(
      'the inventory names no place where "constructor" may write: known: ',
    );
  });

  it('is never what a promotion path writes, whatever the inventory says', () => {
    const owner = 'the promotion path shop/prod';
    const owned = [{ project: 'platform/clusters', directory: 'harbour-02', owner }];
    expect(() => expand({}, owned)).toThrow(`harbour-02/prod/otterize.yaml belongs to ${owner}`);
    const beside = [
      { project: 'platform/clusters', directory: 'harbour-0', owner },
      { project: 'shop/prod-ops', directory: '', owner },
    ];
    expect(expand({}, beside).targets).toHaveLength(2);
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
