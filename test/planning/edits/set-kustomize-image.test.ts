import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type KustomizeImage, setKustomizeImage } from '../../../src/planning/edits/set-kustomize-image.js';
import { lineChanges } from './line-changes.js';
import { refusalOf } from './refusal-of.js';

const PATH = 'prod/kustomization.yaml';
const WEB = 'registry.example.com/shop/web';
const DIGEST = `sha256:${'9f31c2e4'.repeat(8)}`;
const OLD = `sha256:${'00'.repeat(32)}`;

function edited(text: string, wanted: KustomizeImage) {
  const files = new Map([[PATH, text]]);
  const result = setKustomizeImage(files, PATH, wanted);
  return { result, after: result.files[0]?.after ?? text };
}

const KUSTOMIZATION = `# Shop in production; owned by team shop
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace:   shop     # two spaces more
resources:
- ../base
images:
# the web front
- name: ${WEB}
  newTag: stg-1.4.1      # set by promotions
- name:   registry.example.com/shop/worker
  newTag: "1.10"

patches:
- path: replicas.yaml
`;

describe('setKustomizeImage', () => {
  it('changes one line and keeps everything else byte by byte', () => {
    const { result, after } = edited(KUSTOMIZATION, { image: WEB, newTag: 'prd-1.4.2' });
    expect(lineChanges(KUSTOMIZATION, after)).toEqual({
      removed: ['  newTag: stg-1.4.1      # set by promotions'],
      added: ['  newTag: prd-1.4.2      # set by promotions'],
    });
    expect(result.places).toEqual([
      { path: PATH, line: 9, at: 'images[0]', before: `${WEB}:stg-1.4.1`, after: `${WEB}:prd-1.4.2` },
    ]);
  });

  it.each<[string, string, KustomizeImage, string[], string[]]>([
    [
      'a tag becomes a digest on its own line',
      `images:\n- name: ${WEB}\n  newTag: x # c\nnamespace: shop\n`,
      { image: WEB, digest: DIGEST },
      ['  newTag: x # c'],
      [`  digest: ${DIGEST} # c`],
    ],
    [
      'a digest becomes a tag',
      `images:\n- name: ${WEB}\n  digest: ${OLD}\n`,
      { image: WEB, newTag: '1.4.2' },
      [`  digest: ${OLD}`],
      ['  newTag: 1.4.2'],
    ],
    [
      'a digest is set, and the tag beside it goes',
      `images:\n- name: ${WEB}\n  newTag: x\n  digest: ${OLD}\n`,
      { image: WEB, digest: DIGEST },
      ['  newTag: x', `  digest: ${OLD}`],
      [`  digest: ${DIGEST}`],
    ],
    [
      'a tag is set, and the digest that would win goes',
      `images:\n- digest: ${OLD}\n  name: ${WEB}\n  newTag: x\n`,
      { image: WEB, newTag: 'z' },
      [`- digest: ${OLD}`, `  name: ${WEB}`, '  newTag: x'],
      [`- name: ${WEB}`, '  newTag: z'],
    ],
    [
      'both are set',
      `images:\n- name: ${WEB}\n  newTag: x\n`,
      { image: WEB, newTag: 'b2', digest: DIGEST },
      ['  newTag: x'],
      ['  newTag: b2', `  digest: ${DIGEST}`],
    ],
    [
      'an entry has only a new name',
      `images:\n- name: web\n  newName: ${WEB}\nnamespace: shop\n`,
      { image: WEB, newTag: 'b2' },
      [],
      ['  newTag: b2'],
    ],
    [
      'the name counts before the new name',
      `images:\n- name: web\n  newName: ${WEB}\n  newTag: a\n- name: ${WEB}\n  newTag: b\n`,
      { image: WEB, newTag: 'c' },
      ['  newTag: b'],
      ['  newTag: c'],
    ],
    [
      'quotes stay',
      `images:\n- name: '${WEB}'\n  newTag: '1.10'\n`,
      { image: WEB, newTag: '1.11' },
      ["  newTag: '1.10'"],
      ["  newTag: '1.11'"],
    ],
    [
      'a tag that looks like a number gets quotes',
      `images:\n- name: ${WEB}\n  newTag: v1\n`,
      { image: WEB, newTag: '1.10' },
      ['  newTag: v1'],
      ['  newTag: "1.10"'],
    ],
    [
      'a tag like a power of ten gets quotes',
      `images:\n- name: ${WEB}\n  newTag: v1\n`,
      { image: WEB, newTag: '12e4567' },
      ['  newTag: v1'],
      ['  newTag: "12e4567"'],
    ],
    [
      'a flow entry',
      `images: [{name: ${WEB}, newTag: x}]  # c\n`,
      { image: WEB, newTag: 'b2' },
      [`images: [{name: ${WEB}, newTag: x}]  # c`],
      [`images: [{name: ${WEB}, newTag: b2}]  # c`],
    ],
    [
      'a flow entry with another key',
      `images: [{name: ${WEB}, newTag: x, digest: ${OLD}}]\n`,
      { image: WEB, newTag: 'b2' },
      [`images: [{name: ${WEB}, newTag: x, digest: ${OLD}}]`],
      [`images: [{name: ${WEB}, newTag: b2}]`],
    ],
    [
      'a flow entry whose first key goes',
      `images: [{digest: ${OLD}, name: ${WEB}, newTag: x}]\n`,
      { image: WEB, newTag: 'b2' },
      [`images: [{digest: ${OLD}, name: ${WEB}, newTag: x}]`],
      [`images: [{name: ${WEB}, newTag: b2}]`],
    ],
  ])('handles: %s', (_, before, wanted, removed, added) => {
    const { after } = edited(before, wanted);
    expect(lineChanges(before, after)).toEqual({ removed, added });
  });

  it.each<[string, string, string]>([
    [
      'a list at the margin',
      'images:\n- name: other\n  newTag: a\nnamespace: shop\n',
      `images:\n- name: other\n  newTag: a\n- name: ${WEB}\n  newTag: b2\nnamespace: shop\n`,
    ],
    [
      'an indented list',
      'images:\n  -   name: other\n      newTag: a\n',
      `images:\n  -   name: other\n      newTag: a\n  -   name: ${WEB}\n      newTag: b2\n`,
    ],
    [
      'no list, but others are indented',
      'resources:\n  - a.yaml\n',
      `resources:\n  - a.yaml\nimages:\n  - name: ${WEB}\n    newTag: b2\n`,
    ],
    [
      'no list',
      'resources: [a.yaml]\n# end\n',
      `resources: [a.yaml]\nimages:\n- name: ${WEB}\n  newTag: b2\n# end\n`,
    ],
    [
      'an empty list',
      'images: []\nnamespace: shop\n',
      `images: [{name: ${WEB}, newTag: b2}]\nnamespace: shop\n`,
    ],
    [
      'a key without a value',
      'images:  # none yet\nnamespace: shop\n',
      `images:  # none yet\n- name: ${WEB}\n  newTag: b2\nnamespace: shop\n`,
    ],
    [
      'a flow list',
      'images: [{name: other, newTag: a}]\n',
      `images: [{name: other, newTag: a}, {name: ${WEB}, newTag: b2}]\n`,
    ],
    [
      'JSON',
      '{"resources": ["a.yaml"]}',
      `{"resources": ["a.yaml"], "images": [{"name": "${WEB}", "newTag": "b2"}]}`,
    ],
    [
      'JSON with images',
      '{"images": [{"name": "o", "newTag": "a"}]}',
      `{"images": [{"name": "o", "newTag": "a"}, {"name": "${WEB}", "newTag": "b2"}]}`,
    ],
    ['no line end at the end', 'namespace: shop', `namespace: shop\nimages:\n- name: ${WEB}\n  newTag: b2`],
    [
      'line ends from Windows',
      'namespace: shop\r\nimages:\r\n- name: o\r\n  newTag: a\r\n',
      `namespace: shop\r\nimages:\r\n- name: o\r\n  newTag: a\r\n- name: ${WEB}\r\n  newTag: b2\r\n`,
    ],
  ])('adds a missing entry to %s', (_, before, expected) => {
    const { result, after } = edited(before, { image: WEB, newTag: 'b2' });
    expect(after).toBe(expected);
    expect(result.places).toMatchObject([{ before: null, after: `${WEB}:b2` }]);
    expect(edited(after, { image: WEB, newTag: 'b2' }).result.files).toEqual([]);
  });

  it('changes nothing when the image is there already, and still says where', () => {
    const { result } = edited(KUSTOMIZATION, { image: 'registry.example.com/shop/worker', newTag: '1.10' });
    expect(result.files).toEqual([]);
    expect(result.places).toMatchObject([{ line: 11, at: 'images[1]' }]);
  });

  it('puts quotes around a number that stands there as the wanted tag', () => {
    const before = `images:\n- name: ${WEB}\n  newTag: 1.10\n`;
    expect(edited(before, { image: WEB, newTag: '1.10' }).after).toBe(before.replace('1.10', '"1.10"'));
  });

  it.each<[string, string, string, readonly number[]]>([
    [
      'two-places',
      'two entries of one name',
      `images:\n- name: ${WEB}\n  newTag: a\n- name: ${WEB}\n  newTag: b\n`,
      [2, 4],
    ],
    [
      'two-places',
      'two entries of one new name',
      `images:\n- name: a\n  newName: ${WEB}\n- name: b\n  newName: ${WEB}\n`,
      [2, 4],
    ],
    ['not-yaml', 'no YAML', 'images: [\n', [2]],
    ['not-yaml', 'a key that stands twice', 'images: []\nimages: []\n', [2]],
    ['not-editable', 'an alias as list', 'x: &i [{name: a}]\nimages: *i\n', [2]],
    ['not-editable', 'an anchor at the list', 'images: &i []\n', [1]],
    ['not-editable', 'a list of texts', 'images: [a]\n', [1]],
    ['not-editable', 'several documents', 'images: []\n---\nimages: []\n', []],
    ['not-editable', 'a merge key', 'x: &i {images: []}\n<<: *i\n', []],
    ['not-editable', 'the old field', 'imageTags: []\n', []],
    ['not-editable', 'a shared tag', `images:\n- name: ${WEB}\n  newTag: &t a\n`, [3]],
    ['not-editable', 'an empty tag', `images:\n- name: ${WEB}\n  newTag:\n`, [3]],
    ['not-editable', 'no map', '- a\n', []],
  ])('refuses as %s: %s', (refusal, _, text, lines) => {
    const error = refusalOf(() => edited(text, { image: WEB, newTag: 'b2' }));
    expect({ refusal: error.refusal, path: error.path, lines: error.lines }).toEqual({
      refusal,
      path: PATH,
      lines,
    });
    expect(error.remedy).not.toBe('');
  });

  it('says that there are two places to change', () => {
    const error = refusalOf(() =>
      edited(`images:\n- name: ${WEB}\n- name: ${WEB}\n`, { image: WEB, newTag: 'b2' }),
    );
    expect(error.message).toContain('two places to change');
  });

  it('refuses a missing file', () => {
    expect(refusalOf(() => setKustomizeImage(new Map(), PATH, { image: WEB, newTag: 'b2' })).refusal).toBe(
      'missing-file',
    );
  });

  it('means the same to a reader of YAML 1.1, which kustomize has', () => {
    for (const newTag of ['1.10', '1e3', '0123', 'yes', '1_000', '2027-01-01', 'prd-4f2a', '0x1f', '1.4.2']) {
      const { after } = edited(KUSTOMIZATION, { image: WEB, newTag });
      expect(parse(after, { version: '1.1' })).toMatchObject({ images: [{ name: WEB, newTag }, {}] });
    }
  });
});
