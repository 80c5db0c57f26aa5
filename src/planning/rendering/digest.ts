/** The digest of what is rendered: the same for the same objects, whatever the order of files, documents and keys. */
import { createHash } from 'node:crypto';
import { inOneOrder } from './data.js';
import { objectKey, type RenderedObject } from './rendered-objects.js';

/**
 * SHA-256 of the objects in one order, 64 lower-case hex digits. Values of Secrets are not in it: a digest of a short
 * value would give it away.
 * @param charts digests of charts that are rendered with it: not what they make, since some make random values
 */
export function digestOfRendered(objects: readonly RenderedObject[], charts: readonly string[] = []): string {
  const lines = objects.map((object) => `${objectKey(object)} ${JSON.stringify(inOneOrder(object.object))}`);
  return createHash('sha256')
    .update([...lines.sort(), ...charts].join('\n'), 'utf8')
    .digest('hex');
}
