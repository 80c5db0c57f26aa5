import { beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { BuildError } from '../../../sandbox/stack/go-build.js';
import { kustomizeBinary } from '../../../sandbox/stack/kustomize-binary.js';
import { SystemError } from '../../../src/domain/failure.js';
import { type FileSet, withChanges } from '../../../src/domain/file-set.js';
import { type KustomizeImage, setKustomizeImage } from '../../../src/planning/edits/set-kustomize-image.js';
import { imagesOf } from '../../../src/planning/rendering/images.js';
import { type RenderOptions, renderDirectory } from '../../../src/planning/rendering/render-directory.js';
import { objectTitle, RenderedError } from '../../../src/planning/rendering/rendered-objects.js';
import { Kustomize } from '../../../src/systems/kustomize/kustomize.js';

/** Downloading and compiling, once on a machine. */
const BUILD_MS = 15 * 60_000;
let program: string | undefined;
let notThere = '';
beforeAll(async () => {
  try {
    program = await kustomizeBinary();
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    notThere = error.message;
  }
}, BUILD_MS);

const kustomize = (context: Pick<TestContext, 'skip'>) =>
  new Kustomize({ program: program ?? context.skip(notThere) });

const service = (name: string) => `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\n`;
const FILES = new Map([
  ['plain/a.yaml', service('a')],
  ['plain/b.yml', `${service('b')}---\n---\n${service('c')}`],
  ['plain/d.json', '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "d"}}'],
  ['plain/README.md', 'not a manifest'],
  ['plain/.gitlab-ci.yml', 'stages: [build]\n'],
  ['plain/sub/e.yaml', service('e')],
  ['mixed/a.yaml', service('a')],
  ['mixed/over/kustomization.yaml', 'namePrefix: p-\nresources: [b.yaml, in]\n'],
  ['mixed/over/b.yaml', service('b')],
  ['mixed/over/in/kustomization.yaml', 'resources: [c.yaml]\n'],
  ['mixed/over/in/c.yaml', service('c')],
  ['chart/Chart.yaml', 'name: x\n'],
  ['jsonnet/a.jsonnet', '{}'],
  ['empty/a.yaml', '# nothing\n'],
  ['broken/a.yaml', 'apiVersion: v1\nkind: Service\nmetadata: {name: [\n'],
]);

async function titles(directory: string, options: RenderOptions) {
  const { objects, by } = await renderDirectory(FILES, directory, options);
  return { names: objects.map(objectTitle), by };
}

describe('renderDirectory', () => {
  it('takes the manifests of a plain directory as Argo CD does: not below, unless told to, and nothing else', async () => {
    expect(await titles('plain', { reader: 'argocd' })).toEqual({
      names: ['Service a', 'Service b', 'Service c', 'Service d'],
      by: 'plain files',
    });
    expect((await titles('plain', { reader: 'argocd', recurse: true })).names).toContain('Service e');
  });

  it('refuses for Flux what is no manifest, since Flux does', async () => {
    const files = new Map([...FILES, ['plain/renovate.yaml', 'extends: [config]\n']]);
    await expect(renderDirectory(files, 'plain', { reader: 'flux' })).rejects.toThrow('plain/renovate.yaml');
  });

  it('leaves out what Flux leaves out: files of other tools, what .sourceignore names, and JSON', async () => {
    const ignored = new Map([
      ['.sourceignore', '/plain/ignored/\n'],
      ['plain/.sourceignore', '*.tmp.yaml\n!kept.tmp.yaml\n'],
      ['plain/a.yaml', service('a')],
      ['plain/kept.tmp.yaml', service('kept')],
      ...[
        '.gitlab-ci.yml',
        '.sops.yaml',
        '.github/workflows/e2e.yaml',
        'ignored/values.yaml',
        'x.tmp.yaml',
      ].map((name): [string, string] => [`plain/${name}`, 'no: manifest\n']),
      ['plain/renovate.json', '{}'],
      ['plain/b.json', '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "b"}}'],
    ]);
    const { objects } = await renderDirectory(ignored, 'plain', { reader: 'flux' });
    expect(objects.map(objectTitle)).toEqual(['Service a', 'Service kept']);
    await expect(renderDirectory(ignored, 'plain', { reader: 'argocd' })).rejects.toThrow('renovate.json');
  });

  it('goes into subdirectories as Flux does, and renders those that have a kustomization, once', async (context) => {
    expect(await titles('mixed', { reader: 'flux', kustomize: kustomize(context) })).toEqual({
      names: ['Service a', 'Service p-b', 'Service p-c'],
      by: 'kustomize',
    });
  });

  it('uses the kustomization of a directory', async (context) => {
    expect(await titles('mixed/over', { reader: 'argocd', kustomize: kustomize(context) })).toEqual({
      names: ['Service p-b', 'Service p-c'],
      by: 'kustomize',
    });
  });

  it.each<[string, string, string]>([
    ['a directory that is not there', 'nowhere', 'nowhere has no files'],
    ['a chart', 'chart', 'is a Helm chart'],
    ['Jsonnet', 'jsonnet', 'is Jsonnet'],
    ['a directory that renders to nothing', 'empty', 'renders to nothing'],
    ['a manifest that cannot be read', 'broken', 'broken/a.yaml: line'],
    ['a kustomization without kustomize', 'mixed/over', 'needs kustomize'],
  ])('refuses %s', async (_, directory, message) => {
    const error: unknown = await renderDirectory(FILES, directory, { reader: 'argocd' }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(RenderedError);
    expect(error).toMatchObject({
      message: expect.stringContaining(message),
      remedy: expect.stringMatching(/./),
    });
  });

  it('hands on the refusals of kustomize', async () => {
    const files = new Map([['kustomization.yaml', 'resources: ["https://x/y"]\n']]);
    await expect(
      renderDirectory(files, '', {
        reader: 'argocd',
        kustomize: new Kustomize({ program: '/no/such/program' }),
      }),
    ).rejects.toBeInstanceOf(SystemError);
  });

  it('renders what an edit of a kustomization wanted, for every way of naming an image', async (context) => {
    const image = 'registry.example.com/shop/web';
    const digest = `sha256:${'ab'.repeat(32)}`;
    const before = new Map([
      ['prod/kustomization.yaml', `resources: [web.yaml]\nimages:\n- name: ${image}\n  newTag: stg-1\n`],
      [
        'prod/web.yaml',
        `apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: ${image}}]}\n`,
      ],
    ]);
    const tool = kustomize(context);
    const wanted: readonly [KustomizeImage, string][] = [
      [{ image, newTag: 'prd-1.4.2' }, `${image}:prd-1.4.2`],
      [{ image, newTag: '1.10' }, `${image}:1.10`],
      [{ image, newTag: '1e3' }, `${image}:1e3`],
      [{ image, newTag: '0123' }, `${image}:0123`],
      [{ image, digest }, `${image}@${digest}`],
      [{ image, newTag: 'prd-1', digest }, `${image}:prd-1@${digest}`],
    ];
    let files: FileSet = before;
    for (const [edit, expected] of wanted) {
      files = withChanges(files, setKustomizeImage(files, 'prod/kustomization.yaml', edit).files);
      const { objects } = await renderDirectory(files, 'prod', { reader: 'argocd', kustomize: tool });
      expect(imagesOf(objects).map((use) => use.image)).toEqual([expected]);
    }
  });
});
