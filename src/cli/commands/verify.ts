/** `gatehouse verify`: checks evidence offline, with keys and checkpoints that the verifier holds himself. */
import { readFileSync } from 'node:fs';
import { verifyBundle } from '../../ledger/bundle-verification.js';
import { canonicalJson, digest } from '../../security/canonical.js';
import { KeyRing } from '../../security/keyring.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import type { Session } from '../session.js';
import { checkLines } from '../verify/render-checks.js';
import { ringVerifier } from '../verify/ring-verifier.js';
import { readWitnesses } from '../verify/witnesses.js';

export interface VerifyOptions {
  /** path of a key ring */
  readonly keys: string;
  /** paths of checkpoints */
  readonly checkpoint: readonly string[];
}

export async function verify(session: Session, file: string, options: VerifyOptions): Promise<ExitCode> {
  const { output } = session;
  const ring = await KeyRing.read(options.keys);
  const witnesses = readWitnesses(options.checkpoint);
  const checks = await verifyBundle(readFileSync(file, 'utf8'), {
    signatures: ringVerifier(ring),
    digestOf: (value) => digest(canonicalJson(value)),
    ...(witnesses.length === 0 ? {} : { witnesses }),
  });
  const verified = checks.every(({ ok }) => ok);
  output.result({ verified, checks }, () => checkLines(checks, output.style, output.width));
  return verified ? EXIT.done : EXIT.error;
}
