/** What a secret looks like wherever somebody prints it. */
const HIDDEN = '[secret]';

/**
 * A secret value that cannot be logged by accident: `String(…)`, `JSON.stringify`, `util.inspect` and `console.log` all
 * show `[secret]`. Only `reveal()` gives the value, so a search for that word finds every place that handles it.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. Hand it to the system that needs it and to nothing else. */
  reveal(): string {
    return this.#value;
  }

  /** True when both hold the same value. */
  equals(other: Secret): boolean {
    return this.#value === other.#value;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return HIDDEN;
  }
}
