/** A manifest together with where its parts stand, so that faults found later still have their place. */
import { type ManifestFault, type PathStep, pathText } from './fault.js';
import type { PositionedDocument } from './parse.js';

export interface Located<T> {
  readonly manifest: T;
  readonly document: PositionedDocument;
}

/** Makes the faults of one document. */
export function faultMaker(
  document: PositionedDocument,
): (path: readonly PathStep[], message: string) => ManifestFault {
  return (path, message) => ({
    file: document.file,
    ...document.place(path),
    path: pathText(path),
    message,
  });
}
