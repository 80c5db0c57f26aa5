/** The examples of docs/files.md, so that what is documented is what is tested. */
import { readFileSync } from 'node:fs';

const page = readFileSync(new URL('../../docs/files.md', import.meta.url), 'utf8');

/** YAML blocks of the page, by the kind of the document. */
export function exampleOf(kind: 'Fleet' | 'Policy' | 'Inventory'): string {
  const block = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)]
    .map((match) => match[1] ?? '')
    .find((text) => text.includes(`kind: ${kind}\n`));
  if (block === undefined) throw new Error(`docs/files.md has no example of kind ${kind}`);
  return block;
}

/** Replaces a part of an example; a part that is not there is a mistake in the test. */
export function edited(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`the example does not hold ${JSON.stringify(from)}`);
  return text.replace(from, to);
}
