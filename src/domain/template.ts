/** Templates of names and paths: `{cluster}`, `{stage}`, `{service}` and, for stores, `{name}`. */

/**
 * Fills in a template.
 * @throws TemplateError for an unknown placeholder or a brace without its partner
 */
export function fillTemplate(template: string, values: Readonly<Record<string, string>>): string {
  const filled = template.replace(/\{([^{}]*)\}/g, (_, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) throw new TemplateError(template, name, Object.keys(values));
    return value;
  });
  if (/[{}]/.test(filled)) throw new TemplateError(template, undefined, Object.keys(values));
  return filled;
}

/** A template holds a placeholder that nobody knows; the message names those that are known. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';

  constructor(template: string, placeholder: string | undefined, known: readonly string[]) {
    const list = known.map((name) => `{${name}}`).join(', ');
    super(
      placeholder === undefined
        ? `"${template}" has a brace without its partner; placeholders are ${list}`
        : `"{${placeholder}}" is not a placeholder; known: ${list}`,
    );
  }
}
