/** What an installation without promotion paths answers where promotions would be: that, and nothing else. */
import type { FastifyPluginAsync } from 'fastify';
import { noPromotions } from '../../intake/refusals.js';

const PLACES = ['/environments', '/environments/:application', '/figures', '/changes'] as const;

export const noPromotionRoutes: FastifyPluginAsync = async (app) => {
  for (const url of PLACES) {
    app.route({
      method: ['GET', 'POST'],
      url,
      schema: { hide: true },
      handler: async () => {
        throw noPromotions();
      },
    });
  }
};
