import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../stack/ports.js';
import { answersOk, startProcess } from '../stack/processes.js';
import type { RealComponent } from './component.js';
import { debianProgram, installDebianPrograms, REGISTRY } from './debian-programs.js';

/** The CNCF's registry for images, charts and other artifacts, open to everybody. Tests find it by `REGISTRY_ADDR`. */
export const REGISTRY_COMPONENT: RealComponent = {
  name: 'registry',

  install: (signal) => installDebianPrograms([REGISTRY], signal),

  async start(folder) {
    const program = await debianProgram(REGISTRY);
    const port = await freePort();
    const config = join(folder, 'config.yml');
    // JSON is YAML
    await writeFile(
      config,
      JSON.stringify({
        version: '0.1',
        log: { level: 'warn' },
        storage: { filesystem: { rootdirectory: join(folder, 'blobs') } },
        http: { addr: `127.0.0.1:${port}` },
      }),
    );
    const running = await startProcess({
      name: 'the registry',
      command: program.command,
      args: ['serve', config],
      // without an exporter: it would look for a collector and tell of its failures
      env: { ...program.env, OTEL_TRACES_EXPORTER: 'none' },
      logFile: join(folder, 'registry.log'),
      ready: answersOk(`http://127.0.0.1:${port}/v2/`),
    });
    return {
      description: `Distribution ${program.version}`,
      env: { REGISTRY_ADDR: `127.0.0.1:${port}` },
      stop: async () => {
        await running.stop();
      },
    };
  },
};
