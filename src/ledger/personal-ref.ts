/**
 * References to personal values: `p_` and 26 base32 characters (130 bits) of a salted hash. The salt lies beside the value
 * and goes with it when it is erased, so that a reference alone says nothing, not even to somebody who guesses the value.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { PersonalRef } from '../domain/request.js';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const REF_CHARACTERS = 26;

/** 128 random bits as text. */
export function newSalt(): string {
  return randomBytes(16).toString('base64url');
}

/** The reference that a value has under a salt. */
export function personalRef(salt: string, value: string): PersonalRef {
  const hash = createHash('sha256').update(`${salt}\n${value}`, 'utf8').digest();
  return `p_${base32(hash).slice(0, REF_CHARACTERS)}`;
}

/** RFC 4648 base32, lower case, without padding. */
function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET.charAt((held >> bits) & 31);
    }
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + ALPHABET.charAt((held << (5 - bits)) & 31) : text;
}
