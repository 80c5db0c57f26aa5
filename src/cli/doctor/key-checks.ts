/** Keys: the ring reads, the codec's keys read, each signing key is in the ring and its signatures verify. */
import { statSync } from 'node:fs';
import { compactVerify } from 'jose';
import type { Installation } from '../../config/installation.js';
import { readKeyFile } from '../../config/installation.js';
import { CodecKeys } from '../../security/codec-keys.js';
import { KeyRing } from '../../security/keyring.js';
import { parseSigner } from '../../security/signer.js';
import { CliError } from '../cli-error.js';
import { type Finding, find } from './finding.js';

const REMEDY =
  'Copy the file anew from where the keys are kept, or make a new set: gatehouse keys generate DIR.';
const USES = ['decision', 'request', 'checkpoint'] as const;

/** Signing keys are looked at where the installation names them: the machines of workers have none. */
export async function keyChecks({ keys }: Installation): Promise<readonly Finding[]> {
  const findings = [
    await find(
      'keys',
      'ring',
      async () => `${(await KeyRing.read(keys.ring)).kids().length} public keys`,
      REMEDY,
    ),
    await find('keys', 'codec', async () => codecState(keys.codec), REMEDY),
  ];
  for (const use of USES) {
    const path = keys[use];
    if (path === undefined) continue;
    findings.push(await find('keys', use, () => signingState(path, use, keys.ring), REMEDY));
  }
  return findings;
}

async function codecState(path: string): Promise<string> {
  refuseReadableByOthers(path);
  return `payloads are encrypted with ${CodecKeys.parse(readKeyFile(path)).current.id}`;
}

async function signingState(path: string, use: string, ringPath: string): Promise<string> {
  refuseReadableByOthers(path);
  const signer = await parseSigner(readKeyFile(path));
  if (signer.use !== use)
    throw new CliError(`${path} holds a key for ${signer.use}, not for ${use}.`, REMEDY);
  const known = (await KeyRing.read(ringPath)).find(signer.kid);
  if (known === undefined || known.use !== use) {
    throw new CliError(
      `The ring does not hold ${signer.kid} for ${use}: nobody would accept its signatures.`,
      'Add its public half to the ring on every machine, then start the processes again.',
    );
  }
  if (known.revokedAt !== undefined) {
    throw new CliError(`${signer.kid} was revoked at ${known.revokedAt}.`, 'Put a new key in use.');
  }
  const envelope = await signer.sign('gatehouse-doctor', 'does this verify?');
  await compactVerify(envelope, known.key, { algorithms: [known.alg] }).catch(() => {
    throw new CliError(`What ${signer.kid} signs does not verify with the ring's key of that id.`, REMEDY);
  });
  return `${signer.kid} signs, and the ring verifies it`;
}

/** Secrets that others on the machine may read are no secrets. */
function refuseReadableByOthers(path: string): void {
  if ((statSync(path).mode & 0o007) !== 0) {
    throw new CliError(`Everybody on this machine may read ${path}.`, `chmod o-rwx ${path}`);
  }
}
