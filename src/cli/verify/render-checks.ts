/** The checks of a bundle as a table, and the verdict with how far it reaches. */
import type { BundleCheck } from '../../ledger/bundle-check.js';
import type { Style } from '../output/style.js';
import { harmless, padded, wrapped } from '../output/text.js';

export function checkLines(checks: readonly BundleCheck[], style: Style, width: number): readonly string[] {
  const nameWidth = Math.max(0, ...checks.map(({ check }) => check.length));
  const asOf = checks.find((check) => check.asOf !== undefined)?.asOf;
  const until = asOf === undefined ? '' : ` as of entry ${asOf.seq} (${asOf.at})`;
  const failed = checks.filter(({ ok }) => !ok).length;
  return [
    ...checks.flatMap(({ check, ok, detail }) =>
      wrapped(harmless(detail), width - nameWidth - 4).map((line, index) =>
        index === 0
          ? `${ok ? style.good('✓') : style.bad('✗')} ${padded(check, nameWidth)}  ${line}`.trimEnd()
          : `${' '.repeat(nameWidth + 4)}${line}`,
      ),
    ),
    failed === 0
      ? style.good(`Verified${until}: all ${checks.length} checks hold.`)
      : style.bad(`Not verified: ${failed} of ${checks.length} checks failed. This is no evidence.`),
  ];
}
