/** The findings of `gatehouse doctor` as a table; remedies under what they mend. */
import type { Style } from '../output/style.js';
import { counted, harmless, padded } from '../output/text.js';
import type { Finding } from './finding.js';

/** @param absent what is not configured here and was not looked at */
export function findingLines(
  findings: readonly Finding[],
  absent: readonly string[],
  style: Style,
): readonly string[] {
  const areaWidth = Math.max(0, ...findings.map(({ area }) => area.length));
  const subjectWidth = Math.max(0, ...findings.map(({ subject }) => subject.length));
  const indent = ' '.repeat(areaWidth + subjectWidth + 6);
  const sign = { ok: style.good('✓'), warning: style.warn('!'), fault: style.bad('✗') };
  const lines = findings.flatMap(({ area, subject, state, detail, remedy }) => {
    const [first = '', ...more] = detail.split('\n').map(harmless);
    return [
      `${sign[state]} ${padded(area, areaWidth)}  ${padded(subject, subjectWidth)}  ${first}`.trimEnd(),
      ...more.map((line) => `${indent}${line}`),
      ...(remedy === undefined ? [] : remedy.split('\n').map((line) => `${indent}→ ${harmless(line)}`)),
    ];
  });
  const faults = findings.filter(({ state }) => state === 'fault').length;
  const warnings = findings.filter(({ state }) => state === 'warning').length;
  const also = [
    ...(warnings === 0 ? [] : [counted(warnings, 'warning')]),
    ...(absent.length === 0 ? [] : [`${absent.length} not looked at: ${absent.join(', ')}`]),
  ];
  const rest = also.map((part) => `, ${part}`).join('');
  const all = absent.length === 0 ? 'All ' : '';
  return [
    ...lines,
    faults === 0
      ? style.good(`${all}${findings.length} checks passed${rest}.`)
      : style.bad(`${faults} of ${findings.length} checks failed${rest}.`),
  ];
}
