import { readFile } from 'node:fs/promises';
import Type from 'typebox';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';

const Versions = Type.Record(Type.String(), Type.String());
const About = Type.Object({
  dependencies: Versions,
  devDependencies: Versions,
  optionalDependencies: Versions,
});

describe('versions of packages', () => {
  it('are pinned exactly: a caret would let the next client of a vendor in, untried', async () => {
    const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
    const { dependencies, devDependencies, optionalDependencies } = Value.Parse(About, JSON.parse(text));
    const all = { ...dependencies, ...devDependencies, ...optionalDependencies };
    const loose = Object.entries(all).filter(
      ([, version]) => !/^(?:npm:[\w-]+@)?\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version),
    );
    expect(loose).toEqual([]);
  });
});
