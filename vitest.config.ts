import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { FileSequencer } from './test/support/file-sequencer.js';

/** Tests against real Temporal and Postgres on a busy machine: long limits, so that only a hang meets them. */
const LIMIT_MS = 240_000;

/** Folders of rules, without state of their own in a process: their files share its modules, which load once. */
const PURE = ['domain', 'manifests', 'planning', 'security'].map((folder) => `test/${folder}/**/*.test.ts`);

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: 'pure', include: PURE, isolate: false } },
      {
        extends: true,
        test: { name: 'own process', include: ['test/**/*.test.ts'], exclude: ['test/real/**', ...PURE] },
      },
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
