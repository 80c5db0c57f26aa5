/** Headers that tell browsers to trust nothing but ourselves. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import fastifyPlugin from 'fastify-plugin';

/** The page: own scripts and styles only, no frames, forms to ourselves. */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A year, as browsers' preload lists ask for. */
const HSTS = 'max-age=31536000; includeSubDomains';

/** @param tls the page is served with TLS */
export function securityHeadersOf(tls: boolean): Readonly<Record<string, string>> {
  return {
    'content-security-policy': PAGE_POLICY,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    // answers hold what only this caller may see
    'cache-control': 'no-store',
    ...(tls ? { 'strict-transport-security': HSTS } : {}),
  };
}

/** @param tls the page is served with TLS */
export function setSecurityHeaders(reply: FastifyReply, tls: boolean): void {
  for (const [name, value] of Object.entries(securityHeadersOf(tls))) {
    if (!reply.hasHeader(name)) reply.header(name, value);
  }
}

export const securityHeaders = fastifyPlugin(
  async (app: FastifyInstance, { tls }: { readonly tls: boolean }) => {
    app.addHook('onSend', async (_request, reply) => setSecurityHeaders(reply, tls));
  },
  { name: 'security-headers' },
);
