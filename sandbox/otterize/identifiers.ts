import { randomBytes, randomInt } from 'node:crypto';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const ADJECTIVES = ['amber', 'brave', 'calm', 'eager', 'gentle', 'keen', 'lucky', 'merry', 'quiet', 'swift'];
const NOUNS = ['otter', 'badger', 'heron', 'lynx', 'marten', 'osprey', 'salmon', 'stoat', 'swan', 'vole'];

/** an id of the vendor's form, `^[A-Za-z_]+_[a-z0-9]+$`, e.g. `org_7f3k2m9qx0` */
export function newId(kind: 'org' | 'inv' | 'env' | 'int' | 'cluster' | 'usr' | 'cli'): string {
  const random = Array.from({ length: 10 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return `${kind}_${random}`;
}

/** the name that an organisation gets when it is created without one: nobody can find it again by its name */
export function randomName(): string {
  return `${pick(ADJECTIVES)}-${pick(NOUNS)}-${randomInt(1000, 10_000)}`;
}

export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? 'otter';
}
