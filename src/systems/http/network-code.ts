/**
 * The code of a network failure (`ECONNREFUSED`, `UND_ERR_SOCKET`, `CERT_HAS_EXPIRED`, …), looked for in an error and its
 * causes; undefined when there is none. Only the code is taken: messages and causes of client libraries carry tokens.
 */
export function networkCode(error: unknown): string | undefined {
  let current = error;
  // Causes are rarely nested deeper; the bound ends a chain that leads back to itself.
  for (let depth = 0; depth < 5 && typeof current === 'object' && current !== null; depth += 1) {
    if ('code' in current && typeof current.code === 'string' && /^[A-Z][A-Z0-9_]+$/.test(current.code)) {
      return current.code;
    }
    if ('errors' in current && Array.isArray(current.errors) && current.errors.length > 0) {
      current = current.errors[0];
    } else {
      current = 'cause' in current ? current.cause : undefined;
    }
  }
  return undefined;
}
