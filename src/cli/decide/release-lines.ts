/** A promotion before a decision: the release, its risk, what was checked, and how the clusters will differ. */
import type { PromotionPlan } from '../api/answers.js';
import type { Style } from '../output/style.js';
import { columns, counted, harmless } from '../output/text.js';

export function releaseLines(plan: PromotionPlan, style: Style): readonly string[] {
  const { release, risk, findings, places } = plan;
  const level = risk.level === 'high' ? style.warn('high') : risk.level;
  return [
    ...columns([
      ...release.images.map(({ repository, digest, tag }) => [
        'image',
        harmless(`${repository}${tag === undefined ? '' : `:${tag}`}@${digest}`),
      ]),
      ...release.charts.map(({ name, version }) => ['chart', harmless(`${name} ${version}`)]),
      ['commit', release.commit],
      ['risk', [level, ...risk.reasons.map(harmless)].join(': ')],
    ]),
    ...findings.map((finding) => style.dim(`i ${harmless(finding)}`)),
    '',
    ...places.flatMap(({ place, diff, cut }) => [
      style.bold(`${place}: how the cluster will differ`),
      ...diffLines(diff, style),
      ...(cut === 0 ? [] : [style.dim(`… and ${counted(cut, 'line')} more: read the page`)]),
      '',
    ]),
  ];
}

/** A unified difference, coloured as people know it. */
export function diffLines(diff: string, style: Style): readonly string[] {
  if (diff.trim() === '') return [style.dim('nothing that a cluster sees')];
  return diff
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => {
      const text = harmless(line);
      if (line.startsWith('+')) return style.good(text);
      if (line.startsWith('-')) return style.bad(text);
      return line.startsWith('~') ? style.bold(text) : text;
    });
}
