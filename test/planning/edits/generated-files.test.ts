/** Edits on generated files: the data changes as asked, and no line more than that one. */
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { setKustomizeImage } from '../../../src/planning/edits/set-kustomize-image.js';
import { setValueAt } from '../../../src/planning/edits/set-value.js';
import { lineChanges } from './line-changes.js';

/** A small seeded generator (mulberry32), so that a failing file can be made again from its number. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

interface Generated {
  readonly text: string;
  /** dotted paths of values, each in one document only */
  readonly paths: readonly string[];
}

/** Several documents of maps and lists in odd formatting. */
function oddFile(seed: number): Generated {
  const random = randomFrom(seed);
  const pick = <T>(...choices: readonly [T, ...T[]]): T =>
    choices[Math.floor(random() * choices.length)] ?? choices[0];
  const newline = pick('\n', '\n', '\r\n');
  const lines: string[] = [];
  const paths: string[] = [];
  let count = 0;
  const note = () => pick('', '', ' # note', '   # {not: data}', '  ');
  const scalar = () => pick('plain', '"double"', "'single'", '12', '1.10', 'true', 'shop/web:1', '"a # b"');
  const node = (indent: string, path: string, depth: number): void => {
    const step = ' '.repeat(pick(2, 2, 3, 4));
    for (let n = 0; n < 1 + Math.floor(random() * 3); n += 1) {
      if (random() < 0.2) lines.push(pick('', `${indent}# about the next`, '   '));
      count += 1;
      const name = `k${count}`;
      const key = pick(name, name, `"${name}"`);
      const at = path === '' ? name : `${path}.${name}`;
      const kind = depth < 3 ? pick('map', 'scalar', 'scalar', 'list', 'maps', 'flow') : 'scalar';
      if (kind === 'map') {
        lines.push(`${indent}${key}:${note()}`);
        node(indent + step, at, depth + 1);
      } else if (kind === 'list') {
        const inset = pick('', step);
        lines.push(
          `${indent}${key}:${note()}`,
          `${indent}${inset}- ${scalar()}${note()}`,
          `${indent}${inset}-   ${scalar()}`,
        );
        paths.push(`${at}[0]`, `${at}[1]`);
      } else if (kind === 'maps') {
        const inset = pick('', step);
        lines.push(
          `${indent}${key}:`,
          `${indent}${inset}-  a: ${scalar()}${note()}`,
          `${indent}${inset}   b: ${scalar()}`,
        );
        paths.push(`${at}[0].a`, `${at}[0].b`);
      } else if (kind === 'flow') {
        lines.push(`${indent}${key}: {x: ${scalar()},   "y": 'two', z: [${scalar()}, b] }${note()}`);
        paths.push(`${at}.x`, `${at}.y`, `${at}.z[0]`);
      } else {
        lines.push(`${indent}${key}:${pick(' ', '   ')}${scalar()}${note()}`);
        paths.push(at);
      }
    }
  };
  const documents = 1 + Math.floor(random() * 3);
  for (let n = 0; n < documents; n += 1) {
    if (n > 0 || random() < 0.3) lines.push(pick('---', '--- # next'));
    node('', '', 0);
  }
  return { text: lines.join(newline) + pick(newline, newline, ''), paths };
}

const VALUES = [
  '1.4.2',
  '1.10',
  '1e3',
  'prd-4f2a',
  'shop/web@sha256:ab',
  "it's",
  'a: b',
  'yes',
  '',
  '# x',
  'ä\n',
];

describe('setValueAt on 200 generated files', () => {
  it.each(Array.from({ length: 4 }, (_, block) => block))(
    'changes one value on one line (block %d)',
    (block) => {
      for (let seed = block * 50; seed < block * 50 + 50; seed += 1) {
        const { text, paths } = oddFile(seed);
        for (const [index, at] of paths.entries()) {
          const value = VALUES[(seed + index) % VALUES.length] ?? '';
          const after = setValueAt(new Map([['f', text]]), 'f', at, () => value).files[0]?.after ?? text;
          const about = `seed ${seed}, ${at} = ${JSON.stringify(value)}:\n${text}\n=>\n${after}`;
          const { removed, added } = lineChanges(text, after);
          expect([removed.length, added.length], about).toEqual(after === text ? [0, 0] : [1, 1]);
          const steps = at.split(/[.[\]]+/).filter((step) => step !== '');
          expect(valuesOf(after), about).toEqual(
            valuesOf(text).map((data) => (has(data, steps) ? withValue(data, steps, value) : data)),
          );
        }
      }
    },
  );
});

