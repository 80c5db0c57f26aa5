/** Ids that nobody can guess. */
import { randomBytes, randomUUID } from 'node:crypto';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** `req-` and 130 random bits in base32. */
export function newRequestId(): string {
  return `req-${base32(randomBytes(26))}`;
}

/** `hold-` and 130 bits in base32. @param seed bytes of a digest, for a hold that must be the same when it is asked again */
export function newHoldId(seed: Uint8Array = randomBytes(26)): string {
  return `hold-${base32(seed.subarray(0, 26))}`;
}

/** `cmd-` and 130 bits in base32. @param seed bytes of a digest: the same command when it is sent again */
export function newCommandId(seed: Uint8Array): string {
  return `cmd-${base32(seed.subarray(0, 26))}`;
}

/** Ids of decisions and commands. */
export function newId(): string {
  return randomUUID();
}

function base32(bytes: Uint8Array): string {
  return [...bytes].map((byte) => BASE32.charAt(byte & 31)).join('');
}
