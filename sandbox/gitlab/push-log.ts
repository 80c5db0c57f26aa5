import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';

const PushNote = Type.Object({
  id: Type.Integer(),
  projectId: Type.Integer(),
  /** account that pushed */
  username: Type.String(),
  at: Type.String(),
  action: Type.Union([Type.Literal('created'), Type.Literal('pushed'), Type.Literal('removed')]),
  /** null: many branches in one push */
  branch: Type.Union([Type.String(), Type.Null()]),
  branches: Type.Integer(),
  from: Type.Union([Type.String(), Type.Null()]),
  to: Type.Union([Type.String(), Type.Null()]),
  commits: Type.Integer(),
  title: Type.Union([Type.String(), Type.Null()]),
});
export type PushNote = Static<typeof PushNote>;

/** Who pushed what, in memory and in a file, line by line: the state is written as a whole, and pushes are many. */
export class PushLog {
  readonly #file: string;
  readonly #notes: PushNote[];

  /** @param file in a folder that exists by the first `add` */
  constructor(file: string) {
    this.#file = file;
    this.#notes = existsSync(file) ? readFileSync(file, 'utf8').split('\n').flatMap(noteOf) : [];
  }

  add(note: Omit<PushNote, 'id' | 'at'>): PushNote {
    const whole = { id: (this.#notes.at(-1)?.id ?? 0) + 1, at: new Date().toISOString(), ...note };
    this.#notes.push(whole);
    appendFileSync(this.#file, `${JSON.stringify(whole)}\n`);
    return whole;
  }

  /** Oldest first. */
  of(projectId: number): readonly PushNote[] {
    return this.#notes.filter((note) => note.projectId === projectId);
  }
}

/** A half-written last line is what a killed process leaves. */
function noteOf(line: string): PushNote[] {
  try {
    const value: unknown = JSON.parse(line);
    return Value.Check(PushNote, value) ? [value] : [];
  } catch {
    return [];
  }
}
