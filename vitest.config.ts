import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/unit/**/*.test.ts', 'test/cli/**/*.test.ts'],
    globalSetup: ['test/helpers/build.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Tests of the command line start processes of their own, and many of them wait for servers that fail on purpose:
    // three keep two cores busy.
    maxWorkers: 3,
    // Some tests use the SDK themselves; bin/ says the same for the program.
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    ...(process.env['CI'] === 'true' ? { reporters: ['default'] } : {}),
  },
});
