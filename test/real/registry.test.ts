/**
 * What `RegistryClient` promises, kept by the real registry of the distribution project. Runs by `npm run test:real`, or by
 * hand with `REGISTRY_ADDR` set to the host and port of an open registry.
 */
import { describe, expect, it, type TestContext } from 'vitest';
import { chartContent, imageContent, indexContent } from '../../sandbox/harbor/artifact-content.js';
import { RegistryClient } from '../../src/systems/registry/client.js';
import { realComponent } from '../support/real-component.js';
import { uniqueName } from '../support/stack.js';
import { cleanTroubleFrom } from '../systems/clean-trouble.js';
import { push } from './push-content.js';

const hostIn = (context: Pick<TestContext, 'skip'>) => realComponent(context, 'registry', 'REGISTRY_ADDR');
const clientOf = (host: string) => new RegistryClient({ hosts: [{ host, insecure: true }] });

describe('a real registry', () => {
  it('gives digests by tag and digest, and null for what is not there', async (context) => {
    const host = hostIn(context);
    const client = clientOf(host);
    const repository = `${host}/shop/${uniqueName('web')}`;
    const content = imageContent(repository);
    await push(repository, 'dev-1', content);
    const { digest, mediaType, bytes } = content.top;
    const wanted = { digest, mediaType, size: bytes.length };
    expect(await client.resolve(`${repository}:dev-1`)).toEqual(wanted);
    expect(await client.resolve(`${repository}@${digest}`)).toEqual(wanted);
    expect(await client.resolve(`${repository}:dev-2`)).toBeNull();
    expect(await client.resolve(`${repository}@sha256:${'0'.repeat(64)}`)).toBeNull();
    expect(await client.tags(`${repository}-nothing`)).toBeNull();
  });

  it('lists the platforms of an index', async (context) => {
    const host = hostIn(context);
    const repository = `${host}/shop/${uniqueName('api')}`;
    const content = indexContent(repository);
    await push(repository, '1.0.0', content);
    expect((await clientOf(host).resolve(`${repository}:1.0.0`))?.digest).toBe(content.top.digest);
    expect(await clientOf(host).platformDigests(`${repository}:1.0.0`)).toEqual([
      { digest: content.manifests[0]?.digest, platform: 'linux/amd64' },
      { digest: content.manifests[1]?.digest, platform: 'linux/arm64/v8' },
    ]);
  });

  it('puts a second tag on the same bytes, and moves it', async (context) => {
    const host = hostIn(context);
    const client = clientOf(host);
    const repository = `${host}/shop/${uniqueName('tags')}`;
    const [one, two] = [imageContent(`${repository} 1`), indexContent(`${repository} 2`)];
    await push(repository, 'dev-1', one);
    await push(repository, 'dev-2', two);
    for (const { top } of [one, one, two]) {
      expect(await client.putTag({ repository, digest: top.digest, tag: 'prd-1' })).toMatchObject({
        digest: top.digest,
      });
      expect((await client.resolve(`${repository}:prd-1`))?.digest).toBe(top.digest);
    }
    expect([...((await client.tags(repository)) ?? [])].sort()).toEqual(['dev-1', 'dev-2', 'prd-1']);
    const missing = { repository, digest: `sha256:${'1'.repeat(64)}`, tag: 'prd-2' };
    expect(await cleanTroubleFrom(client.putTag(missing))).toMatchObject({ kind: 'not-found' });
  });

  it('has charts, which are told from images', async (context) => {
    const host = hostIn(context);
    const client = clientOf(host);
    const repository = `${host}/charts/${uniqueName('shop')}`;
    const chart = chartContent('shop', '1.4.2+build.7');
    await push(repository, '1.4.2_build.7', chart);
    await push(repository, 'image', imageContent(repository));
    expect(await client.chartVersion(`oci://${repository}`, '1.4.2+build.7')).toEqual({
      digest: chart.top.digest,
    });
    expect(await client.chartVersion(`oci://${repository}`, '9.9.9')).toBeNull();
    expect(await cleanTroubleFrom(client.chartVersion(repository, 'image'))).toMatchObject({
      kind: 'conflict',
    });
  });
});
