import { describe, expect, it } from 'vitest';
import {
  applyConfiguration,
  jsonPatch,
  mergePatch,
  PatchRefused,
} from '../../../sandbox/kubernetes/patch.js';

describe('patches', () => {
  it('merges: null removes, lists are replaced', () => {
    expect(mergePatch({ a: 1, b: { c: 1, d: 2 }, l: [1, 2] }, { a: null, b: { d: 3 }, l: [3] })).toEqual({
      b: { c: 1, d: 3 },
      l: [3],
    });
    const odd: unknown = JSON.parse('{"__proto__": {"x": 1}}');
    expect(Object.hasOwn(Object(mergePatch({}, odd)), '__proto__')).toBe(true);
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false);
  });

  it('walks JSON pointers and refuses an object instead of steps', () => {
    const steps = [
      { op: 'test', path: '/a/0', value: 1 },
      { op: 'add', path: '/a/-', value: 2 },
      { op: 'replace', path: '/m/x~1y', value: 'z' },
      { op: 'remove', path: '/gone' },
    ];
    expect(jsonPatch({ a: [1], m: { 'x/y': 'w' }, gone: true }, steps)).toEqual({
      a: [1, 2],
      m: { 'x/y': 'z' },
    });
    expect(() => jsonPatch({}, { metadata: {} })).toThrow('cannot unmarshal object');
    expect(() => jsonPatch({ a: 1 }, [{ op: 'test', path: '/a', value: 2 }])).toThrow(PatchRefused);
    expect(() => jsonPatch({}, [{ op: 'remove', path: '/a' }])).toThrow(PatchRefused);
  });

  it('applies with owners: conflicts with others, removes what was left out', () => {
    const first = applyConfiguration({
      live: { spec: { theirs: 1 } },
      configuration: { spec: { ours: 1, old: 1 } },
      manager: 'gatehouse',
      force: false,
      owners: { other: ['/spec/theirs'] },
    });
    expect(first.object).toEqual({ spec: { theirs: 1, ours: 1, old: 1 } });
    const live = { spec: { theirs: 1, ours: 1, old: 1 } };
    const again = { live, manager: 'gatehouse', owners: first.owners };
    expect(
      applyConfiguration({ ...again, configuration: { spec: { ours: 2 } }, force: false }).object,
    ).toEqual({
      spec: { theirs: 1, ours: 2 },
    });
    const taking = { ...again, configuration: { spec: { theirs: 2 } } };
    expect(() => applyConfiguration({ ...taking, force: false })).toThrow('conflict with "other"');
    expect(applyConfiguration({ ...taking, force: true }).owners.other).toEqual([]);
  });
});
