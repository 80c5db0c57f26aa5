import { describe, expect, it } from 'vitest';
import { duration } from '../../src/cli/output/duration.js';
import { COLOURED, PLAIN, styleFor } from '../../src/cli/output/style.js';
import { columns, cut, harmless, widthOf, wrapped } from '../../src/cli/output/text.js';

describe('durations', () => {
  it.each([
    [0, '0s'],
    [-5, '0s'],
    [999, '0s'],
    [40_000, '40s'],
    [119_000, '119s'],
    [120_000, '2m'],
    [38 * 60_000, '38m'],
    [119 * 60_000, '119m'],
    [2 * 3_600_000, '2h'],
    [47 * 3_600_000, '47h'],
    [31 * 86_400_000, '31d'],
  ])('%i ms reads %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});

describe('colour', () => {
  it('is for terminals only, and never against the will of the user', () => {
    expect(styleFor(true, {})).toBe(COLOURED);
    expect(styleFor(false, {})).toBe(PLAIN);
    expect(styleFor(true, { NO_COLOR: '1' })).toBe(PLAIN);
    expect(styleFor(true, { NO_COLOR: '' })).toBe(COLOURED);
    expect(styleFor(true, { TERM: 'dumb' })).toBe(PLAIN);
  });

  it('takes no width, and is ended where a text is cut', () => {
    const text = `a${COLOURED.bad('bcdef')}g`;
    expect(widthOf(text)).toBe(7);
    expect(cut(text, 4)).toBe(`a\u001b[31mbc\u001b[39m…`);
    expect(cut(text, 7)).toBe(text);
  });
});

describe('texts', () => {
  it('align in columns by what is seen', () => {
    expect(
      columns([
        ['a', COLOURED.good('bb'), 'c'],
        ['aaa', 'b', ''],
      ]),
    ).toEqual([`a    ${COLOURED.good('bb')}  c`, 'aaa  b']);
  });

  it('break at spaces only', () => {
    expect(wrapped('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrapped('averylongword x', 5)).toEqual(['averylongword', 'x']);
    expect(wrapped('', 5)).toEqual(['']);
  });

  it('lose what could steer a terminal or turn the direction of writing', () => {
    expect(harmless('a\u001b]0;x\u0007b\nc\u202ed')).toBe('a\ufffd]0;x\ufffdb c\ufffdd');
    expect(harmless('Jäger-Müller 港')).toBe('Jäger-Müller 港');
  });
});
