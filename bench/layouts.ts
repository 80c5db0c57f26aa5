/** The layouts of GitOps repositories, each planned, rendered, merged, proven and taken back. */
import { helmBinary } from '../sandbox/stack/helm-binary.js';
import { kustomizeBinary } from '../sandbox/stack/kustomize-binary.js';
import { Helm } from '../src/systems/helm/helm.js';
import { Kustomize } from '../src/systems/kustomize/kustomize.js';
import { atMost, type Bench, counted } from './bench.js';
import { LAYOUTS } from './layouts/cases.js';
import { faultsOf } from './layouts/promoted.js';

export const bench: Bench = {
  describe: 'layouts of GitOps repositories that are wrong or refused, with the real Kustomize and Helm',
  async run() {
    const helm = await helmBinary();
    if (helm === undefined) throw new Error('there is no Helm, and it can not be built here');
    const renderers = {
      kustomize: new Kustomize({ program: await kustomizeBinary() }),
      helm: new Helm({ program: helm }),
    };
    let wrong = 0;
    for (const layout of LAYOUTS) {
      const faults = await faultsOf(layout, renderers);
      if (faults.length === 0) continue;
      wrong += 1;
      process.stderr.write(`${layout.name}: ${faults.join('; ')}\n`);
    }
    return [
      counted('layouts', LAYOUTS.length, 'layouts'),
      atMost('layouts that are wrong or refused', wrong, 'layouts', 0),
    ];
  },
};
