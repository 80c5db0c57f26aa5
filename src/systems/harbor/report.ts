import Type, { type Static } from 'typebox';
import { SystemError } from '../../domain/failure.js';
import { type CallSubject, troubleOf } from '../http/trouble.js';
import type { VulnerabilityCounts, VulnerabilityReport } from './types.js';

/** Kinds of report, the one that is read first in front (vendor: parameter `X-Accept-Vulnerabilities`). */
export const REPORT_TYPES = [
  'application/vnd.security.vulnerability.report; version=1.1',
  'application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0',
] as const;

const Summary = Type.Object({
  scan_status: Type.String(),
  end_time: Type.Optional(Type.String()),
  summary: Type.Optional(
    Type.Union([
      Type.Object({
        total: Type.Integer({ minimum: 0 }),
        fixable: Type.Optional(Type.Integer({ minimum: 0 })),
        summary: Type.Optional(
          Type.Union([Type.Record(Type.String(), Type.Integer({ minimum: 0 })), Type.Null()]),
        ),
      }),
      Type.Null(),
    ]),
  ),
});

/** The part of an artifact that is read. `scan_overview` is missing, null or empty until there was a scan. */
export const Artifact = Type.Object({
  digest: Type.String(),
  scan_overview: Type.Optional(Type.Union([Type.Record(Type.String(), Summary), Type.Null()])),
});

/** Harbor's words for a scan that came to nothing; others are Pending, Scheduled and Running (its job states). */
const CAME_TO_NOTHING: ReadonlySet<string> = new Set(['error', 'stopped']);

/**
 * Reads the report out of an artifact.
 * @throws SystemError kind `malformed` when a scan is said to have succeeded without numbers or a time
 */
export function reportOf(artifact: Static<typeof Artifact>, subject: CallSubject): VulnerabilityReport {
  const overview = artifact.scan_overview ?? {};
  const type = REPORT_TYPES.find((one) => overview[one] !== undefined) ?? Object.keys(overview)[0];
  const found = type === undefined ? undefined : overview[type];
  if (found === undefined) return { state: 'absent' };
  const status = found.scan_status;
  if (status.toLowerCase() !== 'success') {
    // an unknown word is no proof of an end: keep waiting, and show it
    if (!CAME_TO_NOTHING.has(status.toLowerCase())) return { state: 'running', status };
    return { state: 'failed', status };
  }
  const { summary, end_time } = found;
  if (!summary || end_time === undefined) {
    throw new SystemError(
      troubleOf(subject, 'malformed', 'the scan is said to have succeeded, but has no numbers or no time'),
    );
  }
  const counts = countsOf(summary.summary ?? {}, summary.total);
  return { state: 'scanned', counts, fixable: summary.fixable ?? 0, scannedAt: end_time };
}

/** What has no severity that we know, or is in the total only, counts as unknown. */
function countsOf(bySeverity: Readonly<Record<string, number>>, total: number): VulnerabilityCounts {
  const counts = { critical: 0, high: 0, medium: 0, low: 0, none: 0, unknown: 0 };
  let sum = 0;
  for (const [severity, count] of Object.entries(bySeverity)) {
    counts[levelOf(severity)] += count;
    sum += count;
  }
  return { ...counts, unknown: counts.unknown + Math.max(0, total - sum) };
}

function levelOf(severity: string): keyof VulnerabilityCounts {
  switch (severity.toLowerCase()) {
    case 'critical':
      return 'critical';
    case 'high':
      return 'high';
    case 'medium':
      return 'medium';
    // some scanners have one level below low
    case 'low':
    case 'negligible':
      return 'low';
    case 'none':
      return 'none';
    default:
      return 'unknown';
  }
}
