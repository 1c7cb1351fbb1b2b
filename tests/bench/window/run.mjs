// Measures how soon the window can be used: from the start of the browser shell to the rows of a hundred machines, in a
// Chromium that runs already. Prints the parts of the time.
//
//     node tests/bench/window/run.mjs [--json]

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { buildStale, ROOT } from '../../../src-main/launch/build.mjs';
import { nodeBinary } from '../../../src-main/launch/node-binary.mjs';
import { findChromium } from '../../setup/find-chromium.mjs';

const MACHINES = 100;
const RUNS = 5;

await buildStale(['main', 'renderer']);
const folder = mkdtempSync(join(tmpdir(), 'boxwright-window-'));
const executablePath = findChromium();
const browser = await chromium.launch({
  ...(executablePath ? { executablePath } : {}),
  args: ['--disable-gpu', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
});
try {
  seed();
  const runs = [];
  for (let run = 0; run < RUNS; run++) runs.push(await measure());
  runs.sort((a, b) => a.usableMs - b.usableMs);
  const median = runs[Math.floor(RUNS / 2)];
  if (process.argv.includes('--json')) console.log(JSON.stringify({ machines: MACHINES, median, runs }));
  else if (median) {
    console.log(`${MACHINES} machines, median of ${RUNS} starts: usable after ${median.usableMs} ms`);
    console.log(`  shell ready ${median.shellMs} ms, page loaded ${median.pageMs} ms, rows drawn ${median.usableMs} ms`);
  }
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Machines of many systems, a third of them in groups. */
function seed() {
  const systems = ['debian-i386', 'ubuntu', 'windows-98', 'freedos', 'haiku'];
  for (let index = 0; index < MACHINES; index++) {
    const id = `machine-${index}`;
    mkdirSync(join(folder, 'machines', id), { recursive: true });
    const machine = {
      schema: 1, id, name: `Machine ${index}`, guest: systems[index % systems.length], group: index % 3 === 0 ? 'Lab' : '',
      cpu: { model: 'pentium3', engine: 'jit' }, memoryMiB: 256, boot: { kernel: null, initrd: null, commandLine: '' },
      drives: [{ id: 'cd0', kind: 'cdrom', bus: 'ide', slot: 2, path: null, format: null, readOnly: true }],
      display: { adapter: 'vga', memoryMiB: 16 }, serial: [{ kind: 'console' }],
    };
    writeFileSync(join(folder, 'machines', id, 'machine.json'), JSON.stringify(machine));
  }
}

async function measure() {
  const page = await browser.newPage();
  const begin = performance.now();
  const shell = spawn(nodeBinary(), [join(ROOT, 'dist/main/web-shell.js')], {
    env: { ...process.env, BOXWRIGHT_HOME: folder, BOXWRIGHT_NO_OPEN: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const address = await addressOf(shell);
    const shellMs = Math.round(performance.now() - begin);
    await page.goto(address, { waitUntil: 'domcontentloaded' });
    await page.locator('#root > *').first().waitFor();
    const pageMs = Math.round(performance.now() - begin);
    await page.getByRole('row', { name: 'Machine 1', exact: true }).waitFor();
    return { shellMs, pageMs, usableMs: Math.round(performance.now() - begin) };
  } finally {
    const exited = once(shell, 'exit');
    shell.kill('SIGTERM');
    await exited;
    await page.close();
  }
}

/** @param {import('node:child_process').ChildProcess} shell */
async function addressOf(shell) {
  let said = '';
  for await (const part of shell.stdout ?? []) {
    said += String(part);
    const address = /file:\/\/\S+/.exec(said)?.[0];
    if (address) return address;
  }
  throw new Error(`The shell ended without an address. It said: ${said}`);
}
