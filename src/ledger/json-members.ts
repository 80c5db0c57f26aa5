/** Members of objects in a JSON text, counted in the text and in what was read of it: they differ when one stands there twice. */

/** How many members are written. @param text valid JSON. Linear in its length. */
export function membersWritten(text: string): number {
  let members = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (inString) {
      if (sign === '\\') at += 1;
      else if (sign === '"') inString = false;
    } else if (sign === '"') inString = true;
    else if (sign === ':') members += 1;
  }
  return members;
}

/** How many members a parsed value has, at all depths. */
export function membersRead(value: unknown): number {
  let members = 0;
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null) continue;
    const parts: readonly unknown[] = Object.values(next);
    if (!Array.isArray(next)) members += parts.length;
    for (const part of parts) open.push(part);
  }
  return members;
}
