/** A promotion in the words of a call, instead of a manifest: the same as the file of kind Promotion. */
import { API_VERSION } from '../../domain/manifest.js';
import type { ManifestFault } from '../../manifests/fault.js';
import type { Fault } from '../problems.js';

export interface PromotionShorthand {
  readonly application: string;
  readonly to: string;
  readonly from?: string;
  readonly release?: object;
  readonly exception?: string;
  readonly shadow?: boolean;
}

/** JSON is YAML, so the one reader of manifests reads it. */
export function manifestTextOf({ application, ...spec }: PromotionShorthand): string {
  return JSON.stringify({
    apiVersion: API_VERSION,
    kind: 'Promotion',
    metadata: { name: application },
    spec,
  });
}

/** Faults by the names of the call: lines of a text that nobody wrote help nobody. */
export function inBody({ path, message }: ManifestFault): Fault {
  const place = path === 'metadata.name' ? 'application' : path.replace(/^spec\.?/, '');
  return { place: place === '' ? 'body' : `body.${place}`, message };
}
