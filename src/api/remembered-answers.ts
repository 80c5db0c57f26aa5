/** Answers of somebody slow, kept for a short time: each call of a page asks who its caller is. */

interface Kept<T> {
  readonly untilMs: number;
  readonly answer: Promise<T>;
}

export class RememberedAnswers<T> {
  private readonly kept = new Map<string, Kept<T>>();
  private readonly limits: { readonly keepMs: number; readonly maxKept: number };
  private readonly ask: (key: string) => Promise<T>;
  private readonly now: () => number;

  /** @param now milliseconds since 1970; tests give their own */
  constructor(
    limits: { readonly keepMs: number; readonly maxKept: number },
    ask: (key: string) => Promise<T>,
    now: () => number = Date.now,
  ) {
    this.limits = limits;
    this.ask = ask;
    this.now = now;
  }

  /** The answer of the last moments, or a new one. A failure is never kept: unknown is not "none". */
  of(key: string): Promise<T> {
    const known = this.kept.get(key);
    if (known !== undefined && known.untilMs > this.now()) return known.answer;
    const answer = this.ask(key);
    this.kept.delete(key);
    this.kept.set(key, { untilMs: this.now() + this.limits.keepMs, answer });
    answer.catch(() => {
      if (this.kept.get(key)?.answer === answer) this.kept.delete(key);
    });
    this.forget();
    return answer;
  }

  /** They are in the order of their times. */
  private forget(): void {
    for (const [key, { untilMs }] of this.kept) {
      if (untilMs > this.now() && this.kept.size <= this.limits.maxKept) return;
      this.kept.delete(key);
    }
  }
}
