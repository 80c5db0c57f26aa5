/** What a request's status means for people (its word and colour) and for programs (the exit code). */
import { EXIT, type ExitCode } from '../exit-code.js';
import type { Style } from '../output/style.js';

interface Meaning {
  readonly word: string;
  readonly tone: 'good' | 'bad' | 'warn' | 'busy' | 'dim';
  readonly exit: ExitCode;
}

const MEANINGS: Readonly<Record<string, Meaning>> = {
  planning: { word: 'PLANNING', tone: 'busy', exit: EXIT.waiting },
  waiting: { word: 'WAITING', tone: 'warn', exit: EXIT.waiting },
  running: { word: 'RUNNING', tone: 'busy', exit: EXIT.waiting },
  paused: { word: 'PAUSED', tone: 'warn', exit: EXIT.waiting },
  'rolling-back': { word: 'ROLLING BACK', tone: 'warn', exit: EXIT.waiting },
  // nothing moves any more until somebody decides: for whoever looks, it has failed
  attention: { word: 'FAILED', tone: 'bad', exit: EXIT.error },
  done: { word: 'DONE', tone: 'good', exit: EXIT.done },
  shadowed: { word: 'SHADOWED', tone: 'good', exit: EXIT.done },
  'rolled-back': { word: 'ROLLED BACK', tone: 'bad', exit: EXIT.error },
  cancelled: { word: 'CANCELLED', tone: 'dim', exit: EXIT.error },
};

/** Failed, rejected, refused, expired, revoked, and words that a newer API may know. */
function meaningOf(status: string): Meaning {
  return MEANINGS[status] ?? { word: status.toUpperCase(), tone: 'bad', exit: EXIT.error };
}

/** `RUNNING` in its colour. */
export function statusWord(status: string, style: Style): string {
  const { word, tone } = meaningOf(status);
  return style[tone](word);
}

/** Exit code of a command that looks at a request: 0 done, 1 failed in any way, 3 still open. */
export function exitCodeOf(status: string): ExitCode {
  return meaningOf(status).exit;
}
