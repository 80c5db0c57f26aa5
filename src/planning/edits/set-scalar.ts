/** Sets one value of one file, e.g. the version of a chart in a HelmRelease. */
import type { FileSet } from '../../domain/file-set.js';
import { type EditPlace, EditRefused, type EditResult } from './edit-result.js';
import { existingFile } from './existing-file.js';
import { readYamlFile, type ScalarPlace, scalarsOf, setPlaces, sourceOf } from './yaml-places.js';

/**
 * Sets a value that is already there; nothing is added. The file may hold several documents, but only one of them the path.
 * @param at dotted path, e.g. `spec.chart.spec.version` or `spec.sources[0].targetRevision`; a dot inside a key is `\.`
 * @throws EditRefused
 */
export function setScalarAt(files: FileSet, path: string, at: string, value: string): EditResult {
  const text = existingFile(files, path);
  const file = readYamlFile(path, text);
  const places = scalarsOf(file).filter((place) => place.at === at);
  const [place, other] = places;
  if (place === undefined) {
    throw new EditRefused({
      refusal: 'missing-field',
      path,
      message: `there is no value at ${at}`,
      remedy: 'Correct the path of the value, or write it into the file once.',
    });
  }
  if (other !== undefined) {
    throw new EditRefused({
      refusal: 'two-places',
      path,
      lines: places.map(({ line }) => line),
      message: `${at} stands in several documents of the file`,
      remedy: 'Keep one object in a file.',
    });
  }
  const after = setPlaces(file, [{ place, value }]);
  return {
    files: after === text ? [] : [{ path, before: text, after }],
    places: [placeOf(path, place, value)],
  };
}

/** A place as it is reported. */
export function placeOf(path: string, place: ScalarPlace, value: string): EditPlace {
  return { path, line: place.line, at: place.at, before: sourceOf(place.node), after: value };
}
