import { describe, expect, it } from 'vitest';
import { ManifestError } from '../../src/manifests/fault.js';
import { readManifests, readOneFleet } from '../../src/manifests/read.js';
import { edited, exampleOf } from './examples.js';

const fleet = exampleOf('Fleet');
const policy = exampleOf('Policy');
const inventory = exampleOf('Inventory');

function faultsOf(...texts: readonly string[]): readonly string[] {
  try {
    readManifests(texts.map((text, index) => ({ file: `f${index}.yaml`, text })));
  } catch (error) {
    if (error instanceof ManifestError) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('the examples of the page about files', () => {
  it('are read, together and with their defaults', () => {
    const read = readManifests([{ file: 'all.yaml', text: [fleet, policy, inventory].join('---\n') }]);
    expect(read.fleets[0]?.manifest.spec.clusters[1]).toEqual({
      name: 'harbour-02',
      stage: 'prod',
      labels: { team: 'platform', region: 'eu' },
      invite: {
        domain: 'example.com',
        people: ['ada@example.com'],
        groups: ['0c8f6a2e-5a34-4b5e-9f1d-7d2f3f9f1a11'],
      },
      vault: 'kv-{cluster}-{stage}',
      values: {
        project: 'platform/clusters',
        file: '{cluster}/{stage}/otterize.yaml',
        mode: 'client-id',
        key: 'global.otterizeCloud.credentials',
      },
      application: '{cluster}-{stage}-otterize',
      adopt: false,
    });
    expect(read.policies[0]?.manifest.spec.gates[0]).toEqual({
      name: 'procurement',
      approvers: { group: 'procurement', need: 1 },
      evidence: ['contractNumber', 'licences', 'validUntil'],
      after: [],
      remindEveryMs: 5 * 86_400_000,
      escalate: { afterMs: 30 * 86_400_000, toGroup: 'operators' },
      deadline: { afterMs: 180 * 86_400_000, then: 'reject' },
    });
    expect(read.policies[0]?.manifest.spec.gates[1]?.freshLoginMs).toBe(900_000);
    expect(read.inventories[0]?.manifest.spec.projects[1]).toEqual({
      path: 'platform/fleets',
      branch: 'main',
    });
    expect(read.inventories[0]?.manifest.spec.clusters[0]?.externalSecret).toBe('otterize-cloud');
  });
});

describe('a fleet file', () => {
  it('tells all its faults at once, in order, each with its place', () => {
    const broken = [
      'apiVersion: gatehouse/v1',
      'kind: Fleet',
      'metadata: {name: Otterize}',
      'spec:',
      '  service: otterize',
      '  defualts: {stage: dev}',
      '  clusters:',
      '    - {name: harbour-01, stage: 1}',
      '    - {stage: dev, lables: {a: b}}',
      '  rollout: {maxInFlight: 0}',
    ].join('\n');
    expect(faultsOf(broken)).toEqual([
      expect.stringMatching(/^f0\.yaml:3:18: metadata\.name: must be lower-case/),
      'f0.yaml:6:3: spec.defualts: is not known here: did you mean "defaults"?',
      'f0.yaml:8:33: spec.clusters[0].stage: must be text: put it in quotes',
      'f0.yaml:9:7: spec.clusters[1]: "name" is missing',
      'f0.yaml:9:20: spec.clusters[1].lables: is not known here: did you mean "labels"?',
      expect.stringMatching(/^f0\.yaml:10:26: spec\.rollout\.maxInFlight: must be >= 1/),
    ]);
  });

  it.each([
    ['path traversal', '"../../etc"'],
    ['a slash', '"a/b"'],
    ['a control character', '"a\\u0007b"'],
    ['a look-alike (Cyrillic а)', '"h\\u0430rbour"'],
    ['an invisible character', '"harbour\\u200b01"'],
    ['upper case', 'Harbour'],
    ['too long', 'a'.repeat(51)],
    ['a template', '"{stage}"'],
    ['nothing', '""'],
    ['a line break', '"harbour\\n01"'],
  ])('refuses a hostile cluster name: %s', (_, name) => {
    expect(faultsOf(edited(fleet, 'name: harbour-01,', `name: ${name},`))).toEqual([
      expect.stringMatching(/spec\.clusters\[0\]\.name: must /),
    ]);
  });

  it.each(['../other/values.yaml', '/etc/values.yaml', 'a/../../b.yaml', 'a//b.yaml', 'a/b.txt', './b.yaml'])(
    'refuses the values file %s',
    (file) => {
      expect(faultsOf(edited(fleet, '{cluster}/{stage}/otterize.yaml', file))).toEqual([
        expect.stringContaining('spec.defaults.values.file: must be a relative path'),
      ]);
    },
  );

  it('refuses a cluster that stands twice, also when only the joined name is the same', () => {
    const twice = edited(fleet, '{name: harbour-02, stage: prod', '{name: harbour-01, stage: dev');
    expect(faultsOf(twice)).toEqual([expect.stringContaining('"harbour-01-dev" stands twice: clusters[0]')]);
    const joined = edited(
      edited(fleet, '{name: harbour-01, stage: dev', '{name: a, stage: b-c'),
      '{name: harbour-02, stage: prod',
      '{name: a-b, stage: c',
    );
    expect(faultsOf(joined)).toEqual([expect.stringContaining('"a-b-c" stands twice')]);
  });

  it('refuses a joined name that the vendor does not take', () => {
    const long = edited(
      fleet,
      'name: harbour-01, stage: dev',
      `name: ${'a'.repeat(50)}, stage: ${'b'.repeat(20)}`,
    );
    expect(faultsOf(long)).toEqual([expect.stringContaining('not a name that the vendor takes')]);
  });

  it('says which settings are missing, and where they can stand', () => {
    const faults = faultsOf(
      edited(edited(fleet, '    vault: kv-{cluster}-{stage}\n', ''), '      domain: example.com\n', ''),
    );
    expect(faults).toHaveLength(4);
    expect(faults[0]).toContain('spec.clusters[0]: "vault" is missing: give it here or in spec.defaults');
    expect(faults[1]).toContain('"invite.domain" is missing');
  });

  it('refuses addresses that are none', () => {
    for (const mail of ['ada', 'ada@', '"ada@example.com\\nbcc: x@y.zz"', '"ad\\u00e4@example.com"']) {
      expect(faultsOf(edited(fleet, 'ada@example.com', mail))).toEqual([
        expect.stringContaining('spec.defaults.invite.people[0]: must be an e-mail address'),
      ]);
    }
  });
});

describe('a policy file', () => {
  it('refuses gates that nobody need approve, unknown and circular order', () => {
    expect(faultsOf(edited(policy, 'group: procurement, need: 1', 'group: procurement, need: 0'))).toEqual([
      expect.stringContaining('spec.gates[0].approvers.need: must be >= 1'),
    ]);
    expect(faultsOf(edited(policy, 'remind: 5d', 'after: [data-protecton]'))).toEqual([
      expect.stringContaining(
        '"data-protecton" is not a gate of this policy: did you mean "data-protection"?',
      ),
    ]);
    const circle = edited(
      edited(policy, 'remind: 5d', 'after: [data-protection]'),
      'freshLogin: 15m',
      'after: [procurement]',
    );
    expect(faultsOf(circle)).toEqual([
      expect.stringContaining('procurement → data-protection → procurement'),
    ]);
  });

  it('refuses a silence that approves, a deadline before the escalation and words for durations', () => {
    expect(faultsOf(edited(policy, 'then: reject', 'then: approve'))).toEqual([
      expect.stringContaining('spec.gates[0].deadline.then: must be "reject"'),
    ]);
    expect(faultsOf(edited(policy, 'after: 180d', 'after: 30d'))).toEqual([
      expect.stringContaining('lies not before the deadline'),
    ]);
    expect(faultsOf(edited(policy, 'remind: 5d', 'remind: weekly'))).toEqual([
      expect.stringContaining('spec.gates[0].remind: must be a duration such as 30m, 12h or 5d'),
    ]);
    expect(faultsOf(edited(policy, 'after: 180d', 'after: 99999d'))).toEqual([
      expect.stringContaining('longer than ten years'),
    ]);
  });

  it('refuses a second gate of the same name and a policy without gates', () => {
    expect(faultsOf(edited(policy, 'name: data-protection', 'name: procurement'))).toContainEqual(
      expect.stringContaining('"procurement" stands twice'),
    );
    const none = policy.replace(/ {2}gates:[\s\S]*$/, '  gates: []\n');
    expect(faultsOf(none)).toEqual([expect.stringMatching(/spec\.gates: /)]);
  });
});

describe('an inventory file', () => {
  it('refuses stores that leak, half stores and groups that nobody knows', () => {
    expect(
      faultsOf(edited(inventory, 'https://{name}.vault.azure.net', 'http://{name}.example.com')),
    ).toEqual([expect.stringContaining('spec.secretStores[0].url: must be https')]);
    expect(faultsOf(edited(inventory, ', mount: secret', ''))).toEqual([
      expect.stringContaining('"mount" is missing: a store of kind vault needs it'),
    ]);
    expect(faultsOf(edited(inventory, 'operators: [operators]', 'operators: [operator]'))).toEqual([
      expect.stringContaining('"operator" is not in spec.groups: did you mean "operators"?'),
    ]);
    expect(faultsOf(edited(inventory, '{path: platform/fleets}', '{path: platform/clusters}'))).toEqual([
      expect.stringContaining('"platform/clusters" stands twice'),
    ]);
  });
});

describe('kinds', () => {
  it('are told apart, with a near miss', () => {
    expect(faultsOf(edited(fleet, 'kind: Fleet', 'kind: Fleat'))).toEqual([
      expect.stringContaining('"Fleat" is not a kind: did you mean "Fleet"?'),
    ]);
    expect(faultsOf('- just\n- a list\n')).toEqual([expect.stringContaining('must be a block of')]);
    expect(faultsOf('hello: world\n')).toEqual([
      expect.stringContaining('"apiVersion" is missing'),
      expect.stringContaining('"kind" is missing'),
    ]);
  });

  it('of a request are one Fleet only', () => {
    expect(() => readOneFleet('r.yaml', policy)).toThrow('holds no document of kind Fleet');
    expect(() => readOneFleet('r.yaml', `${fleet}---\n${policy}`)).toThrow('one document of kind Fleet');
    expect(readOneFleet('r.yaml', fleet).manifest.metadata.name).toBe('otterize');
  });

  it('faults of several files are told together', () => {
    const faults = faultsOf(
      edited(fleet, 'service: otterize', 'service: 7'),
      edited(policy, 'need: 1', 'need: many'),
    );
    expect(faults.map((fault) => fault.split(':')[0])).toEqual(['f0.yaml', 'f1.yaml']);
  });
});
