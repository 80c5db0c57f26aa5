/** The examples of docs/files.md, so that what is documented is what is tested. */
import { readFileSync } from 'node:fs';

const page = readFileSync(new URL('../../docs/files.md', import.meta.url), 'utf8');

type Kind = 'Fleet' | 'Promotion' | 'Policy' | 'Path' | 'Inventory';

/** YAML blocks of the page that hold a document of a kind, in their order. */
function examplesOf(kind: Kind): readonly string[] {
  return [...page.matchAll(/```yaml\n([\s\S]*?)```/g)]
    .map((match) => match[1] ?? '')
    .filter((text) => text.includes(`kind: ${kind}\n`));
}

/** A YAML block of the page, by the kind of the document, the first one unless its name is given. */
export function exampleOf(kind: Kind, name?: string): string {
  const block = examplesOf(kind).find(
    (text) => name === undefined || text.includes(`metadata: {name: ${name}}`),
  );
  if (block === undefined) throw new Error(`docs/files.md has no example of kind ${kind} ${name ?? ''}`);
  return block;
}

/** Replaces a part of an example; a part that is not there is a mistake in the test. */
export function edited(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`the example does not hold ${JSON.stringify(from)}`);
  return text.replace(from, to);
}
