// Ends what its parent started when the parent is gone, however it went (also by SIGKILL, where no handler runs).
// One such process per parent: the parent holds the other end of standard input and writes lines, each a JSON array:
//   ["watch", pid, signal]   end this process group with the signal, later with SIGKILL
//   ["forget", pid]          the parent has seen it end
//   ["remove", path]         delete this folder at the end
// Plain JavaScript without imports of ours, so that it starts at once and needs no loader.
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** How long processes may take to end by themselves before they are killed, in milliseconds. */
const GRACE_MS = 3000;
const watched = new Map();
const folders = new Set();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [verb, what, signal] = JSON.parse(line);
    if (verb === 'watch') watched.set(what, signal);
    else if (verb === 'forget') watched.delete(what);
    else if (verb === 'remove') folders.add(what);
    else if (verb === 'keep') folders.delete(what);
  })
  .on('close', () => {
    for (const [pid, signal] of watched) send(pid, signal);
    const end = Date.now() + GRACE_MS;
    const wait = () => {
      const left = [...watched.keys()].filter((pid) => send(pid, 0));
      if (left.length > 0 && Date.now() < end) {
        setTimeout(wait, 50);
        return;
      }
      for (const pid of left) send(-pid, 'SIGKILL');
      for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
      process.exit(0);
    };
    wait();
  });

function send(pid, signal) {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
