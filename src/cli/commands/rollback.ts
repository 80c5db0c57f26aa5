/** `gatehouse rollback`: takes an open promotion back, or asks for what an environment ran before. */
import type { Environment } from '../api/answers.js';
import type { ApiClient } from '../api/api-client.js';
import { CliError } from '../cli-error.js';
import type { ExitCode } from '../exit-code.js';
import { apiOf, type Session } from '../session.js';
import { afterAsking } from './after-asking.js';
import { steer } from './steer.js';

export interface RollbackOptions {
  readonly reason?: string;
  readonly ticket?: string;
  readonly idempotencyKey?: string;
  readonly watch?: boolean;
  readonly timeoutMs?: number;
}

/** @param what id of a request, or `<application>/<environment>` */
export async function rollback(session: Session, what: string, options: RollbackOptions): Promise<ExitCode> {
  const api = apiOf(session);
  if (!what.includes('/')) return rollbackRequest(session, api, what, options);
  const [application = '', name = '', ...more] = what.split('/');
  const { environments } = await api.environments(application);
  const environment = environments.find((other) => other.name === name);
  if (environment === undefined || more.length > 0) {
    throw new CliError(
      `"${what}" is no environment of ${application}.`,
      `It has ${environments.map((other) => `${application}/${other.name}`).join(', ')}.`,
    );
  }
  if (environment.open !== undefined) return takeBack(session, environment.open.requestId, options);
  return bringBefore(session, api, application, environment, options);
}

async function rollbackRequest(
  session: Session,
  api: ApiClient,
  requestId: string,
  options: RollbackOptions,
): Promise<ExitCode> {
  const { endedAt, promotion } = await api.status(requestId);
  if (promotion === undefined)
    throw new CliError(`${requestId} is no promotion.`, 'Fleets are not taken back.');
  if (endedAt === undefined) return takeBack(session, requestId, options);
  const { application, environment: name } = promotion;
  const { environments } = await api.environments(application);
  const environment = environments.find((other) => other.name === name);
  if (environment?.proven[0]?.requestId !== requestId) {
    throw new CliError(
      `${application}/${name} does not run what ${requestId} brought.`,
      `See what runs where: gatehouse environments ${application}`,
    );
  }
  return bringBefore(session, api, application, environment, options);
}

/** The open promotion stops whatever it waits for. */
function takeBack(
  session: Session,
  requestId: string,
  { idempotencyKey }: RollbackOptions,
): Promise<ExitCode> {
  return steer(session, 'rollback', requestId, {
    targets: [],
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  });
}

/** Nothing is open: what was proven before is asked for anew, as an exception with its own policy. */
async function bringBefore(
  session: Session,
  api: ApiClient,
  application: string,
  { name, proven }: Environment,
  options: RollbackOptions,
): Promise<ExitCode> {
  const before = proven[1];
  if (before === undefined) {
    throw new CliError(
      `Nothing else was proven in ${application}/${name} before, as far as the ledger knows.`,
      `Name the release yourself: gatehouse promote ${application} --to ${name} --exception rollback --commit … --reason …`,
    );
  }
  if (options.reason === undefined) {
    throw new CliError(
      `${application}/${name} would run ${before.release.line} again (${before.requestId}).`,
      'Say why, for those who decide: --reason …',
    );
  }
  const { commit, images, charts } = before.release;
  const asked = await api.ask(
    {
      kind: 'Promotion',
      application,
      to: name,
      exception: 'rollback',
      release: {
        commit,
        // by tag where it was found by tag: overlays name tags
        images: Object.fromEntries(images.map(({ repository, digest, tag }) => [repository, tag ?? digest])),
        charts: Object.fromEntries(charts.map((chart) => [chart.name, chart.version])),
      },
      reason: options.reason,
      ...(options.ticket === undefined ? {} : { ticket: options.ticket }),
    },
    options.idempotencyKey,
  );
  return afterAsking(session, api, asked, options);
}
