/** Limits per caller, or per address while nobody is signed in. */
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { LIMITS } from '../limits.js';

export const rateLimits = fastifyPlugin(
  async (app: FastifyInstance) => {
    await app.register(rateLimit, {
      global: true,
      max: LIMITS.callsPerMinute,
      timeWindow: 60_000,
      keyGenerator: callerKey,
      // health must answer those who restart us
      allowList: (request) => request.url === '/healthz' || request.url === '/readyz',
    });
  },
  { name: 'rate-limits', dependencies: ['authentication'] },
);

function callerKey(request: FastifyRequest): string {
  return request.identity === null
    ? `address ${request.ip}`
    : `${request.identity.kind} ${request.identity.personId}`;
}
