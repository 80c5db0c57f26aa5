/** Finds nesting that is too deep before the parser, which recurses, has to climb down. */
import { Lexer } from 'yaml';

/** The deepest honest manifest has six levels. */
const MAX_FLOW_DEPTH = 32;
/** `- - - -` and `? ? ?` nest on one line. */
const MAX_INDICATORS_A_LINE = 32;
/** Spaces before the first word of a line: block nesting needs at least one per level. */
const MAX_INDENTATION = 120;

/**
 * Reads the text as a flat stream of lexemes, so nothing in it can exhaust the stack.
 * @returns offset (UTF-16 code units) of the first place that is nested too deeply, or undefined
 */
export function tooDeepAt(text: string): number | undefined {
  let offset = 0;
  let flowDepth = 0;
  let indicators = 0;
  let lineStart = true;
  for (const lexeme of new Lexer().lex(text)) {
    if (lexeme === '[' || lexeme === '{') flowDepth += 1;
    else if (lexeme === ']' || lexeme === '}') flowDepth = Math.max(0, flowDepth - 1);
    else if (lexeme === '-' || lexeme === '?') indicators += 1;
    const isBreak = lexeme === '\n' || lexeme === '\r\n';
    if (isBreak) indicators = 0;
    const indentation = lineStart && /^ +$/.test(lexeme) ? lexeme.length : 0;
    if (flowDepth > MAX_FLOW_DEPTH || indicators > MAX_INDICATORS_A_LINE || indentation > MAX_INDENTATION) {
      return offset;
    }
    lineStart = isBreak;
    // the lexer's own marks (document, flow error, scalar, byte order) take no room in the text
    if (!MARKS.has(lexeme)) offset += lexeme.length;
  }
  return undefined;
}

/** Source: yaml's CST tokens DOCUMENT, FLOW_END and SCALAR. */
const MARKS: ReadonlySet<string> = new Set(['\u0002', '\u0018', '\u001f']);
