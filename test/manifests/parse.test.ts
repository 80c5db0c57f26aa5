import { describe, expect, it } from 'vitest';
import { ManifestError } from '../../src/manifests/fault.js';
import { MAX_MANIFEST_BYTES, parseDocuments } from '../../src/manifests/parse.js';

function faultsOf(text: string): readonly string[] {
  try {
    parseDocuments('f.yaml', text);
  } catch (error) {
    if (error instanceof ManifestError) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('parsing', () => {
  it('reads several documents and leaves empty ones out', () => {
    const documents = parseDocuments('f.yaml', 'a: 1\n---\n---\n{"b": [1, 2]}\n');
    expect(documents.map((document) => document.value)).toEqual([{ a: 1 }, { b: [1, 2] }]);
  });

  it('knows where values and keys stand, also in later documents', () => {
    const second = parseDocuments('f.yaml', 'a: 1\n---\nb:\n  - x\n  - {deep: value}\n')[1];
    expect(second?.place(['b', 1, 'deep'])).toEqual({ line: 5, column: 12 });
    expect(second?.place(['b', 1, 'deep'], 'key')).toEqual({ line: 5, column: 6 });
    expect(second?.place(['b', 7])).toEqual({ line: 4, column: 3 });
  });

  it('gives nothing for an empty text', () => {
    expect(parseDocuments('f.yaml', '# only a comment\n')).toEqual([]);
    expect(parseDocuments('f.yaml', '')).toEqual([]);
  });

  it('refuses duplicate keys at the second one', () => {
    expect(faultsOf('a: 1\nb: 2\na: 3\n')).toEqual([
      'f.yaml:3:1: this key stands twice in the same place: keep one of them',
    ]);
  });

  it('tells the faults of all documents', () => {
    const faults = faultsOf('a: 1\na: 2\n---\nb: [\n');
    expect(faults[0]).toContain('f.yaml:2:1');
    expect(faults[1]).toMatch(/^f\.yaml:5:1: not YAML: /);
  });

  it('refuses an alias bomb without expanding it', () => {
    const levels = Array.from({ length: 20 }, (_, i) =>
      i === 0
        ? 'l0: &l0 [x]'
        : `l${i}: &l${i} [${Array(10)
            .fill(`*l${i - 1}`)
            .join(', ')}]`,
    );
    expect(faultsOf(levels.join('\n'))).toEqual([expect.stringContaining('more than 20 aliases')]);
  });

  it('refuses an alias without an anchor, tags and keys that are not text', () => {
    expect(faultsOf('a: *nowhere')).toEqual([expect.stringContaining('has no anchor')]);
    expect(faultsOf('a: !!js/function "x"')).toEqual([expect.stringContaining('tags')]);
    expect(faultsOf('? [a]\n: b')).toEqual([expect.stringContaining('a key must be text')]);
    expect(faultsOf('1: b')).toEqual([expect.stringContaining('a key must be text')]);
  });

  it('refuses text that is too large or nested too deeply', () => {
    expect(faultsOf(`a: "${'x'.repeat(MAX_MANIFEST_BYTES)}"`)).toEqual([expect.stringContaining('512 KiB')]);
    expect(faultsOf(`a: 1\nb: ${'['.repeat(100_000)}`)).toEqual(['f.yaml:2:36: nested too deeply']);
    expect(faultsOf('{a: '.repeat(50_000))).toEqual([expect.stringContaining('nested too deeply')]);
    expect(faultsOf('- '.repeat(50_000))).toEqual([expect.stringContaining('nested too deeply')]);
    const stairs = Array.from({ length: 700 }, (_, level) => `${' '.repeat(level)}a:`).join('\n');
    expect(faultsOf(stairs)).toEqual(['f.yaml:122:1: nested too deeply']);
  });

  it('keeps a key named __proto__ as plain data', () => {
    const document = parseDocuments('f.yaml', '__proto__: {polluted: true}')[0];
    expect(Object.hasOwn(Object(document?.value), '__proto__')).toBe(true);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });
});
