/** What is put into manifests after Git: Flux's `${name}` and the vault plugin's `<path:…>`. Shown as such, never guessed. */
import type { Finding } from '../finding.js';
import { objectTitle, type RenderedObject } from '../rendered-objects.js';

const PLACEHOLDER = /\$\{[A-Za-z_]\w*(?::?[=+?-][^}]*)?\}|<path:[^>]+>/;

/** Depth and number of values that are looked at: no honest object has more. */
const MOST_VALUES = 20_000;

export function hasPlaceholder(value: unknown): boolean {
  return typeof value === 'string' && PLACEHOLDER.test(value);
}

/** What a text is when nothing else is put in: `shop` of `${tenant:=shop}`; undefined for one that is no such text alone. */
export function defaultOf(text: string): string | undefined {
  return /^\$\{[A-Za-z_]\w*:?[=-]([^}]*)\}$/.exec(text)?.[1];
}

/** The value at a dotted path such as `spec.interval`; undefined where there is none. */
export function valueAt(object: unknown, path: string): unknown {
  let value = object;
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}

/** One finding for each object that has such a place. */
export function checkPlaceholders(after: readonly RenderedObject[]): readonly Finding[] {
  return after.flatMap((object) => {
    const found = firstIn(object.object);
    return found === undefined
      ? []
      : [
          {
            check: 'placeholder' as const,
            object: objectTitle(object),
            message: `${found} is put in when it is delivered, so what the cluster gets is not all to be seen here`,
            remedy:
              'Look up what it stands for (postBuild of the Kustomization, or the vault plugin of Argo CD).',
            level: 'warn' as const,
          },
        ];
  });
}

function firstIn(root: unknown): string | undefined {
  const left: unknown[] = [root];
  for (let count = 0; left.length > 0 && count < MOST_VALUES; count += 1) {
    const value = left.pop();
    if (typeof value === 'string') {
      const found = PLACEHOLDER.exec(value)?.[0];
      if (found !== undefined) return found.slice(0, 100);
    } else if (typeof value === 'object' && value !== null) {
      left.push(...Object.values(value));
    }
  }
  return undefined;
}
