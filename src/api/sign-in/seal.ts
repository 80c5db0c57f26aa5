/** What the API gives away and takes back: encrypted with its own key (AES-256-GCM), for one use, until a time. */
import { EncryptJWT, jwtDecrypt } from 'jose';

/** What it is for, and whose it is where a place could be given another's. */
export interface SealUse {
  readonly kind: string;
  readonly id?: string;
}

export class Seal {
  private readonly key: Uint8Array;
  private readonly now: () => number;

  /** @param key 32 bytes */
  constructor(key: Uint8Array, now: () => number) {
    this.key = key;
    this.now = now;
  }

  /** @param seconds how long it holds */
  async seal({ kind, id }: SealUse, content: object, seconds: number): Promise<string> {
    const token = new EncryptJWT({ content })
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setAudience(kind)
      .setExpirationTime(Math.floor(this.now() / 1_000) + seconds);
    return (id === undefined ? token : token.setJti(id)).encrypt(this.key);
  }

  /** The content; undefined when it is forged, expired, of an old key, or made for another use. */
  async open({ kind, id }: SealUse, sealed: string): Promise<unknown> {
    try {
      const { payload } = await jwtDecrypt(sealed, this.key, {
        audience: kind,
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
        currentDate: new Date(this.now()),
      });
      return payload.jti === id ? payload.content : undefined;
    } catch {
      return undefined;
    }
  }
}
