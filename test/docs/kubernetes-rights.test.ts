/** What the pages say about rights in Kubernetes is what deploy/kubernetes has. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type ClusterRole, nameOfRight, rightsOf, rolesIn } from '../real/documented-roles.js';

const page = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
const named = (roles: readonly ClusterRole[]) =>
  roles
    .flatMap((role) => rightsOf(role).map((right) => `${role.metadata.name}: ${nameOfRight(right)}`))
    .sort();

describe('rights in Kubernetes', () => {
  it('are listed for the installation, each with its role', () => {
    const rows = [
      ...page('installation.md').matchAll(/^\| `(gatehouse-[a-z-]+)` \| `([a-z0-9.-]+)` \| ([a-z, ]+) \|/gm),
    ];
    const documented = rows.flatMap(([, role = '', object = '', verbs = '']) =>
      verbs.split(', ').map((verb) => `${role}: ${verb} ${object}`),
    );
    expect(documented.sort()).toEqual(named(rolesIn('roles.yaml')));
  });

  it('of a pipeline are shown word for word', () => {
    const [wait] = rolesIn('wait.yaml');
    const blocks = [...page('wait.md').matchAll(/```yaml\n(.*?)```/gs)].map(([, text = '']) => text);
    const shown: unknown = parse(blocks.find((text) => text.includes('kind: ClusterRole')) ?? '');
    expect(shown).toEqual(wait);
  });

  it('are narrow: no Secret, no wildcard, nothing removed; what only waits writes nothing', () => {
    const roles = [...rolesIn('roles.yaml'), ...rolesIn('wait.yaml')];
    expect(new Set(roles.map(({ metadata }) => metadata.name)).size).toBe(roles.length);
    const rights = roles.flatMap(rightsOf);
    expect(new Set(rights.map(({ verb }) => verb))).toEqual(new Set(['get', 'list', 'patch', 'create']));
    expect(rights.filter(({ verb }) => verb === 'create').map(nameOfRight)).toEqual(['create jobs.batch']);
    for (const { group, resource } of rights) {
      expect([group, resource]).not.toContain('*');
      expect(resource).not.toBe('secrets');
    }
    const [wait] = rolesIn('wait.yaml');
    expect(rightsOf(wait ?? { rules: [] }).filter(({ verb }) => verb !== 'get' && verb !== 'list')).toEqual(
      [],
    );
  });
});
