import { describe, expect, it } from 'vitest';
import type { PolicySubject } from '../../src/domain/request.js';
import { ManifestError } from '../../src/manifests/fault.js';
import { choosePolicy, PolicyChoiceError, policyFaults } from '../../src/manifests/policies.js';
import { readManifests } from '../../src/manifests/read.js';
import { canonicalJson, digest } from '../../src/security/canonical.js';
import { edited, exampleOf } from './examples.js';

const promotions = exampleOf('Policy', 'production');
const inventory = exampleOf('Inventory');

/** A policy for promotions, one gate of the owners. */
function policy(name: string, application: string, environment: string, exception?: string): string {
  const scope = `kind: Promotion, application: "${application}", environment: "${environment}"`;
  const review =
    exception === undefined ? '' : '\n    - {name: review, approvers: {group: dpo}, afterwards: true}';
  return `apiVersion: gatehouse/v1
kind: Policy
metadata: {name: ${name}}
spec:
  appliesTo: {${scope}${exception === undefined ? '' : `, exception: ${exception}`}}
  gates:
    - {name: owner, approvers: {group: owners}}${review}
`;
}

function read(...texts: readonly string[]) {
  return readManifests(texts.map((text, index) => ({ file: `p${index}.yaml`, text })));
}

function chosen(texts: readonly string[], subject: PolicySubject): string {
  const policies = read(...texts).policies.map(({ manifest }) => manifest);
  try {
    return choosePolicy(policies, subject).policy.metadata.name;
  } catch (error) {
    if (error instanceof PolicyChoiceError) return error.message;
    throw error;
  }
}

type PromotionSubject = Extract<PolicySubject, { kind: 'Promotion' }>;

function subject(application: string, environment: string, exception?: string): PromotionSubject {
  return {
    kind: 'Promotion',
    application,
    environment,
    owners: 'shop-owners',
    ...(exception === undefined ? {} : { exception }),
  };
}

