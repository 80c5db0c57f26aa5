import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import Type, { type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';

const Envelope = Type.Object({
  eventSeq: Type.Integer(),
  settings: Type.Unknown(),
  state: Type.Unknown(),
});

export interface StateShape<S extends TSchema, T extends TSchema> {
  readonly state: { readonly schema: S; readonly initial: () => Static<S> };
  readonly settings: { readonly schema: T; readonly defaults: Static<T> };
}

/** The state file of a stand-in is not what its schema says. */
export class SandboxStateError extends Error {
  override readonly name = 'SandboxStateError';
}

/**
 * Keeps the state of one stand-in in memory and in a JSON file. Writes are atomic (new file, then rename) and shared:
 * changes that come while a write is under way go together into the next one. `saved()` resolves when everything
 * changed so far is in the file; answers wait for it, so a killed process loses nothing it answered. (No fsync: the
 * stand-ins survive the death of their process, not of the machine.)
 */
export class StateStore<S extends TSchema, T extends TSchema> {
  readonly #file: string;
  readonly #lastEventSeq: () => number;
  readonly state: Static<S>;
  settings: Static<T>;
  /** number of the last event that the loaded state knows of */
  readonly durableSeq: number;
  #changes = 0;
  #written = 0;
  #writing: Promise<void> | null = null;

  private constructor(
    file: string,
    kept: { readonly state: Static<S>; readonly settings: Static<T>; readonly eventSeq: number },
    lastEventSeq: () => number,
  ) {
    this.#file = file;
    this.state = kept.state;
    this.settings = kept.settings;
    this.durableSeq = kept.eventSeq;
    this.#lastEventSeq = lastEventSeq;
  }

  /** @throws SandboxStateError when the file holds something else than the schemas say */
  static open<S extends TSchema, T extends TSchema>(
    file: string,
    shape: StateShape<S, T>,
    lastEventSeq: () => number,
  ): StateStore<S, T> {
    if (!existsSync(file)) {
      const kept = { state: shape.state.initial(), settings: shape.settings.defaults, eventSeq: 0 };
      // what is made at random (keys, ids) has to outlive a kill that comes before the first change
      writeFileSync(file, JSON.stringify(kept), { mode: 0o600 });
      return new StateStore<S, T>(file, kept, lastEventSeq);
    }
    const envelope: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const { state, settings } = shape;
    if (
      !Value.Check(Envelope, envelope) ||
      !Value.Check(state.schema, envelope.state) ||
      !Value.Check(settings.schema, envelope.settings)
    ) {
      throw new SandboxStateError(
        `${file} holds no state of this stand-in: remove its folder to start with the example world again`,
      );
    }
    const kept = { state: envelope.state, settings: envelope.settings, eventSeq: envelope.eventSeq };
    return new StateStore<S, T>(file, kept, lastEventSeq);
  }

  /** call after each change of `state` or `settings` */
  changed(): void {
    this.#changes += 1;
  }

  /** resolves when every change so far is in the file */
  async saved(): Promise<void> {
    const wanted = this.#changes;
    while (this.#written < wanted) {
      this.#writing ??= this.#write().finally(() => {
        this.#writing = null;
      });
      await this.#writing;
    }
  }

  async #write(): Promise<void> {
    const upTo = this.#changes;
    const text = JSON.stringify({
      eventSeq: this.#lastEventSeq(),
      settings: this.settings,
      state: this.state,
    });
    await writeFile(`${this.#file}.new`, text, { mode: 0o600 });
    await rename(`${this.#file}.new`, this.#file);
    this.#written = upTo;
  }
}
