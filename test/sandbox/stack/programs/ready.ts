// Says that it is ready with its pid, and the pid of a child of its own that would live on; then waits for signals.
import { spawn } from 'node:child_process';

const child = spawn('sleep', ['600'], { stdio: 'ignore' });
console.log('not JSON');
console.log(JSON.stringify({ pid: process.pid, child: child.pid }));
process.on('SIGTERM', () => {
  console.log('ending in order');
  child.kill();
  process.exit(0);
});
