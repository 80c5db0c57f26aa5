/** Addresses on this machine, which need no https. */

/** @param url may hold placeholders in braces */
export function isLoopback(url: string): boolean {
  return /^http:\/\/(?:127\.0\.0\.1|localhost|[a-z0-9{}-]+\.localhost)(?::\d+)?(?:\/|$)/.test(url);
}
