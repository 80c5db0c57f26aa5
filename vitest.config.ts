import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { FileSequencer } from './test/support/file-sequencer.js';

/** Tests against real Temporal and Postgres on a busy machine: long limits, so that only a hang meets them. */
const LIMIT_MS = 240_000;

/**
 * Files with a process of their own: what stands in `Runtime` of the Temporal SDK, or in the process itself, is theirs alone.
 * All others, of light folders and of the page, share a process with those that come after them, and its modules, which load once.
 */
const OWN_PROCESS = [
  ...['hostile', 'weather', 'crash', 'docs', 'e2e', 'demo', 'leak', 'replay', 'workflows'].map(
    (folder) => `test/${folder}/**/*.test.ts`,
  ),
  // they wait so long that they begin with the first
  'test/activities/effects/**/*.test.ts',
  'test/activities/delivery/delivery.test.ts',
  'test/config/worker-version.test.ts',
  'test/deploy/worker-health.test.ts',
  'test/sandbox/stack/**/*.test.ts',
  'test/scripts/**/*.test.ts',
];

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'shared process',
          include: ['test/**/*.test.ts'],
          exclude: ['test/real/**', ...OWN_PROCESS],
          isolate: false,
        },
      },
      { extends: true, test: { name: 'own process', include: OWN_PROCESS } },
    ],
    // The Temporal worker is a native module with threads of its own: processes keep the files apart.
    pool: 'forks',
    // By default one processor is left idle; on a small machine that is half of it.
    maxWorkers: Math.max(2, availableParallelism()),
    sequence: { sequencer: FileSequencer },
    globalSetup: ['test/global-setup.ts'],
    testTimeout: LIMIT_MS,
    hookTimeout: LIMIT_MS,
    teardownTimeout: LIMIT_MS,
    // A forgotten `.only` must not make a run green that ran nothing else.
    allowOnly: false,
    retry: 0,
    // A condition that is waited for may take as long as a busy machine needs.
    expect: { poll: { timeout: 60_000, interval: 100 } },
  },
});
