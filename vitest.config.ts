import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Tests against real Temporal and Postgres on a busy machine: long limits, so that only a hang meets them. */
const LIMIT_MS = 240_000;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/real/**'],
    // The Temporal worker is a native module with threads of its own: processes keep the files apart.
    pool: 'forks',
    // By default one processor is left idle; on a small machine that is half of it.
    maxWorkers: Math.max(2, availableParallelism()),
    globalSetup: ['test/global-setup.ts'],
    testTimeout: LIMIT_MS,
    hookTimeout: LIMIT_MS,
    teardownTimeout: LIMIT_MS,
    // A forgotten `.only` must not make a run green that ran nothing else.
    allowOnly: false,
    // A condition that is waited for may take as long as a busy machine needs.
    expect: { poll: { timeout: 60_000, interval: 100 } },
  },
});
