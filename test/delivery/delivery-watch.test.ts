import { describe, expect, it } from 'vitest';
import { type WantedDelivery, watchDelivery } from '../../src/delivery/delivery-watch.js';
import type { Relation } from '../../src/delivery/history.js';
import type { Look } from '../../src/delivery/look.js';
import type { Delivery } from '../../src/domain/promotion/path.js';
import { NAMESPACE, PlayedFlux } from './played-flux.js';

const OURS = 'a'.repeat(40);
const BEFORE = 'b'.repeat(40);
const LATER = 'c'.repeat(40);
const WEB = 'registry.example.com/shop/web';
const DIGEST = `sha256:${'1'.repeat(64)}`;
const PLATFORM = `sha256:${'2'.repeat(64)}`;
const OLD = `sha256:${'3'.repeat(64)}`;
const RELEASE_ID = `${NAMESPACE}_cache_helm.toolkit.fluxcd.io_HelmRelease`;
const NEVER = new AbortController().signal;

type FluxDelivery = Extract<Delivery, { kind: 'flux' }>;

const DELIVERY: FluxDelivery = {
  kind: 'flux',
  name: 'eu',
  cluster: 'harbour-01',
  connection: 'harbour-01',
  namespace: NAMESPACE,
  kustomization: 'shop',
  workloads: [{ kind: 'Deployment', namespace: 'shop', name: 'web' }],
  helmReleases: [{ name: 'cache', chart: 'shop-cache' }],
};

interface Told {
  readonly delivery?: Partial<FluxDelivery>;
  readonly wanted?: Partial<WantedDelivery>;
  /** what Git says of commits other than ours */
  readonly relations?: Readonly<Record<string, Relation>>;
}

/** A cluster that runs everything as it should, the watch of a delivery, and its looks. */
function scene({ delivery, wanted, relations = {} }: Told = {}) {
  const flux = new PlayedFlux();
  flux.fetched(OURS);
  flux.applied(OURS, [RELEASE_ID]);
  flux.released('1.4.2');
  flux.rolledOut('web', `${WEB}@${DIGEST}`);
  const watch = watchDelivery(
    { ...DELIVERY, ...delivery },
    {
      commit: OURS,
      history: {
        relationOf: async (commit) => (commit === OURS ? 'holds' : (relations[commit] ?? 'other')),
        close: async () => undefined,
      },
      repository: 'https://gitlab.example.com/fleet/services.git',
      images: [{ name: WEB, digest: DIGEST }],
      everyWorkload: true,
      charts: new Map([['shop-cache', '1.4.2']]),
      ...wanted,
    },
    flux,
    { stabilisationMs: 0, now: Date.now },
  );
  const lookOnce = async (): Promise<Look> => {
    const [seen, ...others] = await watch.look(NEVER);
    expect(others).toEqual([]);
    if (seen === undefined) throw new Error('nothing was seen');
    return seen.look;
  };
  /** each object is asked to reconcile in one look, and read in the next */
  const look = async (): Promise<Look> => {
    for (let looks = 1; looks <= 3; looks += 1) await lookOnce();
    return await lookOnce();
  };
  return { flux, look };
}

