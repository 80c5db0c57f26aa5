/** Vulnerability reports of the release's images, against what the path bears. An absent report is not a clean one. */
import type { ScanLimits } from '../../domain/promotion/path.js';
import type { ReleaseImage } from '../../domain/promotion/release.js';
import { PlanConflict } from './conflict.js';
import type { PromotionSystems } from './systems.js';

/**
 * @returns a line for each image
 * @throws PlanConflict, SystemError
 */
export async function checkScans(
  images: readonly ReleaseImage[],
  limits: ScanLimits | undefined,
  { harbor }: PromotionSystems,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  if (limits === undefined) return [];
  if (harbor === undefined) {
    throw new PlanConflict(
      'scan',
      'the path asks for vulnerability reports, and no Harbor is configured',
      'Configure systems.harbor, or take scan out of the path',
    );
  }
  const lines: string[] = [];
  for (const { repository, digest } of images) {
    const [, project = '', ...rest] = repository.split('/');
    const report = await harbor.vulnerabilities({ project, repository: rest.join('/'), digest }, signal);
    if (report.state !== 'scanned') {
      throw new PlanConflict(
        'scan',
        `${repository} has no finished vulnerability report (${report.state})`,
        'Scan the image in Harbor, then ask again: an absent report is not a clean one',
      );
    }
    const { critical, high } = report.counts;
    if (critical > limits.critical || high > limits.high) {
      throw new PlanConflict(
        'scan',
        `${repository} has ${critical} critical and ${high} high findings; the path bears ${limits.critical} and ${limits.high}`,
        'Mend them and build again, or ask for an exception',
      );
    }
    lines.push(`${repository}: ${critical} critical and ${high} high findings, within what the path bears`);
  }
  return lines;
}
