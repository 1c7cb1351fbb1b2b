// End-to-end tests: the browser shell with the real services and engine, driven in a real Chromium.

import { defineConfig } from '@playwright/test';
import { buildStale } from '../../src-main/launch/build.mjs';
import { findChromium } from '../setup/find-chromium.mjs';

// What is tested is what `npm start` would open. In the test processes this finds it built.
await buildStale(['main', 'renderer']);

const executablePath = findChromium();

export default defineConfig({
  testDir: '.',
  testMatch: '**/*.spec.ts',
  testIgnore: process.env['BOXWRIGHT_LONG'] ? [] : '**/*.long.spec.ts',
  outputDir: '../../test-results/app',
  // Each test has a shell, a browser and machines of its own.
  workers: 1,
  timeout: 120_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
  use: {
    viewport: { width: 1280, height: 820 },
    actionTimeout: 10_000,
    screenshot: 'only-on-failure',
    launchOptions: {
      ...(executablePath ? { executablePath } : {}),
      args: [
        '--disable-gpu',
        '--disable-background-networking',
        // Chromium's own sandbox refuses to work for root.
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      ],
    },
  },
});
