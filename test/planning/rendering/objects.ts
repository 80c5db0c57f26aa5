/** Manifests for tests of checks. */
import { stringify } from 'yaml';
import type { PolicyRules } from '../../../src/planning/rendering/policy-rules.js';
import { diffRendered, type RenderedDiff } from '../../../src/planning/rendering/rendered-diff.js';
import { parseRendered, type RenderedObject } from '../../../src/planning/rendering/rendered-objects.js';

export const DIGEST = `sha256:${'9f31c2e4'.repeat(8)}`;
export const IMAGE = `registry.example.com/shop/web@${DIGEST}`;

/** Rules of an application that may do nothing special. */
export const RULES: PolicyRules = { clusterKinds: [], namespaces: ['shop'], undigestedImages: 'warn' };

/** Plain values as they come from a rendering. */
export function rendered(...objects: readonly object[]): readonly RenderedObject[] {
  return parseRendered(objects.map((object) => stringify(object)).join('---\n'));
}

export function object(
  apiVersion: string,
  kind: string,
  more: object = {},
  name = 'web',
  namespace = 'shop',
) {
  return { apiVersion, kind, metadata: { name, ...(namespace !== '' && { namespace }) }, ...more };
}

export function deployment(image = IMAGE, spec: object = {}) {
  return object('apps/v1', 'Deployment', {
    spec: { replicas: 2, ...spec, template: { spec: { containers: [{ name: 'web', image }] } } },
  });
}

export function changeOf(before: readonly object[], after: readonly object[]): RenderedDiff {
  return diffRendered(rendered(...before), rendered(...after));
}
