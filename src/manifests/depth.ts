/** Finds nesting that is too deep before the parser, which recurses, has to climb down. */
import { Lexer } from 'yaml';

export interface DepthLimits {
  readonly flowDepth: number;
  /** `- - - -` and `? ? ?` nest on one line */
  readonly indicatorsOfALine: number;
  /** spaces before the first word of a line: block nesting needs at least one per level */
  readonly indentation: number;
}

/** The deepest honest manifest of ours has six levels. */
const OURS: DepthLimits = { flowDepth: 32, indicatorsOfALine: 32, indentation: 120 };

/** Kubernetes objects: the schemas inside the largest CustomResourceDefinitions reach about 60 levels. */
export const DEPTH_OF_KUBERNETES: DepthLimits = { flowDepth: 200, indicatorsOfALine: 32, indentation: 400 };

/**
 * Reads the text as a flat stream of lexemes, so nothing in it can exhaust the stack.
 * @returns offset (UTF-16 code units) of the first place that is nested too deeply, or undefined
 */
export function tooDeepAt(text: string, limits: DepthLimits = OURS): number | undefined {
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
    if (
      flowDepth > limits.flowDepth ||
      indicators > limits.indicatorsOfALine ||
      indentation > limits.indentation
    ) {
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
