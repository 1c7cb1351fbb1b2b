// `test` with a running application: the browser shell over a data folder of its own, and a page that is connected to it.
// A test fails when its page breaks the content security policy, throws, or logs an error.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test as base, expect, type Page } from '@playwright/test';
import { nodeBinary } from '../../../src-main/launch/node-binary.mjs';

const SHELL = fileURLToPath(new URL('../../../dist/main/web-shell.js', import.meta.url));

export { expect };

export interface RunningApp {
  readonly dataFolder: string;
  readonly process: ChildProcess;
  /** The file that brings a browser in, once. */
  readonly address: string;
}

/** What is in the data folder before the application starts. */
export interface Seed {
  write(dataFolder: string): Promise<void>;
}

export const test = base.extend<{ seed: Seed; app: RunningApp; window: Page }>({
  seed: [{ write: async () => undefined }, { option: true }],
  app: async ({ seed }, use) => {
    const dataFolder = await mkdtemp(join(tmpdir(), 'boxwright-app-'));
    await seed.write(dataFolder);
    const child = spawn(nodeBinary(), [SHELL], {
      env: { ...process.env, BOXWRIGHT_HOME: dataFolder, BOXWRIGHT_NO_OPEN: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await use({ dataFolder, process: child, address: await announcedAddress(child) });
    } finally {
      await end(child);
      await rm(dataFolder, { recursive: true, force: true, maxRetries: 5 });
    }
  },
  window: async ({ app, page }, use) => {
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.goto(app.address);
    await expect(page.getByRole('navigation', { name: 'Machines' })).toBeVisible();
    await use(page);
    expect(complaints, 'errors of the page').toEqual([]);
  },
});

async function announcedAddress(child: ChildProcess): Promise<string> {
  let said = '';
  for await (const part of child.stdout ?? []) {
    said += String(part);
    const address = /file:\/\/\S+/.exec(said)?.[0];
    if (address) return address;
  }
  throw new Error(`The shell ended without an address. It said: ${said}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
