import { SystemError } from '../../domain/failure.js';
import { type CallSubject, troubleOf } from './trouble.js';

/**
 * Encodes one part of a path, so that a name with `/`, `#`, `?` or `%` stays one part.
 * @throws SystemError kind `invalid` for an empty part, `.` and `..`, which no encoding keeps from being resolved away,
 * and for text that is not Unicode
 */
export function encodePathPart(part: string, subject: CallSubject): string {
  if (/^\.{0,2}$/.test(part) || /\p{Cs}/u.test(part)) {
    throw new SystemError(
      troubleOf(
        subject,
        'invalid',
        'a name in the path of the call is empty, ".", ".." or not Unicode, so no call is sent',
        {
          remedy: 'Correct the name.',
        },
      ),
    );
  }
  return encodeURIComponent(part);
}
