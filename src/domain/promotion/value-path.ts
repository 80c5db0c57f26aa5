/** The way to one value of a file: keys joined by dots, entries of lists by number, by a field, or by the image they name. Pure. */

export type ValueStep =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'index'; readonly index: number }
  /** the entry whose field has this text, e.g. `[name=image.tag]` */
  | { readonly kind: 'field'; readonly field: string; readonly text: string }
  /** the text that names this image, e.g. `[=registry.example.com/shop/web]` */
  | { readonly kind: 'image'; readonly repository: string };

const KEY = /(?:[^.[\]\\\p{Cc}]|\\[.[\]\\])+/uy;
const SELECTOR = /\[(?:(?<index>0|[1-9]\d{0,3})|(?<field>[A-Za-z0-9_-]*)=(?<text>[^\][\p{Cc}]+))\]/uy;

/**
 * Reads `spec.sources[chart=shop].targetRevision` and the like; a dot or bracket inside a key is written with a `\` before it.
 * @returns undefined for what is no such way
 */
export function parseValuePath(text: string): readonly ValueStep[] | undefined {
  const steps: ValueStep[] = [];
  let at = 0;
  while (at < text.length) {
    if (text[at] === '[') {
      const found = matchAt(SELECTOR, text, at)?.groups;
      if (found === undefined) return undefined;
      steps.push(selectorOf(found));
      at = text.indexOf(']', at) + 1;
      continue;
    }
    if (steps.length > 0) {
      if (text[at] !== '.') return undefined;
      at += 1;
    }
    const key = matchAt(KEY, text, at)?.[0];
    if (key === undefined) return undefined;
    steps.push({ kind: 'key', key: key.replace(/\\(.)/g, '$1') });
    at += key.length;
  }
  return steps.length === 0 ? undefined : steps;
}

function selectorOf(found: Readonly<Record<string, string | undefined>>): ValueStep {
  const { index, field = '', text = '' } = found;
  if (index !== undefined) return { kind: 'index', index: Number(index) };
  return field === '' ? { kind: 'image', repository: text } : { kind: 'field', field, text };
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
