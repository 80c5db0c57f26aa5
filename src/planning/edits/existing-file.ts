import type { FileSet } from '../../domain/file-set.js';
import { EditRefused } from './edit-result.js';

/** The text of a file that must be there. @throws EditRefused `missing-file` */
export function existingFile(files: FileSet, path: string): string {
  const text = files.get(path);
  if (text !== undefined) return text;
  throw new EditRefused({
    refusal: 'missing-file',
    path,
    message: 'the file is not there',
    remedy: 'Correct the path in the promotion path, or add the file.',
  });
}