describe('the policy of a promotion', () => {
  const all = policy('all', '*', '*');
  const prod = policy('prod', '*', 'prod');
  const shop = policy('shop', 'shop', '*');
  const shopProd = policy('shop-prod', 'shop', 'prod');
  const hotfix = policy('hotfix', '*', 'prod', 'hotfix');

  it.each<[string, readonly string[], PolicySubject, string | RegExp]>([
    ['the one for all', [all], subject('shop', 'prod'), 'all'],
    ['that of the environment', [all, prod], subject('shop', 'prod'), 'prod'],
    ['that of the application', [all, shop, prod], subject('shop', 'dev'), 'shop'],
    ['the one that names both', [all, shop, prod, shopProd], subject('shop', 'prod'), 'shop-prod'],
    ['that of the exception', [all, shopProd, hotfix], subject('shop', 'prod', 'hotfix'), 'hotfix'],
    ['that of the normal way beside one of an exception', [all, hotfix], subject('shop', 'prod'), 'all'],
    [
      'none of two that are equally exact',
      [shop, prod],
      subject('shop', 'prod'),
      /^The policies "shop" and "prod" both apply to promotion of shop\/prod: keep one, or write one that names both\.$/,
    ],
    [
      'none',
      [shop],
      subject('bank', 'prod'),
      /^No policy applies to promotions of bank to prod, so nobody could decide\. Ask .* \{kind: Promotion, application: bank, environment: prod\}\.$/,
    ],
    [
      'none for an exception, however wide the normal one is',
      [all, shopProd],
      subject('shop', 'prod', 'hotfix'),
      /^A hotfix of shop\/prod is not possible: no policy allows this exception\. Ask .*, exception: hotfix\}\.$/,
    ],
    [
      'none for another exception',
      [all, hotfix],
      subject('shop', 'prod', 'break-glass'),
      /^A break-glass of shop\/prod is not possible/,
    ],
    [
      'none of a service',
      [exampleOf('Policy')],
      subject('otterize', 'prod'),
      /^No policy applies to promotions/,
    ],
  ])('is %s', (_, texts, asked, expected) => {
    for (const order of [texts, [...texts].reverse()]) {
      if (typeof expected === 'string') expect(chosen(order, asked)).toBe(expected);
    }
    expect(chosen(texts, asked)).toMatch(expected);
  });

  it('never governs a fleet', () => {
    expect(chosen([all], { kind: 'Fleet', service: 'otterize' })).toMatch(/^No policy applies to Fleet/);
  });

  it('asks the owners of the application, and what is pinned says so', () => {
    const text = edited(
      promotions,
      'deadline: {after: 14d',
      'escalate: {after: 7d, to: owners}\n      deadline: {after: 14d',
    );
    const policies = read(text).policies.map(({ manifest }) => manifest);
    const {
      policy: pinned,
      document,
      digest: pinnedDigest,
    } = choosePolicy(policies, subject('shop', 'prod'));
    expect(pinned.spec.gates[0]).toMatchObject({
      approvers: { group: 'shop-owners', need: 1, needAtHighRisk: 2 },
      escalate: { toGroup: 'shop-owners' },
    });
    expect(document).toBe(canonicalJson(pinned));
    expect(pinnedDigest).toBe(digest(document));
    expect(document).not.toContain('"owners"');
    // another owner is another policy: nobody approves by what others were asked
    const others = choosePolicy(policies, { ...subject('shop', 'prod'), owners: 'bank-owners' });
    expect(others.digest).not.toBe(pinnedDigest);
    // the word means a group of the inventory in a fleet's policy
    const fleets = read(edited(exampleOf('Policy'), 'group: procurement', 'group: owners')).policies;
    const fleet = choosePolicy(
      fleets.map(({ manifest }) => manifest),
      { kind: 'Fleet', service: 'otterize' },
    );
    expect(fleet.policy.spec.gates[0]?.approvers.group).toBe('owners');
  });

  it('keeps its reviews', () => {
    const policies = read(promotions).policies.map(({ manifest }) => manifest);
    const { policy: chosenPolicy } = choosePolicy(policies, subject('shop', 'prod', 'break-glass'));
    expect(chosenPolicy.spec.gates).toMatchObject([
      { name: 'on-call', freshLoginMs: 300_000 },
      { name: 'review', afterwards: true, approvers: { group: 'shop-owners', need: 2 } },
    ]);
    expect(chosenPolicy.spec.gates[0]).not.toHaveProperty('afterwards');
  });
});

describe('policies together', () => {
  function faultsOf(...texts: readonly string[]): readonly string[] {
    const { policies, inventories } = read(...texts, inventory);
    const [known] = inventories;
    if (known === undefined) throw new Error('no inventory');
    return policyFaults(policies, known.manifest).map(({ path, message }) => `${path}: ${message}`);
  }

  it.each<[string, readonly string[], readonly string[]]>([
    ['the examples', [promotions, exampleOf('Policy')], []],
    [
      'two of the same',
      [policy('one', '*', 'prod'), policy('two', '*', 'prod')],
      ['spec.appliesTo: policy "one" applies to the same promotions: keep one'],
    ],
    [
      'the same but for the exception',
      [policy('one', '*', 'prod'), policy('two', '*', 'prod', 'hotfix')],
      [],
    ],
    [
      'two of which neither is more exact',
      [policy('one', 'shop', '*'), policy('two', '*', 'prod')],
      [
        'spec.appliesTo: policy "one" applies to shop/prod too, and neither is more exact: write one that names both',
      ],
    ],
    [
      'the same with one that names both',
      [policy('one', 'shop', '*'), policy('two', '*', 'prod'), policy('three', 'shop', 'prod')],
      [],
    ],
    ['two for other applications', [policy('one', 'shop', '*'), policy('two', 'bank', '*')], []],
    [
      'wider and wider',
      [policy('one', 'shop', 'prod'), policy('two', 'shop', '*'), policy('three', '*', '*')],
      [],
    ],
    [
      'a group that nobody knows',
      [policy('one', '*', '*').replace('group: owners', 'group: owner')],
      ['spec.gates[0].approvers.group: "owner" is not in the inventory\'s groups: did you mean "owners"?'],
    ],
    [
      'owners of a fleet',
      [edited(exampleOf('Policy'), 'group: procurement', 'group: owners')],
      [
        'spec.gates[0].approvers.group: "owners" is not in the inventory\'s groups: did you mean "shop-owners"?',
      ],
    ],
  ])('are judged: %s', (_, texts, faults) => {
    expect(faultsOf(...texts)).toEqual(
      faults.map((fault) => expect.stringContaining(fault.split(': did')[0] ?? fault)),
    );
  });
});

