/** `gatehouse apply`: asks for what a file says. */
import { isFleet } from '../../manifests/read.js';
import { readAskedFile } from '../asked-file.js';
import { CliError } from '../cli-error.js';
import type { ExitCode } from '../exit-code.js';
import { apiOf, type Session } from '../session.js';
import { afterAsking } from './after-asking.js';

export interface ApplyOptions {
  readonly file: string;
  /** e-mail of the person it is for; a fleet needs one */
  readonly for?: string;
  readonly ticket?: string;
  readonly reason?: string;
  readonly idempotencyKey?: string;
  readonly wait?: boolean;
  readonly timeoutMs?: number;
}

export async function apply(session: Session, options: ApplyOptions): Promise<ExitCode> {
  const { text, asked: manifest } = readAskedFile(options.file);
  if (isFleet(manifest) && options.for === undefined) {
    throw new CliError('A fleet is for somebody.', 'Name the person: --for ada@example.com');
  }
  const api = apiOf(session);
  const asked = await api.ask(
    {
      kind: manifest.manifest.kind,
      manifest: text,
      ...(options.for === undefined ? {} : { requestedFor: options.for }),
      ...(options.ticket === undefined ? {} : { ticket: options.ticket }),
      ...(options.reason === undefined ? {} : { reason: options.reason }),
    },
    options.idempotencyKey,
  );
  return afterAsking(session, api, asked, {
    ...(options.wait === undefined ? {} : { watch: options.wait }),
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
  });
}
