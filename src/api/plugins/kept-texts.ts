/** What a client sends is refused, with its place, when no store could keep it as it was sent. */
import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { unkeepableAt } from '../../domain/kept-text.js';
import { Problem } from '../problems.js';

export const keptTexts = fastifyPlugin(
  async (app: FastifyInstance) => {
    app.addHook('preValidation', async ({ params, query, body }) => {
      refuseUnkeepable({ params, querystring: query, body });
    });
  },
  { name: 'kept-texts' },
);

/**
 * @param sent parts of a call by name
 * @throws Problem `malformed` with the place of the first text that cannot be kept
 */
export function refuseUnkeepable(sent: Readonly<Record<string, unknown>>): void {
  const place = unkeepableAt(sent);
  if (place === undefined) return;
  throw new Problem('malformed', 'A text cannot be kept as it was sent.', {
    faults: [
      {
        place: place.join('.'),
        message: 'must hold no NUL and no half of a character: send it as the person wrote it',
      },
    ],
  });
}
