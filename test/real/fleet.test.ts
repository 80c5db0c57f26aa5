/**
 * The cluster scenario with real API servers, a real Argo CD that deploys a chart into them, and a real OpenBao. Otterize,
 * directory and GitLab (its Git is real) are stand-ins; External Secrets Operator can't be had, so its stand-in works in
 * the real clusters; pods are only said to run.
 */
import { expect, it } from 'vitest';
import { EXTERNAL_SECRET, MANAGEMENT, SERVICE_NAMESPACE } from '../../sandbox/kubernetes/example-objects.js';
import { STACK_DEPLOYMENT } from '../../sandbox/real/otterize-pods.js';
import { startGatehouse } from '../../sandbox/stack/gatehouse.js';
import { makeWorld } from '../../sandbox/world.js';
import { reportSystem } from '../support/report.js';
import { sharedParts } from '../support/stack.js';
import { inside, isSyncedAndHealthy } from './argocd-world.js';
import { expectCredentials, expectNothingToDo, onboardAll } from './onboarding.js';
import { OpenBaoMount } from './open-bao.js';
import { RealFleet } from './real-fleet.js';

const CLUSTERS = 2;

it('onboards real clusters by a real Argo CD, and changes nothing the second time', async (context) => {
  RealFleet.demand(context);
  const bao = await OpenBaoMount.make(context);
  for (const name of ['otterize', 'directory', 'gitlab', 'external-secrets']) reportSystem(name, 'stand-in');
  const world = makeWorld({ clusters: CLUSTERS });
  const stack = await startGatehouse({
    world,
    ...(await sharedParts('real')),
    installation: { timing: 'brisk', stabilisationMs: 0, inventory: bao.inventory(world) },
    without: ['worker'],
  });
  let fleet: RealFleet | undefined;
  try {
    bao.giveLogin(stack);
    fleet = await RealFleet.start(context, stack, bao);
    await stack.startWorker();
    const api = await onboardAll(stack);
    const secrets = await expectCredentials(stack, bao);
    for (const { name, application } of world.clusters) {
      const deployed = await fleet.read(MANAGEMENT, {
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'Application',
        metadata: { name: application, namespace: 'argocd' },
      });
      expect(deployed !== null && isSyncedAndHealthy(deployed)).toBe(true);
      const secret = await fleet.read(name, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: EXTERNAL_SECRET, namespace: SERVICE_NAMESPACE },
      });
      const value = String(inside(secret, 'data', 'clientSecret'));
      expect(Buffer.from(value, 'base64').toString()).toBe(secrets.get(name));
      const operators = await fleet.read(name, {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: STACK_DEPLOYMENT, namespace: SERVICE_NAMESPACE },
      });
      expect(JSON.stringify(inside(operators, 'spec', 'template'))).toContain(
        Buffer.from(String(inside(secret, 'data', 'clientId')), 'base64').toString(),
      );
      expect(inside(operators, 'status', 'availableReplicas')).toBe(1);
    }
    await expectNothingToDo(stack, api);
  } finally {
    await fleet?.stop();
    await stack.dispose();
    await bao.remove();
  }
}, 300_000);
