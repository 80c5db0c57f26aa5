/** Keys of the payload codec by their id: one encrypts, all of them decrypt. */
import { createSecretKey, type KeyObject } from 'node:crypto';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { kidText } from './claim-shapes.js';

const KEY_BYTES = 32;

const fileShape = Type.Object(
  {
    current: kidText,
    keys: Type.Record(kidText, Type.String({ pattern: '^[A-Za-z0-9+/]{43}=$' }), {
      additionalProperties: false,
    }),
  },
  { additionalProperties: false },
);

/** The JSON of a codec key file: `{current, keys: {id: 32 bytes in base64}}`. A secret. */
export type CodecKeysFile = Static<typeof fileShape>;

/** The codec's keys cannot be used. The message never holds key material. */
export class CodecKeysError extends Error {
  override readonly name = 'CodecKeysError';
}

/** To rotate: add a key everywhere, make it `current` everywhere, keep the old one while any history needs it. */
export class CodecKeys {
  readonly current: { readonly id: string; readonly key: KeyObject };
  private readonly keys: ReadonlyMap<string, KeyObject>;

  private constructor(current: { id: string; key: KeyObject }, keys: ReadonlyMap<string, KeyObject>) {
    this.current = current;
    this.keys = keys;
  }

  /**
   * Reads the JSON text of a codec key file.
   *
   * @throws CodecKeysError when the text is not of its shape or `current` is not among the keys
   */
  static parse(text: string): CodecKeys {
    let file: unknown;
    try {
      file = JSON.parse(text);
    } catch {
      // the parser's own message quotes the text, which is the secret
      throw new CodecKeysError(
        'The codec keys are not JSON. Expected {"current","keys":{"<id>":"<base64>"}}.',
      );
    }
    return CodecKeys.of(file);
  }

  /** Makes keys of the parsed content of a codec key file; throws as `parse` does. */
  static of(file: unknown): CodecKeys {
    if (!Value.Check(fileShape, file)) {
      throw new CodecKeysError(
        `The codec keys are not of their shape. Expected the id of the current key, and keys of ${KEY_BYTES} bytes in base64 by id.`,
      );
    }
    const keys = new Map(
      Object.entries(file.keys).map(([id, base64]) => [id, createSecretKey(base64, 'base64')] as const),
    );
    const key = keys.get(file.current);
    if (key === undefined) {
      throw new CodecKeysError(`The current codec key ${file.current} is not among the keys. Add it.`);
    }
    return new CodecKeys({ id: file.current, key }, keys);
  }

  /** The key of this id, or undefined. */
  find(id: string): KeyObject | undefined {
    return this.keys.get(id);
  }
}