/** A kustomization with some images, in odd formatting. */
function kustomization(seed: number) {
  const random = randomFrom(seed);
  const pick = <T>(...choices: readonly [T, ...T[]]): T =>
    choices[Math.floor(random() * choices.length)] ?? choices[0];
  const indent = pick('', '  ', '    ');
  const newline = pick('\n', '\r\n');
  const fields = () =>
    pick<readonly string[]>(
      ['newTag: a'],
      ['digest: sha256:00'],
      ['newTag: "1.10"', 'digest: sha256:00'],
      ['newName: other'],
      [],
    );
  const names = ['shop/web', 'shop/worker', 'shop/cron'].slice(0, 1 + Math.floor(random() * 3));
  const entries = names.flatMap((name) => {
    const lines = pick([`name: ${name}`, ...fields()], [...fields(), `name: "${name}"`]);
    if (random() < 0.3) return [`${indent}- {${lines.join(', ')}}${pick('', ' # flow')}`];
    return lines.map((line, n) => `${indent}${n === 0 ? '- ' : '  '}${line}${pick('', '', ' # note')}`);
  });
  const head = pick(['# head', 'namespace: shop'], ['resources:', '- a.yaml']);
  const text =
    [
      ...head,
      ...(names.length > 1 || random() < 0.7 ? ['images:', ...entries] : []),
      ...pick<readonly string[]>(['patches: []'], ['# end'], []),
    ].join(newline) + newline;
  return text;
}

describe('setKustomizeImage on 300 generated files', () => {
  it.each(Array.from({ length: 3 }, (_, block) => block))(
    'sets one entry and keeps the rest (block %d)',
    (block) => {
      for (let seed = block * 100; seed < block * 100 + 100; seed += 1) {
        const text = kustomization(seed);
        const wanted = seed % 2 === 0 ? { newTag: '1.10' } : { digest: `sha256:${'ab'.repeat(32)}` };
        const result = setKustomizeImage(new Map([['k', text]]), 'k', { image: 'shop/worker', ...wanted });
        const after = result.files[0]?.after ?? text;
        const about = `seed ${seed}, ${JSON.stringify(wanted)}:\n${text}\n=>\n${after}`;
        const { images: before = [], ...others } = shaped(parse(text));
        const { images: now = [], ...othersNow } = shaped(parse(after));
        expect(othersNow, about).toEqual(others);
        const isNew = !before.some(({ name }) => name === 'shop/worker');
        const expected = before.map((entry) => {
          if (entry.name !== 'shop/worker') return entry;
          const { newTag: _, digest: __, ...rest } = entry;
          return { ...rest, ...wanted };
        });
        expect(now, about).toEqual(isNew ? [...expected, { name: 'shop/worker', ...wanted }] : expected);
        const { removed, added } = lineChanges(text, after);
        expect(removed.length, about).toBeLessThanOrEqual(2);
        expect(added.length, about).toBeLessThanOrEqual(3);
        expect(after.includes('\r\n') && /(?<!\r)\n/.test(after), about).toBe(false);
        expect(
          setKustomizeImage(new Map([['k', after]]), 'k', { image: 'shop/worker', ...wanted }).files,
          about,
        ).toEqual([]);
      }
    },
  );
});

interface Shaped {
  readonly images?: readonly { readonly name?: string; readonly newTag?: string; readonly digest?: string }[];
}

function shaped(value: Shaped): Shaped {
  return value;
}

function valuesOf(text: string): readonly unknown[] {
  return [...parseAllDocuments(text)].map((document): unknown => document.toJS());
}

function has(data: unknown, steps: readonly string[]): boolean {
  const [step, ...rest] = steps;
  if (step === undefined) return true;
  return typeof data === 'object' && data !== null && step in data && has(Reflect.get(data, step), rest);
}

/** What plain data with the value set would be: the oracle, without any knowledge of text. */
function withValue(data: unknown, steps: readonly string[], value: string): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) return value;
  if (Array.isArray(data))
    return data.map((item: unknown, n) => (String(n) === step ? withValue(item, rest, value) : item));
  const entries = Object.entries(Object(data));
  return Object.fromEntries(
    entries.map(([key, item]) => [key, key === step ? withValue(item, rest, value) : item]),
  );
}
