import { isDeepStrictEqual } from 'node:util';
import { quote } from '../http/trouble.js';
import { valueAt } from './json-pointer.js';
import type { CheckResult, HttpCheck } from './types.js';

/** Longest value of an answer that is shown, in characters. */
const LONGEST_VALUE = 60;

/** What a service answered, as far as a check looks at it. */
export interface CheckedAnswer {
  readonly status: number;
  readonly text: string;
  /** false when the body was longer than what is read */
  readonly whole: boolean;
}

/**
 * Judges an answer; the first thing that is wrong is told. Of the answer only the status and single values at named places
 * are shown, since a service may say anything in its body, and in its headers.
 */
export function judged(check: HttpCheck, answer: CheckedAnswer): CheckResult {
  const wanted = check.expectStatus ?? 200;
  const { status } = answer;
  if (status !== wanted) {
    const redirect = status >= 300 && status < 400 ? ', a redirect, which is not followed' : '';
    const detail = `answered ${status}${redirect}; expected ${wanted}`;
    // 429 says something about how often it was asked, nothing about how well it works
    return { state: status === 429 ? 'inconclusive' : 'failed', detail };
  }
  const { expectBodyContains: text, expectJson = {} } = check;
  if (text !== undefined && !answer.text.includes(text)) return missing(answer, 'the expected text');
  const values = Object.entries(expectJson);
  if (values.length > 0) {
    if (!answer.whole) return missing(answer, 'the whole document');
    const document = json(answer.text);
    if (document === undefined) return { state: 'failed', detail: `answered ${status}, but not in JSON` };
    for (const [pointer, expected] of values) {
      const found = valueAt(document, pointer);
      if (isDeepStrictEqual(found, expected)) continue;
      const detail = `"${pointer}" is ${shown(found)}; expected ${shown(expected)}`;
      return { state: 'failed', detail };
    }
  }
  return {
    state: 'passed',
    detail: `answered ${status}${text === undefined ? '' : ' with the expected text'}`,
  };
}

function missing(answer: CheckedAnswer, what: string): CheckResult {
  if (answer.whole) return { state: 'failed', detail: `the body does not hold ${what}` };
  return {
    state: 'inconclusive',
    detail: `the body is too long to be read to its end, and ${what} is not in its beginning`,
  };
}

/** A value of an answer as it may be shown: short, and nothing that looks like a credential. */
function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  const text = quote(JSON.stringify(value), []);
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE - 1)}…`;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
