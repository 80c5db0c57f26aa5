import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { LAYOUTS, pathOf, WEB } from '../../../bench/layouts/cases.js';
import { faultsOf } from '../../../bench/layouts/promoted.js';
import { helmBinary } from '../../../sandbox/stack/helm-binary.js';
import { kustomizeBinary } from '../../../sandbox/stack/kustomize-binary.js';
import { Helm } from '../../../src/systems/helm/helm.js';
import { Kustomize } from '../../../src/systems/kustomize/kustomize.js';

let kustomize: Kustomize;
let program: string | undefined;
beforeAll(async () => {
  kustomize = new Kustomize({ program: await kustomizeBinary() });
  program = await helmBinary();
}, 15 * 60_000);

describe('layouts of GitOps repositories', () => {
  it.for(LAYOUTS)('$name: planned, rendered, merged, proven and taken back', async (layout, context) => {
    const helm = new Helm({ program: program ?? context.skip('there is no Helm') });
    expect(await faultsOf(layout, { kustomize, helm })).toEqual([]);
  });

  it('notices one whose edit does not reach what runs', async () => {
    const [layout] = LAYOUTS;
    if (layout === undefined) throw new Error('no layout');
    const main = {
      ...layout.branches.main,
      'base/web.yaml': String(layout.branches.main?.['base/web.yaml']),
    };
    main['base/web.yaml'] = main['base/web.yaml'].replace(WEB, `${WEB}-worker`);
    const faults = await faultsOf({ ...layout, branches: { main } }, { kustomize });
    expect(faults.join()).toContain('refused');
  });

  it('stand in the documentation, each with the lines of its path', () => {
    const page = readFileSync(new URL('../../../docs/layouts.md', import.meta.url), 'utf8');
    expect(page.match(/^## .*$/gm)).toEqual(LAYOUTS.map(({ name }) => `## ${name}`));
    const words = (text: string): string => text.replace(/\s+/g, ' ');
    for (const layout of LAYOUTS) {
      expect(words(page)).toContain(words(layout.change));
      expect(pathOf(layout)).toContain(layout.change);
    }
  });
});
