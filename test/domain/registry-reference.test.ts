import { describe, expect, it } from 'vitest';
import {
  isDigest,
  isSameRepository,
  parseImageReference,
  registryReferenceText,
} from '../../src/domain/registry-reference.js';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('a reference', () => {
  it.each([
    ['nginx', { registry: 'docker.io', repository: 'library/nginx' }],
    ['grafana/grafana:11.2', { registry: 'docker.io', repository: 'grafana/grafana', tag: '11.2' }],
    ['registry.example.com/web', { registry: 'registry.example.com', repository: 'web' }],
    [
      'registry.example.com:5000/shop/web:1.2.0',
      { registry: 'registry.example.com:5000', repository: 'shop/web', tag: '1.2.0' },
    ],
    [`localhost/web@${DIGEST}`, { registry: 'localhost', repository: 'web', digest: DIGEST }],
    [
      `Registry.Example.com/a/b/c:dev-4f2a@${DIGEST}`,
      { registry: 'registry.example.com', repository: 'a/b/c', tag: 'dev-4f2a', digest: DIGEST },
    ],
    ['a.b/c__d/e-f---g.h:_x', { registry: 'a.b', repository: 'c__d/e-f---g.h', tag: '_x' }],
    // a first part without dot or port is a folder of the default registry
    ['shop/web', { registry: 'docker.io', repository: 'shop/web' }],
  ])('%s is read', (text, parts) => {
    expect(parseImageReference(text)).toEqual(parts);
  });

  it('is written with everything in it, and read back as the same', () => {
    const text = `registry.example.com:5000/shop/web:1.2.0@${DIGEST}`;
    const read = parseImageReference(text);
    if ('fault' in read) throw new Error(read.fault);
    expect(registryReferenceText(read)).toBe(text);
    const short = parseImageReference('nginx');
    if ('fault' in short) throw new Error(short.fault);
    expect(registryReferenceText(short)).toBe('docker.io/library/nginx');
  });

  it.each([
    ['', 'empty'],
    ['shop/web 1', 'space'],
    ['shop/Web', 'lower-case'],
    ['shop//web', 'lower-case'],
    ['shop/../web', 'lower-case'],
    ['/web', 'lower-case'],
    ['shop/web/', 'lower-case'],
    ['shop/web:', 'tag'],
    ['shop/web:a b', 'space'],
    ['shop/web:.hidden', 'tag'],
    [`shop/web:${'x'.repeat(129)}`, 'tag'],
    ['shop/web@sha256:abc', 'digest'],
    [`shop/web@${DIGEST.toUpperCase()}`, 'digest'],
    [`shop/web@${DIGEST}@${DIGEST}`, 'more than one @'],
    ['https://registry.example.com/shop/web', 'host'],
    ['user:password@registry.example.com/shop/web', 'digest'],
    ['-x.example.com/web', 'host'],
    [`registry.example.com/${'a/'.repeat(130)}b`, '255'],
  ])('"%s" is refused, and says why', (text, why) => {
    const read = parseImageReference(text);
    expect(read).toMatchObject({ fault: expect.stringContaining(why) });
  });
});

it('a digest has one spelling', () => {
  expect(isDigest(DIGEST)).toBe(true);
  expect(isDigest(`sha512:${'ab'.repeat(64)}`)).toBe(true);
  for (const text of [DIGEST.toUpperCase(), `${DIGEST}0`, `md5:${'ab'.repeat(16)}`, 'latest', ` ${DIGEST}`]) {
    expect(isDigest(text), text).toBe(false);
  }
});

describe('isSameRepository', () => {
  it.each([
    ['nginx', 'docker.io/library/nginx:1.27', true],
    ['nginx', 'index.docker.io/library/nginx', true],
    ['docker.io/nginx', 'registry-1.docker.io/library/nginx', true],
    ['shop/web', `docker.io/shop/web@${DIGEST}`, true],
    ['Registry.example.com/shop/web', 'registry.example.com/shop/web', true],
    ['registry.example.com:443/shop/web', 'registry.example.com/shop/web', true],
    ['registry.example.com:5000/shop/web', 'registry.example.com/shop/web', false],
    ['shop/nginx', 'nginx', false],
    ['registry.example.com/nginx', 'registry.example.com/library/nginx', false],
    ['not a name', 'not a name', true],
    ['not a name', 'another one', false],
  ])('%s and %s: %s', (one, other, same) => {
    expect(isSameRepository(one, other)).toBe(same);
    expect(isSameRepository(other, one)).toBe(same);
  });
});
