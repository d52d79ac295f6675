import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/unit/**/*.test.ts', 'test/cli/**/*.test.ts'],
    globalSetup: ['test/helpers/build.ts'],
    testTimeout: 60_000,
    // Tests of the command line start processes of their own; more workers would only wait for two cores.
    maxWorkers: 2,
    ...(process.env['CI'] === 'true' ? { reporters: ['default'] } : {}),
  },
});