describe('a delivery by Flux', () => {
  it('is proven by commit, charts and digests, and says by which', async () => {
    const { look } = scene();
    expect(await look()).toEqual({
      state: 'proven',
      evidence: expect.objectContaining({
        kustomization: 'shop',
        revision: `main@sha1:${OURS}`,
        'helmrelease/cache': 'deployed with chart shop-cache 1.4.2',
        'deployment/web': `rolled out with ${DIGEST}`,
      }),
    });
  });

  it('looks at releases when the commit is applied, and at workloads when the releases are there', async () => {
    const { flux, look } = scene();
    flux.fetched(BEFORE);
    flux.applied(BEFORE, [RELEASE_ID]);
    flux.released('1.4.1');
    // too early: it would be called a wrong image for good
    flux.rolledOut('web', `${WEB}@${OLD}`);
    expect(await look()).toMatchObject({ state: 'waiting', clause: 'source-behind' });
    expect(flux.asked).toEqual([]);
    flux.fetched(OURS);
    flux.applied(OURS, [RELEASE_ID]);
    expect(await look()).toMatchObject({ state: 'waiting', clause: 'spec-behind' });
    expect(flux.asked).not.toContain('Deployment web');
    flux.released('1.4.2', '1.4.1');
    expect((await look()).state).toBe('waiting');
    expect(flux.asked).not.toContain('Deployment web');
    flux.released('1.4.2');
    expect(await look()).toMatchObject({ state: 'failed', clause: 'other-image' });
    flux.rolledOut('web', `${WEB}@${DIGEST}`);
    expect(await look()).toMatchObject({ state: 'proven' });
  });

  it('asks nobody else to prove the health of a release that it waits for itself', async () => {
    const alone = { workloads: [] };
    expect(await scene({ delivery: alone }).look()).toMatchObject({ state: 'proven' });
    const other = scene({ delivery: { ...alone, helmReleases: [] } });
    expect(await other.look()).toMatchObject({ state: 'failed', clause: 'health-unproven' });
  });

  it('wants of a workload the images of the release that it has', async () => {
    const { flux, look } = scene({ wanted: { everyWorkload: false } });
    flux.rolledOut('web', `registry.example.com/other@${OLD}`);
    expect(await look()).toMatchObject({
      state: 'proven',
      evidence: { 'deployment/web': 'rolled out' },
    });
    flux.rolledOut('web', `${WEB}@${OLD}`);
    expect(await look()).toMatchObject({ state: 'failed', clause: 'other-image' });
  });

  it('wants one of the images somewhere, where the change sets images', async () => {
    const two = [
      { kind: 'Deployment', namespace: 'shop', name: 'web' },
      { kind: 'Deployment', namespace: 'shop', name: 'other' },
    ] as const;
    const { flux, look } = scene({
      delivery: { workloads: two },
      wanted: { everyWorkload: false, someImage: true },
    });
    flux.rolledOut('other', `registry.example.com/other@${OLD}`);
    flux.rolledOut('web', `registry-eu.example.com/shop/web@${OLD}`);
    expect(await look()).toMatchObject({
      state: 'failed',
      clause: 'other-image',
      message: expect.stringContaining(`no workload of it has an image ${WEB}`),
    });
    flux.rolledOut('web', `${WEB}@${DIGEST}`);
    expect(await look()).toMatchObject({ state: 'proven' });
  });

  it('does not take a workload without any of the images for proof where the manifests name one', async () => {
    const { flux, look } = scene();
    flux.rolledOut('web', `registry.example.com/other@${OLD}`);
    expect(await look()).toMatchObject({ state: 'failed', clause: 'other-image' });
  });

  it.each<[string, string, 'proven' | 'failed']>([
    ['the index', DIGEST, 'proven'],
    ['its platform', PLATFORM, 'proven'],
    ['something else', OLD, 'failed'],
  ])('with images by tag: pods that report the digest of %s', async (_, digest, state) => {
    const { flux, look } = scene({
      wanted: { images: [{ name: WEB, digest: DIGEST, platforms: [PLATFORM] }] },
    });
    flux.rolledOut('web', `${WEB}:prd-1`);
    flux.pods.push({
      name: 'web-1',
      ends: false,
      phase: 'Running',
      owner: { kind: 'ReplicaSet', name: 'web-5f7b', uid: '1' },
      templateHash: '5f7b',
      containers: [{ name: 'main', image: `${WEB}:prd-1`, imageID: `${WEB}@${digest}` }],
    });
    expect(await look()).toMatchObject({ state });
  });

  it('takes a later commit that holds our content, and none that replaced it, whatever image runs', async () => {
    const holds = scene({ relations: { [LATER]: 'holds' } });
    holds.flux.fetched(LATER);
    holds.flux.applied(LATER, [RELEASE_ID]);
    expect(await holds.look()).toMatchObject({ state: 'proven' });
    const replaced = scene({ relations: { [LATER]: 'replaced' } });
    replaced.flux.fetched(LATER);
    replaced.flux.applied(LATER, [RELEASE_ID]);
    expect(await replaced.look()).toMatchObject({ state: 'failed', clause: 'superseded' });
  });

  describe('that is taken back', () => {
    const back = { images: [], everyWorkload: false, charts: new Map() };

    it('is proven by the commit, the chart that its release asks for by now, and the roll-out', async () => {
      const { flux, look } = scene({ wanted: back });
      flux.released('1.4.1', '1.4.2');
      flux.rolledOut('web', `${WEB}@${OLD}`);
      expect((await look()).state).toBe('waiting');
      flux.released('1.4.1');
      expect(await look()).toMatchObject({
        state: 'proven',
        evidence: {
          'helmrelease/cache': 'deployed with chart shop-cache 1.4.1',
          'deployment/web': 'rolled out',
        },
      });
    });

    it('takes the version that a range has come to', async () => {
      const { flux, look } = scene({ wanted: back });
      flux.released('1.4.x', '1.4.7');
      expect(await look()).toMatchObject({
        state: 'proven',
        evidence: { 'helmrelease/cache': 'deployed with chart shop-cache 1.4.7' },
      });
    });
  });
});
