/** What people and programs see of a wait: one live line on a terminal, a line per change elsewhere, JSON lines. */
import { duration } from '../output/duration.js';
import type { Output } from '../output/output.js';
import { cut, harmless } from '../output/text.js';
import { LiveScreen } from '../status/live-screen.js';
import type { Pending, Progress, WaitResult } from './wait-loop.js';

const WHEEL = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
/** Milliseconds between redraws: the wheel turns, ages grow. */
const REDRAW_MS = 120;

export class WaitReport {
  readonly #output: Output;
  readonly #now: () => number;
  readonly #beganMs: number;
  readonly #told = new Map<string, string>();
  #screen: LiveScreen | undefined;
  #timer: NodeJS.Timeout | undefined;
  #progress: Progress | undefined;
  #tick = 0;

  constructor(output: Output, now: () => number) {
    this.#output = output;
    this.#now = now;
    this.#beganMs = now();
  }

  /** News of a look that ended nothing. */
  progress(progress: Progress): void {
    this.#progress = progress;
    if (this.#output.json) this.#tellChanges(progress, (pending) => this.#document(pending));
    else if (this.#output.streams.stdout.isTTY === true) this.#draw();
    else this.#tellChanges(progress, (pending) => this.#output.lines([this.#line(pending)]));
  }

  /** The end; nothing is drawn after it. */
  end(result: WaitResult): void {
    clearInterval(this.#timer);
    this.#screen?.draw([]);
    this.#screen?.end();
    if (this.#output.json) this.#endDocuments(result);
    else this.#output.lines(this.#endLines(result));
  }

  /** Takes the live line away before an error is shown. */
  abandon(): void {
    clearInterval(this.#timer);
    this.#screen?.draw([]);
    this.#screen?.end();
  }

  #draw(): void {
    if (this.#screen === undefined) {
      this.#screen = new LiveScreen(this.#output.streams.stdout);
      this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
      this.#timer.unref();
    }
    const first = this.#progress?.pending[0];
    if (first === undefined) return;
    const { style, streams } = this.#output;
    const wheel = style.busy(WHEEL[this.#tick % WHEEL.length] ?? '');
    this.#tick += 1;
    const others = this.#progress?.pending.length ?? 1;
    const more = others > 1 ? style.dim(` (+${others - 1})`) : '';
    const age = duration(this.#now() - first.sinceMs);
    const text = `${wheel} ${first.target}${more}  ${style.warn(first.look.clause)} ${age}  ${harmless(first.look.message)}`;
    this.#screen.draw([cut(text, streams.stdout.columns ?? 80)]);
  }

  /** One line or document per change of clause or message. */
  #tellChanges({ pending }: Progress, tell: (pending: Pending) => void): void {
    for (const one of pending) {
      const news = `${one.look.clause}\n${one.look.message}`;
      if (this.#told.get(one.target) === news) continue;
      this.#told.set(one.target, news);
      tell(one);
    }
  }

  #line({ target, look }: Pending): string {
    const at = `+${duration(this.#now() - this.#beganMs)}`;
    return `${at.padEnd(5)} ${target}  ${look.clause}: ${harmless(look.message)}`;
  }

  #document({ target, look, sinceMs }: Pending): void {
    const { state, clause, message, until } = look;
    const since = new Date(sinceMs).toISOString();
    this.#output.document({
      at: this.#at(),
      target,
      state,
      clause,
      message,
      since,
      ...(until === undefined ? {} : { until }),
    });
  }

  #endDocuments(result: WaitResult): void {
    const at = this.#at();
    if (result.state === 'proven') {
      for (const { target, look } of result.proven) {
        this.#output.document({ at, target, state: 'proven', evidence: look.evidence });
      }
    } else if (result.state === 'failed') {
      const { clause, message, remedy } = result.look;
      this.#output.document({ at, target: result.target, state: 'failed', clause, message, remedy });
    } else {
      const pending = result.pending.map(({ target, look, sinceMs }) => ({
        target,
        clause: look.clause,
        message: look.message,
        since: new Date(sinceMs).toISOString(),
      }));
      this.#output.document({ at, state: result.state, pending });
    }
  }

  #endLines(result: WaitResult): readonly string[] {
    const { style } = this.#output;
    const took = duration(this.#now() - this.#beganMs);
    if (result.state === 'proven') {
      return result.proven.flatMap(({ target, look }) => [
        `${style.good('✓')} ${style.bold(target)}  proven after ${took}`,
        ...Object.entries(look.evidence).map(([name, value]) =>
          style.dim(`  ${name.padEnd(14)} ${harmless(String(value))}`),
        ),
      ]);
    }
    if (result.state === 'failed') {
      const { clause, message, remedy } = result.look;
      return [
        `${style.bad('✗')} ${style.bold(result.target)}  ${clause} after ${took}`,
        `  ${harmless(message)}`,
        `  ${remedy}`,
      ];
    }
    const what = result.state === 'timed-out' ? 'the time is up' : 'interrupted';
    return result.pending.length === 0
      ? [`${style.warn('…')} ${what} after ${took}`]
      : result.pending.flatMap(({ target, look, sinceMs }) => [
          `${style.warn('…')} ${style.bold(target)}  still waiting, ${what} after ${took}`,
          `  ${look.clause} for ${duration(this.#now() - sinceMs)}: ${harmless(look.message)}`,
        ]);
  }

  #at(): string {
    return new Date(this.#now()).toISOString();
  }
}
