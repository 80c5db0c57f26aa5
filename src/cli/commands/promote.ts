/** `gatehouse promote`: asks to bring a release of an application to an environment. */
import type { ExitCode } from '../exit-code.js';
import { askedRelease, type ReleaseOptions } from '../promote/asked-release.js';
import { apiOf, type Session } from '../session.js';
import { afterAsking } from './after-asking.js';

export interface PromoteOptions extends ReleaseOptions {
  readonly to: string;
  readonly from?: string;
  readonly exception?: string;
  readonly shadow?: boolean;
  readonly reason?: string;
  readonly ticket?: string;
  readonly idempotencyKey?: string;
  readonly watch?: boolean;
  readonly timeoutMs?: number;
}

export async function promote(
  session: Session,
  application: string,
  options: PromoteOptions,
): Promise<ExitCode> {
  const { to, from, exception, shadow, reason, ticket, idempotencyKey } = options;
  const release = askedRelease(options);
  const api = apiOf(session);
  const asked = await api.ask(
    {
      kind: 'Promotion',
      application,
      to,
      ...(from === undefined ? {} : { from }),
      ...(release === undefined ? {} : { release }),
      ...(exception === undefined ? {} : { exception }),
      ...(shadow === undefined ? {} : { shadow }),
      ...(reason === undefined ? {} : { reason }),
      ...(ticket === undefined ? {} : { ticket }),
    },
    idempotencyKey,
  );
  return afterAsking(session, api, asked, options);
}
