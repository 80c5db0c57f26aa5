/** `gatehouse evidence`: a request's record as a file that is verified without Gatehouse. */
import { writeFileSync } from 'node:fs';
import { parseBundle } from '../../ledger/bundle.js';
import { CliError } from '../cli-error.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { apiOf, type Session } from '../session.js';

export interface EvidenceOptions {
  /** path, or `-` for standard output */
  readonly output: string;
  readonly force?: boolean;
}

export async function evidence(
  session: Session,
  requestId: string,
  options: EvidenceOptions,
): Promise<ExitCode> {
  const text = await apiOf(session).bundle(requestId);
  const bundle = parseBundle(text);
  if (typeof bundle === 'string') {
    throw new CliError(
      `The evidence cannot be used: ${bundle}.`,
      'Use a command of the same version as the API.',
    );
  }
  if (options.output === '-') {
    session.output.streams.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
    return EXIT.done;
  }
  // evidence that somebody kept must not be lost to a second export
  writeFileSync(options.output, text, { flag: options.force === true ? 'w' : 'wx' });
  const { entries, checkpoint } = bundle;
  session.output.result(
    { requestId, file: options.output, entries: entries.length, checkpoint: checkpoint?.seq ?? null },
    () => [
      `${options.output}: ${entries.length} entries of ${requestId}${checkpoint === null ? '' : `, under the checkpoint at entry ${checkpoint.seq}`}`,
      ...(checkpoint === null
        ? ['No checkpoint covers it yet: export it again in some minutes, or it will not verify.']
        : []),
      `Verify it anywhere: gatehouse verify ${options.output} --keys keyring.json`,
    ],
  );
  return EXIT.done;
}
