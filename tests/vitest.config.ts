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
    maxWorkers: 2,
  },
});
