import { describe, expect, it } from 'vitest';
import { groupOf, makeWorld, personOf, type World, WorldError } from '../../../sandbox/world.js';

function secretsOf(world: World): string[] {
  return [
    world.entra.signingKey,
    ...world.entra.clients.map((client) => client.clientSecret),
    ...world.otterize.users.map((user) => user.token),
    world.gitlab.token,
    world.gitlab.otherToken,
    world.kubernetes.managementToken,
    ...world.clusters.map((cluster) => cluster.kubernetesToken),
    ...world.oidc.accounts.map((account) => account.password),
    ...world.oidc.clients.flatMap((client) => client.clientSecret ?? []),
    ...world.harbor.users.map((user) => user.password),
    world.servicenow.password,
    world.checks.prometheusToken,
    world.webhooks.outgoingSecret,
    world.webhooks.incomingSecret,
  ];
}

describe('the example world', () => {
  it('has the same ids each time, and new secrets', () => {
    const [one, two] = [makeWorld(), makeWorld()];
    expect(one.people).toEqual(two.people);
    expect(one.groups).toEqual(two.groups);
    const secrets = [...secretsOf(one), ...secretsOf(two)];
    expect(new Set(secrets).size).toBe(secrets.length);
    expect(Math.min(...secrets.map((secret) => secret.length))).toBeGreaterThanOrEqual(32);
  });

  it('has 25 clusters of mixed stages, or as many as wanted', () => {
    const { clusters } = makeWorld();
    expect(clusters.map((cluster) => cluster.name)).toEqual(
      Array.from({ length: 25 }, (_, index) => `harbour-${String(index + 1).padStart(2, '0')}`),
    );
    expect(new Set(clusters.map((cluster) => cluster.stage))).toEqual(new Set(['dev', 'stg', 'prod']));
    expect(clusters[0]).toMatchObject({
      vault: 'kv-harbour-01-dev',
      application: 'harbour-01-dev-otterize',
      path: 'harbour-01/dev',
    });
    // vendor's limit of vault names
    expect(
      Math.max(...makeWorld({ clusters: 999 }).clusters.map((cluster) => cluster.vault.length)),
    ).toBeLessThan(25);
    expect(makeWorld({ clusters: 3 }).clusters).toHaveLength(3);
  });

  it('sets the traps', () => {
    const world = makeWorld();
    const alias = personOf(world, 'adm-ada');
    // typed in another case, which the directory does not tell apart
    expect(alias.employeeId?.toUpperCase()).toBe(personOf(world, 'ada').employeeId);
    expect(groupOf(world, 'procurement').members).toContainEqual({ kind: 'user', id: alias.id });
    expect(world.people.filter((person) => person.displayName === 'Max Weber')).toHaveLength(2);
    const mailless = groupOf(world, 'shop-floor').members.map(
      (member) => world.people.find((person) => person.id === member.id)?.mail,
    );
    expect(mailless).toEqual([null, null]);
    expect(new Set(groupOf(world, 'platform-team').members.map((member) => member.kind)).size).toBe(3);
  });

  it('says who is not in it', () => {
    expect(() => personOf(makeWorld(), 'nobody')).toThrow(WorldError);
    expect(() => groupOf(makeWorld(), 'nobody')).toThrow(WorldError);
  });
});
