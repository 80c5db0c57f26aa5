import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { overlayOf } from '../../sandbox/gitlab/fleet-files.js';
import { ExampleApi } from '../../sandbox/stack/api-client.js';
import { policyText } from '../../sandbox/stack/example-files.js';
import { FIRST_CHART, FluxFleet } from '../../sandbox/stack/flux-fleet.js';
import { fluxPathText, fluxPolicyText } from '../../sandbox/stack/flux-promotion-files.js';
import { type GatehouseStack, startGatehouse } from '../../sandbox/stack/gatehouse.js';
import { helmBinary } from '../../sandbox/stack/helm-binary.js';
import { kustomizeBinary } from '../../sandbox/stack/kustomize-binary.js';
import { shopPromotionText } from '../../sandbox/stack/promotion-files.js';
import type { RequestStatus } from '../../src/domain/status.js';
import { sharedTemporal, uniqueName, workflowBundle } from '../support/stack.js';

const PATIENCE_MS = 120_000;
const PROJECT = 'fleet/services';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

/** Microservices through overlays, each environment delivered by Flux at work in its cluster. */
describe('promotions by Flux, from request to proof', () => {
  let stack: GatehouseStack;
  let api: ExampleApi;
  let fleet: FluxFleet;

  beforeAll(async () => {
    stack = await startGatehouse({
      clusters: 3,
      temporal: await sharedTemporal(),
      namespace: uniqueName('flux-promotion'),
      workflowBundle: (await workflowBundle()).codePath,
      installation: {
        timing: 'brisk',
        stabilisationMs: 0,
        programs: { kustomize: await kustomizeBinary(), helm: await helmBinary() },
        policy: [policyText(), fluxPolicyText()].join('---\n'),
        path: (world, _, addresses) => {
          const harbor = addresses.harbor ?? '';
          const charts = FluxFleet.chartsAt(harbor);
          const of = (service: string) => ({
            project: PROJECT,
            service,
            image: FluxFleet.imageOf(harbor, service),
          });
          return [
            fluxPathText(world, { ...of('basket'), charts }),
            fluxPathText(world, { ...of('search'), production: { unpinned: 'refuse' } }),
          ].join('---\n');
        },
      },
    });
    api = new ExampleApi(stack.apiUrl, stack.address('oidc'), stack.world);
    fleet = new FluxFleet(stack);
    await fleet.start();
    await fleet.addService('basket', { chart: true });
    await fleet.addService('search', { chart: false });
  });

  afterAll(() => stack?.dispose());

  async function asked(to: string, service = 'basket'): Promise<string> {
    const requestId = await api.promote(shopPromotionText({ to }, service));
    const status = await api.until(requestId, isAskedOrOver, PATIENCE_MS);
    expect(status.status, JSON.stringify(status, null, 1)).toBe('waiting');
    return requestId;
  }

  function settled(requestId: string): Promise<RequestStatus> {
    return api.until(
      requestId,
      (status) => status.endedAt !== undefined || status.status === 'attention',
      PATIENCE_MS,
    );
  }

  async function promoted(to: string, service = 'basket'): Promise<RequestStatus> {
    const requestId = await asked(to, service);
    await api.decide('ben', requestId, 'owner', 'approve');
    return await settled(requestId);
  }

  it('brings a build and a chart version from overlay to overlay', async () => {
    const build = await fleet.build('basket', 'a1b2c3d');
    await fleet.publishChart('1.1.0');
    await fleet.develop('basket', { build, chart: '1.1.0' });
    for (const environment of ['stg', 'prd']) {
      const before = await overlay(environment);
      const status = await promoted(environment);
      expect(status.status, JSON.stringify(status, null, 1)).toBe('done');
      const after = await overlay(environment);
      expect(changedLines(before, after)).toEqual([
        [`    newTag: ${environment}-0000001`, `    newTag: ${environment}-a1b2c3d`],
        [`      version: ${FIRST_CHART}`, '      version: 1.1.0'],
      ]);
    }
  });

  function isAskedOrOver(status: RequestStatus): boolean {
    return (
      status.endedAt !== undefined ||
      status.status === 'attention' ||
      (status.gates.length > 0 && status.gates.every((gate) => gate.state === 'open'))
    );
  }

  async function overlay(environment: string): Promise<readonly string[]> {
    const at = overlayOf(environment, 'basket');
    const texts = [await fleet.file(`${at}/kustomization.yaml`), await fleet.file(`${at}/release.yaml`)];
    return texts.flatMap((text) => text.split('\n'));
  }
});

/** Pairs of lines that differ; the files must have as many lines as before. */
function changedLines(before: readonly string[], after: readonly string[]): readonly (readonly string[])[] {
  expect(after).toHaveLength(before.length);
  return before.flatMap((line, index) => {
    const now = after[index] ?? '';
    return now === line ? [] : [[line, now]];
  });
}
