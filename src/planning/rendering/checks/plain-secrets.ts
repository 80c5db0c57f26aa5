/** No secret in Git, encoded or not. */
import type { Finding } from '../finding.js';
import { hasPlainValues, objectTitle, type RenderedObject } from '../rendered-objects.js';

/** Refuses every Secret that holds values of its own; base64 counts as plain text. */
export function checkPlainSecrets(after: readonly RenderedObject[]): readonly Finding[] {
  return after.filter(hasPlainValues).map((object) => ({
    check: 'plain-secret' as const,
    object: objectTitle(object),
    message: 'its values stand in Git, where everybody who reads the repository reads them',
    remedy:
      'Revoke them first. Then keep them in a secret store and commit an ExternalSecret that names the place.',
    level: 'refuse' as const,
  }));
}
