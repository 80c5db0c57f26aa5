import { SystemError } from '../../domain/failure.js';
import { type CallSubject, troubleOf } from '../http/trouble.js';

/**
 * The text of a file; a byte order mark and line ends are kept.
 * @throws SystemError kind `invalid` when the bytes are no UTF-8
 */
export function textOf(bytes: Uint8Array, subject: CallSubject): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new SystemError(
      troubleOf(subject, 'invalid', 'the file is not UTF-8 text', {
        remedy: 'Save the file as UTF-8, or name another file.',
      }),
    );
  }
}