describe('a policy file of promotions', () => {
  function faultsOf(text: string): readonly string[] {
    try {
      read(text);
    } catch (error) {
      if (error instanceof ManifestError)
        return error.faults.map(({ path, message }) => `${path}: ${message}`);
      throw error;
    }
    return [];
  }

  const hotfix = policy('hotfix', '*', 'prod', 'hotfix');
  const normal = policy('prod', '*', 'prod');

  it.each<[string, string, string]>([
    [
      'a fleet with a review',
      edited(exampleOf('Policy'), 'freshLogin: 15m', 'afterwards: true'),
      'spec.gates[1].afterwards: only policies of promotions have reviews afterwards',
    ],
    [
      'a fleet with a risk',
      edited(exampleOf('Policy'), 'group: dpo, need: 1', 'group: dpo, need: 1, needAtHighRisk: 2'),
      'spec.gates[1].approvers.needAtHighRisk: only plans of promotions have a risk',
    ],
    [
      'high risk that asks for less',
      normal.replace('group: owners', 'group: owners, need: 2, needAtHighRisk: 1'),
      'spec.gates[0].approvers.needAtHighRisk: is less than "need"',
    ],
    [
      'a hotfix that nobody reviews',
      hotfix.replace(', afterwards: true', ''),
      'spec.gates: a hotfix needs a review',
    ],
    [
      'a break-glass that nobody reviews',
      hotfix.replace(', afterwards: true', '').replace('exception: hotfix', 'exception: break-glass'),
      'spec.gates: a break-glass needs a review',
    ],
    [
      'a rollback without a review',
      policy('back', '*', 'prod', 'rollback').replace(', afterwards: true', ''),
      '',
    ],
    [
      'reviews only',
      normal.replace('group: owners}', 'group: owners}, afterwards: true'),
      'spec.gates: all of them are reviews afterwards',
    ],
    [
      'a gate that waits for a review',
      hotfix.replace('{name: owner,', '{name: owner, after: [review],'),
      'spec.gates[0].after[0]: "review" opens when the work is done',
    ],
    [
      'a review that waits for a gate',
      hotfix.replace('afterwards: true', 'afterwards: true, after: [owner]'),
      '',
    ],
    [
      'a scope of an unknown kind',
      normal.replace('kind: Promotion', 'kind: Promotions'),
      'spec.appliesTo.kind: "Promotions" is not known here: did you mean "Promotion"?',
    ],
    [
      'a scope without environment',
      normal.replace(', environment: "prod"', ''),
      'spec.appliesTo: "environment" is missing',
    ],
    [
      'a pattern',
      normal.replace('application: "*"', 'application: "shop-*"'),
      'spec.appliesTo.application: must be a name of at most 50 characters, or "*" for all',
    ],
    [
      'the service of a fleet',
      normal.replace('environment: "prod"', 'environment: prod, service: otterize'),
      'spec.appliesTo.service: is not known here',
    ],
  ])('with %s', (_, text, fault) => {
    expect(faultsOf(text)).toEqual(fault === '' ? [] : [expect.stringContaining(fault)]);
  });
});
