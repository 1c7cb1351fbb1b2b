// Unit, CPU, machine and architecture tests. End-to-end tests have their own runner (tests/app).
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['tests/**/*.test.ts'],
    exclude: [
      '**/node_modules/**',
      'tests/app/**',
      ...(process.env['BOXWRIGHT_LONG'] ? [] : ['**/*.long.test.ts']),
    ],
    testTimeout: 60_000,
    // What grows in the minutes of a long test is the engine's: young objects have as much room as in a machine's threads
    // (src-main/host/guest-thread.ts) instead of more and more.
    execArgv: process.env['BOXWRIGHT_LONG'] ? ['--max-semi-space-size=8'] : [],
    maxWorkers: 2,
  },
});
