/** One line of progress: rewritten in place on a terminal, printed now and then elsewhere (a log of CI). */
export interface Progress {
  update(text: string): void;
  /** Ends the line. */
  done(text: string): void;
}

/** Between two lines when the output is no terminal, in milliseconds. */
const QUIET_INTERVAL_MS = 30_000;

/** Writes to standard error, so that standard output stays for programs. */
export function progress(title: string): Progress {
  const begin = Date.now();
  let printed = 0;
  const line = (text: string) => `${title}: ${text} (${elapsed(Date.now() - begin)})`;
  return {
    update(text) {
      if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K${line(text)}`);
      else if (Date.now() - printed > QUIET_INTERVAL_MS) {
        printed = Date.now();
        process.stderr.write(`${line(text)}\n`);
      }
    },
    done(text) {
      process.stderr.write(`${process.stderr.isTTY ? '\r\u001b[2K' : ''}${line(text)}\n`);
    },
  };
}

/** `75000` → `1 min 15 s`. */
export function elapsed(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
