import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { ControlClient } from '../../../sandbox/framework/control-client.js';
import { devTagOf, exampleImage } from '../../../sandbox/harbor/example-artifacts.js';
import { StepFailed } from '../../../src/activities/errors.js';
import { createRegistryActivities } from '../../../src/activities/registry/activities.js';
import { SystemError } from '../../../src/domain/failure.js';
import { RegistryClient } from '../../../src/systems/registry/client.js';
import { Secret } from '../../../src/systems/secret.js';
import { type StandIns, startStandIns } from '../../systems/stand-ins.js';
import { type AskedPromotion, PromotionStage } from '../promotion-stage.js';

let standIns: StandIns;
let control: ControlClient;
let stage: PromotionStage;
let registry: RegistryClient;
let host: string;

beforeAll(async () => {
  [standIns, stage] = await Promise.all([startStandIns('harbor'), PromotionStage.open()]);
  control = standIns.control('harbor');
  host = new URL(standIns.origin('harbor')).host;
  const user = standIns.world.harbor.users.find(({ name }) => name.includes('gatehouse'));
  if (user === undefined) throw new Error('The example world has no user of Gatehouse at Harbor.');
  const credential = async () => ({ username: user.name, password: new Secret(user.password) });
  registry = new RegistryClient({ hosts: [{ host, insecure: true, credential }] });
});
afterEach(async () => {
  await control.removeFaults();
  expect(await control.violations()).toEqual([]);
});
afterAll(async () => {
  await Promise.all([standIns.close(), stage.close()]);
});

const DEV_TAG = devTagOf('shop/web', '1.2.0');
const API_TAG = devTagOf('shop/api', '1.2.0');

/** A promotion of the example images into an environment with a tag prefix of its own, so that no test meets another. */
async function ask(prefix: string, effects: readonly string[] = ['tags']): Promise<AskedPromotion> {
  const images = (['shop/web', 'shop/api'] as const).map((repository) => ({
    repository: `${host}/${repository}`,
    digest: exampleImage(repository, '1.2.0').content.top.digest,
    tag: devTagOf(repository, '1.2.0'),
  }));
  return await stage.ask({
    effects,
    release: { images },
    places: [
      {
        change: {
          kind: 'edit',
          edits: images.map(({ repository }) => ({
            kind: 'kustomize-image',
            file: 'kustomization.yaml',
            image: repository,
            by: { tagPrefix: prefix },
          })),
        },
      },
    ],
  });
}

function ensure(
  { requestId, places: [target = ''] }: AskedPromotion,
  client: RegistryClient | undefined = registry,
) {
  const { ensureTags } = createRegistryActivities({ guard: stage.placeGuard, registry: client });
  return stage.run(() => ensureTags({ requestId, target }));
}

async function digestOf(repository: string, tag: string): Promise<string | undefined> {
  return (await registry.resolve(`${host}/${repository}:${tag}`))?.digest;
}

/** Tags that were made or moved. */
async function writes(): Promise<readonly string[]> {
  const events = await control.events();
  return events.flatMap(({ object, effect }) =>
    effect !== undefined && object?.startsWith('tag ') === true ? [`${effect} ${object}`] : [],
  );
}

it('gives every image the tag of the environment, on the digest of the release; twice is once', async () => {
  const asked = await ask('stg-');
  const before = (await writes()).length;
  const made = await ensure(asked);
  const tag = DEV_TAG.replace('dev-', 'stg-');
  const web = exampleImage('shop/web', '1.2.0').content.top.digest;
  expect(made).toMatchObject({
    outcome: 'created',
    readBack: { [`${host}/shop/web:${tag}`]: web },
  });
  expect(await digestOf('shop/web', tag)).toBe(web);
  // an index is tagged whole, with all its platforms
  expect(await digestOf('shop/api', API_TAG.replace('dev-', 'stg-'))).toBe(
    exampleImage('shop/api', '1.2.0').content.top.digest,
  );
  expect((await writes()).length - before).toBe(2);
  expect(await ensure(asked)).toMatchObject({ outcome: 'created' });
  expect((await writes()).length - before).toBe(2);
});

it('finds tags that are there already, and leaves them', async () => {
  await ensure(await ask('twice-'));
  const before = (await writes()).length;
  expect(await ensure(await ask('twice-'))).toMatchObject({ outcome: 'unchanged' });
  expect((await writes()).length).toBe(before);
});

it('moves no tag that stands on another digest, and puts none of the others', async () => {
  const asked = await ask('moved-');
  const other = exampleImage('shop/api', '1.0.0').content.top.digest;
  const tag = API_TAG.replace('dev-', 'moved-');
  await registry.putTag({ repository: `${host}/shop/api`, digest: other, tag });
  const error = await ensure(asked).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(StepFailed);
  expect(error).toMatchObject({
    type: 'NameTaken',
    fields: { object: `${host}/shop/api:${tag}`, remedy: expect.stringMatching(/Remove the tag/) },
  });
  expect(await digestOf('shop/api', tag)).toBe(other);
  expect(await digestOf('shop/web', DEV_TAG.replace('dev-', 'moved-'))).toBeUndefined();
});

it('goes on from a crash or a lost answer without a second tag', async () => {
  const asked = await ask('crash-');
  await control.addFault({
    id: 'lost',
    match: { method: 'PUT', path: '/manifests/crash-' },
    times: 1,
    when: 'after',
    kind: 'cut',
  });
  await expect(ensure(asked)).rejects.toThrow(SystemError);
  const before = (await writes()).length;
  expect(await ensure(asked)).toMatchObject({ outcome: 'created' });
  expect((await writes()).length - before).toBe(1);
});

it('does nothing for a place that names images by digest, and needs no registry for it', async () => {
  const asked = await ask('none-', []);
  expect(await ensure(asked, undefined)).toEqual({ outcome: 'unchanged', readBack: {} });
  const reserved = (await stage.entries(asked.requestId)).filter(({ type }) => type === 'effect.reserved');
  expect(reserved).toEqual([]);
});

it('says what is missing without a registry, and refuses what nobody has approved', async () => {
  const unconfigured = createRegistryActivities({ guard: stage.placeGuard, registry: undefined });
  const { requestId, places } = await ask('off-');
  await expect(
    stage.run(() => unconfigured.ensureTags({ requestId, target: places[0] ?? '' })),
  ).rejects.toThrow(/names no registry/);
  const open = await stage.ask({ approved: false, effects: ['tags'] });
  await expect(ensure(open)).rejects.toMatchObject({ type: 'EffectRefused' });
});

it('refuses a tag whose prefix nobody knows', async () => {
  const asked = await stage.ask({
    effects: ['tags'],
    release: {
      images: [{ repository: `${host}/shop/web`, digest: `sha256:${'1'.repeat(64)}`, tag: '1.2.0' }],
    },
    places: [
      {
        change: {
          kind: 'edit',
          edits: [
            {
              kind: 'kustomize-image',
              file: 'kustomization.yaml',
              image: `${host}/shop/web`,
              by: { tagPrefix: 'prd-' },
            },
          ],
        },
      },
    ],
  });
  await expect(ensure(asked)).rejects.toThrow(/none of the prefixes/);
});
