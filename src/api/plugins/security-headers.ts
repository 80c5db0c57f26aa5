/** Headers that tell browsers to trust nothing but ourselves. */
import type { FastifyInstance } from 'fastify';
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

export const securityHeaders = fastifyPlugin(
  async (app: FastifyInstance, { publicUrl }: { readonly publicUrl: string }) => {
    const tls = publicUrl.startsWith('https://');
    app.addHook('onSend', async (_request, reply) => {
      const set = (name: string, value: string): void => {
        if (!reply.hasHeader(name)) reply.header(name, value);
      };
      set('content-security-policy', PAGE_POLICY);
      set('x-content-type-options', 'nosniff');
      set('x-frame-options', 'DENY');
      set('referrer-policy', 'no-referrer');
      set('cross-origin-opener-policy', 'same-origin');
      set('cross-origin-resource-policy', 'same-origin');
      // answers hold what only this caller may see
      set('cache-control', 'no-store');
      if (tls) set('strict-transport-security', HSTS);
    });
  },
  { name: 'security-headers' },
);
