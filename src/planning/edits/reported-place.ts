/** A place of a value as it is reported. */
import type { EditPlace } from './edit-result.js';
import { type ScalarPlace, sourceOf } from './yaml-places.js';

/** @param value what stands there afterwards */
export function placeOf(path: string, place: ScalarPlace, value: string): EditPlace {
  return { path, line: place.line, at: place.at, before: sourceOf(place.node), after: value };
}
