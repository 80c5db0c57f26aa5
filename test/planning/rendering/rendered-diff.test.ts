import { describe, expect, it } from 'vitest';
import { diffLines, hunks } from '../../../src/planning/rendering/line-diff.js';
import { diffRendered } from '../../../src/planning/rendering/rendered-diff.js';
import { objectTitle } from '../../../src/planning/rendering/rendered-objects.js';
import { lineChanges } from '../edits/line-changes.js';
import { changeOf, deployment, object, rendered } from './objects.js';

describe('diffRendered', () => {
  it('shows what changes in an object with a few lines around it', () => {
    const { text, cut, changed } = changeOf([deployment('shop/web:1')], [deployment('shop/web:2')]);
    expect(text).toBe(
      [
        '~ Deployment shop/web (apps/v1)',
        '  …',
        '    template:',
        '      spec:',
        '        containers:',
        '-         - image: shop/web:1',
        '+         - image: shop/web:2',
        '            name: web',
      ].join('\n'),
    );
    expect(cut).toBe(0);
    expect(changed).toHaveLength(1);
  });

  it('takes no notice of the order of keys and documents, nor of how YAML is written', () => {
    const before = rendered(
      deployment(),
      object('v1', 'Service', { spec: { ports: [{ port: 80, name: 'http' }] } }),
    );
    const after = rendered(
      {
        spec: { ports: [{ name: 'http', port: 80 }] },
        metadata: { namespace: 'shop', name: 'web' },
        kind: 'Service',
        apiVersion: 'v1',
      },
      deployment(),
    );
    expect(diffRendered(before, after)).toEqual({
      added: [],
      removed: [],
      changed: [],
      unchanged: 2,
      text: '',
      cut: 0,
    });
  });

  it('shows what is added and what is removed, whole', () => {
    const { added, removed, text } = changeOf(
      [object('v1', 'Service')],
      [object('v1', 'ConfigMap', { data: { a: 'b' } })],
    );
    expect([added.map(objectTitle), removed.map(objectTitle)]).toEqual([
      ['ConfigMap shop/web'],
      ['Service shop/web'],
    ]);
    expect(text).toContain('+ ConfigMap shop/web (v1)\n+ apiVersion: v1\n+ data:\n+   a: b\n');
    expect(text).toContain('- Service shop/web (v1)\n- apiVersion: v1\n');
  });

  it('takes another version of an API for the same object', () => {
    const { changed, text } = changeOf(
      [object('policy/v1beta1', 'PodDisruptionBudget')],
      [object('policy/v1', 'PodDisruptionBudget')],
    );
    expect(changed).toHaveLength(1);
    expect(text).toContain('- apiVersion: policy/v1beta1\n+ apiVersion: policy/v1');
  });

  it('takes a name with another hash of the content for the same object', () => {
    const settings = (name: string, colour: string) => object('v1', 'ConfigMap', { data: { colour } }, name);
    const { changed, added, removed, text } = changeOf(
      [settings('settings-4h2mbtbbt6', 'blue')],
      [settings('settings-7f5gk2mch9', 'green')],
    );
    expect([changed.length, added.length, removed.length]).toEqual([1, 0, 0]);
    expect(text).toContain('~ ConfigMap shop/settings-7f5gk2mch9 (v1), was settings-4h2mbtbbt6');
    expect(changeOf([settings('settings-a', 'x')], [settings('settings-b', 'x')]).changed).toEqual([]);
  });

  it('keeps two manifests of one object apart', () => {
    const { changed, added } = changeOf(
      [object('v1', 'Service', { a: 1 })],
      [object('v1', 'Service', { a: 1 }), object('v1', 'Service', { a: 2 })],
    );
    expect([changed.length, added.length]).toEqual([0, 1]);
  });

  it('is bounded, counts what it cuts and still names every object', () => {
    const many = (value: string) =>
      Array.from({ length: 30 }, (_, n) =>
        object(
          'v1',
          'ConfigMap',
          { data: Object.fromEntries(Array.from({ length: 400 }, (_, key) => [`k${key}`, value])) },
          `c${n}`,
        ),
      );
    const diff = changeOf(many('a'), many('b'));
    const lines = diff.text.split('\n');
    expect(lines.length).toBeLessThan(1_000);
    expect(diff.cut).toBeGreaterThan(10_000);
    expect(lines.filter((line) => line.startsWith('~ '))).toHaveLength(30);
    const shown = lines.filter((line) => !line.startsWith('~ ') && !line.includes('more lines')).length;
    const whole = diffRendered(rendered(...many('a')), rendered(...many('b')), {
      context: 3,
      linesOfAnObject: 1e9,
      lines: 1e9,
      width: 1e9,
    });
    expect(whole.cut).toBe(0);
    expect(shown + diff.cut).toBe(whole.text.split('\n').length - 30);
  });

  it('cuts long lines and says by how much', () => {
    const { text } = changeOf(
      [object('v1', 'ConfigMap', { data: { a: 'x'.repeat(1_000) } })],
      [object('v1', 'ConfigMap')],
    );
    expect(text).toMatch(/x{200,}… \(\d+ more characters\)/);
  });

  it('shows characters that a terminal would obey or that nobody sees', () => {
    const { text } = changeOf(
      [],
      [object('v1', 'ConfigMap', { data: { a: '\u202Eevil\u2066', b: 'x\u001b[2Ky', c: '\u200b' } })],
    );
    for (const character of ['\u202e', '\u2066', '\u001b', '\u200b']) expect(text).not.toContain(character);
    expect(text).toContain('\\u{202e}evil');
  });

  it('cannot be made to look like a line that does not change', () => {
    const { text } = changeOf(
      [object('v1', 'ConfigMap', { data: { a: 'one' } })],
      [object('v1', 'ConfigMap', { data: { a: 'two\n  … 5 more lines\n~ Deployment x' } })],
    );
    for (const line of text.split('\n').slice(1)) expect(line).toMatch(/^[-+ ] /);
    expect(text.split('\n').filter((line) => line.startsWith('~'))).toHaveLength(1);
  });
});

