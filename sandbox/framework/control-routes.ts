import type { FastifyInstance } from 'fastify';
import Type, { type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { EventLog } from './event-log.js';
import { Fault, type Faults } from './faults.js';
import { type Latency, LatencyProfile } from './latency.js';
import { Refusal } from './refusal.js';
import type { Violation } from './spec-check.js';

const Release = Type.Object(
  { id: Type.String(), requestIndex: Type.Optional(Type.Integer()) },
  { additionalProperties: false },
);
const Switches = Type.Record(Type.String(), Type.Unknown());

/** What the control routes need of a stand-in. */
export interface Controlled {
  readonly app: FastifyInstance;
  readonly events: EventLog;
  readonly faults: Faults;
  readonly latency: Latency;
  readonly violations: readonly Violation[];
  readonly state: unknown;
  readonly settings: unknown;
  configure(switches: Readonly<Record<string, unknown>>): Promise<void>;
}

/** Adds the routes by which tests look into and disturb a stand-in. No login: stand-ins listen on loopback for tests. */
export function addControlRoutes(standIn: Controlled, base: string): void {
  const { app, faults } = standIn;
  app.get(`${base}/events`, async (request) => standIn.events.after(queryNumber(request.query, 'after')));
  app.get(`${base}/objects`, async (_request, reply) =>
    reply.type('application/json').send(JSON.stringify(standIn.state)),
  );
  app.get(`${base}/violations`, async () => standIn.violations);

  app.get(`${base}/faults`, async () => faults.list());
  app.post(`${base}/faults`, async (request, reply) => {
    const fault = checked(Fault, request.body);
    try {
      faults.add(fault);
    } catch (error) {
      throw new Refusal(400, `match: ${error instanceof Error ? error.message : 'no expression'}`);
    }
    return reply.code(201).send(fault);
  });
  app.delete(`${base}/faults`, async (_request, reply) => {
    faults.remove();
    return reply.code(204).send();
  });
  app.delete<{ Params: { id: string } }>(`${base}/faults/:id`, async (request, reply) => {
    faults.remove(request.params.id);
    return reply.code(204).send();
  });
  app.get(`${base}/held`, async () => faults.held());
  app.post(`${base}/release`, async (request) => {
    const { id, requestIndex } = checked(Release, request.body);
    return { released: faults.release(id, requestIndex) };
  });

  app.post(`${base}/latency`, async (request, reply) => {
    standIn.latency.set(checked(LatencyProfile, request.body ?? {}));
    return reply.code(204).send();
  });
  app.get(`${base}/settings`, async (_request, reply) =>
    reply.type('application/json').send(JSON.stringify(standIn.settings)),
  );
  app.post(`${base}/settings`, async (request, reply) => {
    await standIn.configure(checked(Switches, request.body ?? {}));
    return reply.type('application/json').send(JSON.stringify(standIn.settings));
  });
}

function checked<T extends TSchema>(schema: T, value: unknown): Static<T> {
  if (Value.Check(schema, value)) return value;
  const problems = Value.Errors(schema, value).map((error) =>
    `${error.instancePath} ${error.message}`.trim(),
  );
  throw new Refusal(400, problems.join('; '));
}

function queryNumber(query: unknown, name: string): number {
  if (typeof query !== 'object' || query === null) return 0;
  const entry = Object.entries(query).find(([key]) => key === name);
  return Number(entry?.[1] ?? 0);
}
