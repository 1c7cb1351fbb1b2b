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
    // The last: Node strips types by a WebAssembly module of its own, in each thread that loads a source, as those of a
    // machine do here and nowhere else. Threads share what V8 makes of its calls of JavaScript once they are frequent, and
    // V8 13.6 may free that twice, and abort, where one thread ends while another loads (nodejs/node, issue 64500).
    execArgv: [...(process.env['BOXWRIGHT_LONG'] ? ['--max-semi-space-size=8'] : []), '--wasm-wrapper-tiering-budget=1000000000'],
    maxWorkers: 2,
  },
});
