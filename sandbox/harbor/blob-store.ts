import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Content, digestOf } from './artifact-content.js';

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Bytes by their digest, one file each. A file is there whole or not at all, and never changes. */
export class BlobStore {
  readonly #folder: string;

  /** @param folder made when missing */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  has(digest: string): boolean {
    return DIGEST.test(digest) && existsSync(this.#file(digest));
  }

  /** undefined when there is none */
  read(digest: string): Buffer | undefined {
    return this.has(digest) ? readFileSync(this.#file(digest)) : undefined;
  }

  write(bytes: Buffer): Content {
    const digest = digestOf(bytes);
    if (!this.has(digest)) {
      writeFileSync(`${this.#file(digest)}.new`, bytes, { mode: 0o600 });
      renameSync(`${this.#file(digest)}.new`, this.#file(digest));
    }
    return { digest, bytes };
  }

  #file(digest: string): string {
    return path.join(this.#folder, digest.replace(':', '-'));
  }
}
