import type { TestContext } from 'vitest';
import { KubeClient } from '../../sandbox/real/kube-client.js';
import { readKubeconfig } from '../../sandbox/real/kubeconfig.js';
import { realComponent } from '../support/real-component.js';

/** The real cluster as its administrator; where there is none the test counts as not run. */
export async function realCluster(context: Pick<TestContext, 'skip'>): Promise<KubeClient> {
  return new KubeClient(await readKubeconfig(realComponent(context, 'kubernetes', 'REAL_KUBECONFIG')));
}