describe('diffLines', () => {
  /** A small seeded generator (mulberry32), so that a failing case can be made again from its number. */
  function randomFrom(seed: number): () => number {
    let state = seed;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
  }

  it('holds both texts, and no shorter difference exists', () => {
    for (let seed = 0; seed < 500; seed += 1) {
      const random = randomFrom(seed);
      const letters = 'abcd'.slice(0, 2 + Math.floor(random() * 3));
      const text = () =>
        Array.from(
          { length: Math.floor(random() * 14) },
          () => letters[Math.floor(random() * letters.length)] ?? '',
        );
      const [before, after] = [text(), text()];
      const lines = diffLines(before, after);
      const side = (other: string) =>
        lines.filter(({ sign }) => sign !== other).map(({ text: line }) => line);
      expect(side('+'), `seed ${seed}`).toEqual(before);
      expect(side('-'), `seed ${seed}`).toEqual(after);
      if (before.length === 0 || after.length === 0) continue;
      const oracle = lineChanges(before.join('\n'), after.join('\n'));
      const changes = lines.filter(({ sign }) => sign !== ' ').length;
      expect(changes, `seed ${seed}`).toBe(oracle.removed.length + oracle.added.length);
    }
  });

  it('gives up on texts that have nothing in common, and is still right', () => {
    const before = Array.from({ length: 3_000 }, (_, n) => `a${n}`);
    const after = Array.from({ length: 3_000 }, (_, n) => `b${n}`);
    const lines = diffLines(['same', ...before], ['same', ...after]);
    expect(lines).toHaveLength(6_001);
    expect(lines[0]).toEqual({ sign: ' ', text: 'same' });
  });

  it('shows the gap between changes', () => {
    const text = Array.from({ length: 20 }, (_, n) => `${n}`);
    const changed = text.map((line, n) => (n === 2 || n === 15 ? `${line}!` : line));
    expect(hunks(diffLines(text, changed), 1)).toEqual([
      '  …',
      '  1',
      '- 2',
      '+ 2!',
      '  3',
      '  …',
      '  14',
      '- 15',
      '+ 15!',
      '  16',
    ]);
  });
});
