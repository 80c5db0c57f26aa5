/** Patterns that name files of a directory. */

/**
 * Tells whether a path is named: `*` stands for anything within one step of a path, `**` for any number of steps, `?` for
 * one character. A pattern that names a directory names all below it.
 * @param patterns relative to the directory, e.g. `ingress.yaml`, `config/*.yaml`, `**\/secrets`
 */
export function matcherOf(patterns: readonly string[]): (relative: string) => boolean {
  const expressions = patterns.map(expressionOf);
  return (relative) => expressions.some((expression) => expression.test(relative));
}

function expressionOf(pattern: string): RegExp {
  const steps = pattern
    .replace(/^\.\//, '')
    .replace(/\/$/, '')
    .split('/')
    .map((step) => (step === '**' ? step : step.replace(/[.+^${}()|[\]\\*?]/g, escaped)));
  const body = steps.reduce((text, step, index) => {
    if (step === '**') return `${text}(?:[^/]+/)*`;
    return `${text}${step}${index === steps.length - 1 ? '' : '/'}`;
  }, '');
  const last = steps.at(-1) === '**' ? '[^/]+' : '';
  return new RegExp(`^${body}${last}(?:/.*)?$`);
}

function escaped(character: string): string {
  if (character === '*') return '[^/]*';
  return character === '?' ? '[^/]' : `\\${character}`;
}
