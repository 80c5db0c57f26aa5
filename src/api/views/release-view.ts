/** A release as people and programs read it. */
import { describeRelease, type Release } from '../../domain/promotion/release.js';
import type { ReleaseBody } from '../schemas/promotions.js';

export function releaseView(release: Release): ReleaseBody {
  return {
    line: describeRelease(release),
    images: release.images.map((image) => ({ ...image })),
    charts: release.charts.map((chart) => ({ ...chart })),
    commit: release.commit,
  };
}
