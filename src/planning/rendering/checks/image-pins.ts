/** What a cluster runs must be what was approved: an image by digest cannot change under its name. */
import { parseImage } from '../../../domain/image-reference.js';
import type { Finding } from '../finding.js';
import { type ImageUse, imagesOf } from '../images.js';
import type { PolicyRules } from '../policy-rules.js';
import { objectTitle, type RenderedObject } from '../rendered-objects.js';

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export function checkImagePins(after: readonly RenderedObject[], rules: PolicyRules): readonly Finding[] {
  return imagesOf(after).flatMap((use) => {
    const finding = pinOf(use, rules);
    return finding === undefined ? [] : [finding];
  });
}

function pinOf(use: ImageUse, rules: PolicyRules): Finding | undefined {
  const image = parseImage(use.image);
  const object = `${objectTitle(use.object)} (${use.container})`;
  const finding = (message: string, remedy: string, level: Finding['level']): Finding => ({
    check: 'image-pin',
    object,
    message,
    remedy,
    level,
  });
  if (image === undefined) return finding('its image is not a name of an image', 'Correct it.', 'refuse');
  if (image.digest !== undefined) {
    if (DIGEST.test(image.digest)) return undefined;
    return finding(
      `the digest of ${image.repository} is not a SHA-256`,
      'Name the image by sha256 digest.',
      'refuse',
    );
  }
  if (image.tag === undefined || image.tag === 'latest') {
    const how = image.tag === undefined ? 'without tag or digest' : 'by the tag latest';
    return finding(
      `${image.repository} is named ${how}, so nobody knows what will run`,
      'Name it by digest, best beside its tag.',
      'refuse',
    );
  }
  return finding(
    `${image.repository} is named by the tag ${image.tag}, which can be moved to another image`,
    'Name it by digest: repository@sha256:…',
    rules.undigestedImages,
  );
}
