/** How long each unmet clause of a wait was the first one, in the order in which they were met. */
export class ClauseTimes {
  readonly #now: () => number;
  readonly #times = new Map<string, number>();
  #current: { readonly clause: string; readonly sinceMs: number } | undefined;

  /** @param now milliseconds since 1970 */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @param clause its name, and after a colon what was seen; undefined: everything is met */
  note(clause: string | undefined): void {
    const name = clause?.split(':')[0];
    if (this.#current?.clause === name) return;
    this.#close();
    this.#current = name === undefined ? undefined : { clause: name, sinceMs: this.#now() };
  }

  /** e.g. `other-revision 12 s, not-healthy-long-enough 3 s`; a clause that came back is told once, with all its time */
  describe(): string {
    this.#close();
    const parts = [...this.#times].map(([clause, ms]) => `${clause} ${Math.round(ms / 1_000)} s`);
    return parts.length === 0 ? 'waited for nothing' : `waited for ${parts.join(', ')}`;
  }

  #close(): void {
    if (this.#current === undefined) return;
    const { clause, sinceMs } = this.#current;
    const nowMs = this.#now();
    this.#times.set(clause, (this.#times.get(clause) ?? 0) + nowMs - sinceMs);
    this.#current = { clause, sinceMs: nowMs };
  }
}
