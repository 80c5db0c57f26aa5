import { describe, expect, it } from 'vitest';
import { type Document, parse, parseDocument } from 'yaml';
import { readScalars, setScalars } from '../../../src/planning/edits/yaml-edit.js';
import { YamlEditError } from '../../../src/planning/edits/yaml-edit-error.js';
import type { ScalarValue } from '../../../src/planning/edits/yaml-scalar.js';

/** Lines that are only in one of two texts, as `diff` shows them. */
function changedLines(before: string, after: string): { removed: string[]; added: string[] } {
  const a = before.split(/(?<=\n)/);
  const b = after.split(/(?<=\n)/);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  return { removed: a.slice(start, a.length - end), added: b.slice(start, b.length - end) };
}

function refusal(run: () => unknown): YamlEditError {
  try {
    run();
  } catch (error) {
    if (error instanceof YamlEditError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

const ODD_FILE = `# Otterize for harbour-01, owned by the platform team
global:
    deployment:   {networkMapper: true,   intentsOperator: false}   # two of three
    otterizeCloud:
        credentials:
            clientId: ""     # set by Gatehouse
            clientSecretKeyRef:
                secretName:  'otterize-cloud'

    list:
    - one   # not indented, as kubectl prints it
    -   two

# end of file
`;

describe('setScalars', () => {
  it('changes exactly one line of a file with odd formatting', () => {
    const after = setScalars(ODD_FILE, { 'global.otterizeCloud.credentials.clientId': 'cli_42' });
    expect(changedLines(ODD_FILE, after)).toEqual({
      removed: ['            clientId: ""     # set by Gatehouse\n'],
      added: ['            clientId: "cli_42"     # set by Gatehouse\n'],
    });
  });

  it('keeps single quotes, and replaces them only when they cannot hold the value', () => {
    const path = 'global.otterizeCloud.credentials.clientSecretKeyRef.secretName';
    expect(setScalars(ODD_FILE, { [path]: "it's" })).toContain("secretName:  'it''s'\n");
    expect(setScalars(ODD_FILE, { [path]: 'a\nb' })).toContain('secretName:  "a\\nb"\n');
  });

  it('adds a missing key after the last one of its map, in the indentation of the file', () => {
    const after = setScalars(ODD_FILE, { 'global.otterizeCloud.apiAddress': 'https://otterize.example.com' });
    expect(changedLines(ODD_FILE, after)).toEqual({
      removed: [],
      added: ['        apiAddress: "https://otterize.example.com"\n'],
    });
    expect(after.indexOf('apiAddress')).toBeGreaterThan(after.indexOf('secretName'));
    expect(after.indexOf('apiAddress')).toBeLessThan(after.indexOf('list:'));
  });

  it('adds missing maps with the step that the file uses', () => {
    const after = setScalars('a:\n   b: 1\n', { 'a.c.d': 'x', 'a.c.e': 'z' });
    expect(after).toBe('a:\n   b: 1\n   c:\n      d: x\n      e: z\n');
  });

  it('changes nothing when the values are there already', () => {
    expect(setScalars(ODD_FILE, { 'global.deployment.networkMapper': true })).toBe(ODD_FILE);
  });

  it.each<[string, string, Record<string, ScalarValue>, string]>([
    ['a key without a value', 'a:\nb: 1\n', { a: 'x' }, 'a: x\nb: 1\n'],
    ['a key without a value, with a comment', 'a:   # why\nb: 1\n', { a: 'x' }, 'a: x   # why\nb: 1\n'],
    ['a map below a key without a value', 'a: # why\n\nb: 1\n', { 'a.c': 'x' }, 'a: # why\n  c: x\n\nb: 1\n'],
    ['an empty flow map', 'a: {}\n', { 'a.b.c': 'x' }, 'a: {b: {c: x}}\n'],
    ['a flow map', 'a: {b: 1, c}\n', { 'a.d': 'x', 'a.c': 2 }, 'a: {b: 1, c: 2, d: x}\n'],
    ['a flow map with a comma at the end', 'a: {b: 1,}\n', { 'a.d': 'x' }, 'a: {b: 1, d: x,}\n'],
    ['a flow map over lines', 'a: {\n  b: 1 # c\n}\n', { 'a.d': 'x' }, 'a: {\n  b: 1, d: x # c\n}\n'],
    ['JSON', '{"a":{},"b":1}', { 'a.c': 'x', b: 'y' }, '{"a":{"c": "x"},"b":"y"}'],
    ['a literal block', 'a: |  # why\n  x\n  y\nb: 1\n', { a: 'z' }, 'a: z  # why\nb: 1\n'],
    ['a key after a literal block', 'a: |\n  x\n', { b: 'z' }, 'a: |\n  x\nb: z\n'],
    ['a key after a kept block', 'a: |+\n  x\n\n', { b: 'z' }, 'a: |+\n  x\n\nb: z\n'],
    ['a text over several lines', 'a: one\n  two\nb: 1\n', { a: 'z' }, 'a: z\nb: 1\n'],
    ['a list at the end', 'a:\n- 1\n- 2\n', { b: 'z' }, 'a:\n- 1\n- 2\nb: z\n'],
    ['no line end at the end', 'a: 1', { b: 'z' }, 'a: 1\nb: z'],
    ['an empty file', '', { 'a.b': 'z' }, 'a:\n  b: z\n'],
    ['only comments', '# nothing yet\n', { 'a.b': 'z' }, '# nothing yet\na:\n  b: z\n'],
    ['a byte order mark', '\ufeffa: 1\n', { a: 2, b: 'z' }, '\ufeffa: 2\nb: z\n'],
    ['a document start', '---\na: 1\n...\n', { b: 'z' }, '---\na: 1\nb: z\n...\n'],
    ['a dot inside a key', 'x.y/z: 1\n', { 'x\\.y/z': 2 }, 'x.y/z: 2\n'],
    ['a key that looks like a number', 'ports:\n  8080: a\n', { 'ports.8080': 'b' }, 'ports:\n  8080: b\n'],
    ['a quoted key', '"a": 1\n', { a: 2 }, '"a": 2\n'],
    ['a value that is ours already in other words', 'a: 1.50\n', { a: 1.5 }, 'a: 1.50\n'],
  ])('handles %s', (_, before, values, after) => {
    expect(setScalars(before, values)).toBe(after);
  });

  it('keeps the line ends of a file from Windows', () => {
    const before = 'a: 1\r\nb:\r\n  c: "x"  # y\r\n';
    const after = setScalars(before, { 'b.c': 'z', 'b.d': 'new', e: 1 });
    expect(after).toBe('a: 1\r\nb:\r\n  c: "z"  # y\r\n  d: new\r\ne: 1\r\n');
  });

  it.each([
    'yes',
    'No',
    'on',
    'y',
    'null',
    '~',
    'true',
    '1.10',
    '0123456',
    '12e4567',
    '1e3',
    '0x1f',
    '1:30',
    '2027-01-01',
    '.inf',
    '1_000',
    '',
    ' x',
    'x ',
    'a: b',
    'a #b',
    '# a',
    '- a',
    '[a',
    '{a',
    '*a',
    '&a',
    '!a',
    '|',
    '>',
    '%a',
    '@a',
    '`a',
    '=',
    '<<',
    'a\tb',
    'a\nb',
    'ä',
    '\u0085',
    '\u2028',
    '\ufeff',
    '"',
    "'",
    '\\',
    '\u0000',
    '🦦',
    '---',
    '...',
    '?',
    '-',
  ])('writes %j so that every YAML version reads the same text', (value) => {
    for (const before of ['a: old\n', "a: 'old'\n", 'a: "old"\n', 'a: {b: 1}\n', '']) {
      const path = before.includes('{') ? 'a.new' : 'a';
      const after = setScalars(before, { [path]: value });
      for (const version of ['1.1', '1.2'] as const) {
        const data: unknown = parse(after, { version });
        const read = path === 'a' ? data : field(data, 'a');
        expect(field(read, path === 'a' ? 'a' : 'new'), after).toBe(value);
      }
    }
  });

  it.each<[string, string, string]>([
    ['not-yaml', 'a: [1\n', 'a'],
    ['not-yaml', 'a: b: c\n', 'a'],
    ['tabs', 'a:\n\tb: 1\n', 'a.b'],
    ['multiple-documents', 'a: 1\n---\na: 2\n', 'a'],
    ['duplicate-key', 'a: 1\nb: 2\na: 3\n', 'b'],
    ['shared-value', 'base: &b {x: 1}\nuse: *b\n', 'base.x'],
    ['shared-value', 'base: &b {x: 1}\nuse: *b\n', 'use.x'],
    ['shared-value', 'base: &b 1\nuse: *b\n', 'base'],
    ['shared-value', 'base: &b 1\nuse: *b\n', 'use'],
    ['shared-value', 'base: &b {x: 1}\nuse:\n  <<: *b\n  y: 2\n', 'use.y'],
    ['shared-value', 'a: &empty\nb: *empty\n', 'a'],
    ['tagged-value', 'a: !!str 12\n', 'a'],
    ['tagged-value', 'a: !custom {b: 1}\n', 'a.b'],
    ['not-a-map', 'a: 1\n', 'a.b'],
    ['not-a-map', 'a:\n- b: 1\n', 'a.b'],
    ['not-a-map', '- a\n', 'a'],
    ['not-a-map', 'a: null\n', 'a.b'],
    ['not-a-map', 'just text\n', 'a'],
    ['not-a-scalar', 'a:\n  b: 1\n', 'a'],
    ['not-a-scalar', 'a: [1]\n', 'a'],
    ['unusual-key', '? a\n: 1\n', 'a'],
    ['unusual-key', '&k a: 1\n', 'a'],
    ['bad-path', 'a: 1\n', 'a..b'],
    ['bad-path', 'a: 1\n', ''],
    ['too-large', `a: "${'x'.repeat(1024 * 1024)}"\n`, 'a'],
  ])('refuses %s and names the remedy (%#)', (code, before, path) => {
    const error = refusal(() => setScalars(before, { [path]: 'new' }));
    expect(error.code).toBe(code);
    expect(error.remedy).not.toBe('');
  });

  it('names the line of what is in the way', () => {
    const error = refusal(() => setScalars('a: 1\nbase: &b\n  x: 1\nuse: *b\n', { 'base.x': 2 }));
    expect(error.line).toBe(3);
    expect(error.message).toContain('line 3');
  });

  it('works beside anchors that are not in the path', () => {
    expect(setScalars('base: &b {x: 1}\nuse: *b\nc: 1\n', { c: 2, d: 3 })).toBe(
      'base: &b {x: 1}\nuse: *b\nc: 2\nd: 3\n',
    );
  });

  it('is not slowed by an alias bomb', () => {
    const levels = Array.from({ length: 30 }, (_, n) =>
      n === 0 ? 'l0: &l0 [x, x]' : `l${n}: &l${n} [*l${n - 1}, *l${n - 1}, *l${n - 1}, *l${n - 1}]`,
    );
    const before = `${levels.join('\n')}\nc: 1\n`;
    expect(setScalars(before, { c: 2 })).toBe(before.replace('c: 1', 'c: 2'));
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1e21, 1e-9])('refuses the number %d', (value) => {
    expect(refusal(() => setScalars('a: 1\n', { a: value })).code).toBe('bad-value');
  });
});

describe('readScalars', () => {
  it('tells a value, an empty value and a missing one apart', () => {
    const read = readScalars('a: x\nb:\nc: {d: 1.5}\n', ['a', 'b', 'c.d', 'c.e', 'f.g']);
    expect([...read.values()]).toEqual(['x', null, 1.5, undefined, undefined]);
  });
});

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

interface OddFile {
  readonly text: string;
  /** paths of values that can be set, missing ones among them */
  readonly paths: readonly string[];
}

function oddFile(seed: number): OddFile {
  const random = randomFrom(seed);
  const pick = <T>(...choices: readonly [T, ...T[]]): T =>
    choices[Math.floor(random() * choices.length)] ?? choices[0];
  const newline = pick('\n', '\n', '\r\n');
  const lines: string[] = [];
  const paths: string[] = [];
  let count = 0;
  const note = () => pick('', '', ' # note', '   # note: {not: data}', '  ');
  const map = (indent: string, prefix: string, depth: number) => {
    const step = ' '.repeat(pick(2, 2, 3, 4));
    const size = 1 + Math.floor(random() * 4);
    for (let n = 0; n < size; n += 1) {
      if (random() < 0.2) lines.push(pick('', `${indent}# about the next`, '# at the margin', '   '));
      count += 1;
      const name = `k${count}`;
      const key = pick(name, name, `"${name}"`, `'${name}'`);
      const path = `${prefix}${name}`;
      const kind = depth < 3 ? pick('map', 'scalar', 'scalar', 'list', 'flow', 'block', 'empty') : 'scalar';
      if (kind === 'map') {
        lines.push(`${indent}${key}:${note()}`);
        map(indent + step, `${path}.`, depth + 1);
        paths.push(`${path}.added${count}`, `${path}.added${count}.below`);
      } else if (kind === 'list') {
        const inset = pick('', step);
        lines.push(
          `${indent}${key}:${note()}`,
          `${indent}${inset}- one${note()}`,
          `${indent}${inset}-   {two: 2}`,
        );
      } else if (kind === 'flow') {
        lines.push(`${indent}${key}: {x: 1,   "y": 'two' }${note()}`);
        paths.push(`${path}.x`, `${path}.y`, `${path}.added`);
      } else if (kind === 'block') {
        lines.push(
          `${indent}${key}: ${pick('|', '>', '|-', '>+')}`,
          `${indent}${step}text # no comment`,
          `${indent}${step}more`,
        );
        paths.push(path);
      } else if (kind === 'empty') {
        lines.push(`${indent}${key}:${note()}`);
        paths.push(pick(path, `${path}.added`));
      } else {
        lines.push(
          `${indent}${key}:${pick(' ', '   ')}${pick('plain text', '"double"', "'single'", '12', 'true', '""', '~')}${note()}`,
        );
        paths.push(path);
      }
    }
  };
  if (random() < 0.3) lines.push(pick('---', '# head of the file'));
  map('', '', 0);
  paths.push('top', 'new.map.below');
  return { text: lines.join(newline) + pick(newline, newline, ''), paths };
}

describe('setScalars on 400 generated files', () => {
  it.each(Array.from({ length: 8 }, (_, block) => block))(
    'keeps everything but the value (block %d)',
    (block) => {
      for (let seed = block * 50; seed < block * 50 + 50; seed += 1) {
        const file = oddFile(seed);
        for (const path of file.paths) {
          const value = `value-${seed}`;
          const after = setScalars(file.text, { [path]: value });
          const about = `seed ${seed}, path ${path}:\n${file.text}\n=>\n${after}`;
          expect(parse(after), about).toEqual(withValue(parse(file.text), path.split('.'), value));
          expect(commentsOf(after), about).toEqual(commentsOf(file.text));
          if (file.text.includes('\r\n') && after.includes('\n')) expect(after, about).toContain('\r\n');
          expect(/(?<!\r)\n/.test(after) && after.includes('\r\n'), about).toBe(false);
          expect(setScalars(after, { [path]: value }), about).toBe(after);
          const { removed, added } = changedLines(file.text, after);
          // a block text of three lines and an empty one becomes one line; a new path has one line per key
          expect(removed.length, about).toBeLessThanOrEqual(4);
          expect(added.length, about).toBeLessThanOrEqual(removed.length + 3);
        }
      }
    },
  );
});

function field(data: unknown, key: string): unknown {
  return typeof data === 'object' && data !== null ? new Map(Object.entries(data)).get(key) : undefined;
}

/** What a plain object with the value set would be: the oracle, without any knowledge of text. */
function withValue(data: unknown, path: readonly string[], value: ScalarValue): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const entries: Record<string, unknown> = typeof data === 'object' && data !== null ? { ...data } : {};
  entries[key] = withValue(entries[key], rest, value);
  return entries;
}

function commentsOf(text: string): string[] {
  const found: string[] = [];
  const document: Document = parseDocument(text);
  expect(document.errors).toEqual([]);
  for (const match of text.matchAll(/(?:^|[ \t])#(?! no comment)(.*)$/gm))
    found.push(match[1]?.trimEnd() ?? '');
  return found;
}
