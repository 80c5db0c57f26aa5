import { defineConfig } from 'vitest/config';

/** The ring of real components: slower to answer than stand-ins, and one of each for all files. */
const LIMIT_MS = 180_000;

export default defineConfig({
  test: {
    include: ['test/real/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    globalSetup: ['test/global-setup.ts'],
    testTimeout: LIMIT_MS,
    hookTimeout: LIMIT_MS,
    teardownTimeout: LIMIT_MS,
    allowOnly: false,
    // A condition that is waited for may take as long as a busy machine needs.
    expect: { poll: { timeout: 30_000, interval: 100 } },
  },
});
