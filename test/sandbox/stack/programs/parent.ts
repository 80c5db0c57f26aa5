// Starts `ready.ts` and a temporary folder by the functions under test, says where, and waits.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { jsonLine, startTypeScript } from '../../../../sandbox/stack/processes.js';
import { temporaryFolder } from '../../../../sandbox/stack/temporary-folder.js';

const folder = await temporaryFolder('parent');
const running = await startTypeScript({
  name: 'child',
  entry: fileURLToPath(new URL('./ready.ts', import.meta.url)),
  logFile: join(folder.path, 'child.log'),
  ready: jsonLine(({ pid, child }) =>
    typeof pid === 'number' && typeof child === 'number' ? { pid, child } : undefined,
  ),
});
console.log(JSON.stringify({ ...running.found, folder: folder.path }));
