/** Which methods an address knows, to tell a wrong method from a wrong address. */

export class KnownMethods {
  private readonly byPattern = new Map<string, { readonly matches: RegExp; readonly methods: Set<string> }>();

  /** @param pattern as routes have it, e.g. `/v1/requests/:requestId` */
  add(pattern: string, methods: readonly string[]): void {
    const known = this.byPattern.get(pattern) ?? {
      matches: expressionOf(pattern),
      methods: new Set<string>(),
    };
    for (const method of methods) known.methods.add(method);
    this.byPattern.set(pattern, known);
  }

  /** Methods for the path of an address, in alphabetical order; empty: there is no such address. */
  of(path: string): readonly string[] {
    const found = [...this.byPattern.values()].filter(({ matches }) => matches.test(path));
    return [...new Set(found.flatMap(({ methods }) => [...methods]))].sort();
  }
}

/** A parameter is one part of a path; what matches everything, like the files of the description's page, says nothing here. */
function expressionOf(pattern: string): RegExp {
  if (pattern.includes('*')) return /^\b$/;
  const parts = pattern
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')));
  return new RegExp(`^${parts.join('/')}$`);
}
