/** The cluster scenario with a real OpenBao as the secret store; the other systems are stand-ins. */
import { it } from 'vitest';
import { ControlClient } from '../../sandbox/framework/control-client.js';
import { startGatehouse } from '../../sandbox/stack/gatehouse.js';
import { makeWorld } from '../../sandbox/world.js';
import { reportSystem } from '../support/report.js';
import { sharedParts } from '../support/stack.js';
import { expectCredentials, expectNothingToDo, onboardAll } from './onboarding.js';
import { OpenBaoMount, PATH } from './open-bao.js';

const CLUSTERS = 2;

it('onboards clusters with their credentials in a real OpenBao, and changes nothing the second time', async (context) => {
  const bao = await OpenBaoMount.make(context);
  for (const name of ['otterize', 'directory', 'gitlab', 'kubernetes', 'argocd', 'external-secrets']) {
    reportSystem(name, 'stand-in');
  }
  const world = makeWorld({ clusters: CLUSTERS });
  const stack = await startGatehouse({
    world,
    ...(await sharedParts('real')),
    installation: { timing: 'brisk', stabilisationMs: 0, inventory: bao.inventory(world) },
    without: ['worker'],
  });
  try {
    bao.giveLogin(stack);
    await new ControlClient(stack.address('kubernetes')).post('/vault', {
      server: bao.url,
      token: bao.token,
      mount: bao.mount,
      path: PATH,
    });
    await stack.startWorker();
    const api = await onboardAll(stack);
    await expectCredentials(stack, bao);
    await expectNothingToDo(stack, api);
  } finally {
    await stack.dispose();
    await bao.remove();
  }
});
