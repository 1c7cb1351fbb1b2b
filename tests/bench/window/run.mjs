// Measures how soon the window can be used: from the start of the browser shell to the rows of a hundred machines, in a
// Chromium that runs already. Prints the parts of the time, the processor time of shell and page until then, and what
// share of a core the page takes afterwards, when nothing happens. The processor's times say more on a computer that is
// busy with other things. The page says itself when it has drawn: whoever looks from outside looks now and then only.
//
//     node tests/bench/window/run.mjs [--json]

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { buildStale, ROOT } from '../../../src-main/launch/build.mjs';
import { nodeBinary, nodeEnvironment } from '../../../src-main/launch/node-binary.mjs';
import { findChromium } from '../../setup/find-chromium.mjs';

const MACHINES = 100;
const RUNS = 5;
const SETTLE_MS = 1500;
const IDLE_MS = 3000;

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
    console.log(`  processor time until then: shell ${median.shellCpuMs} ms, page ${median.pageCpuMs} ms (${median.threadCpuMs} ms of it in order)`);
    console.log(`  idle: the page takes ${median.idlePercent} % of a core`);
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
  const drawn = await tellWhenDrawn(page);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const begin = performance.timeOrigin + performance.now();
  const since = (/** @type {number} */ time) => Math.round(time - begin);
  const shell = spawn(nodeBinary(), [join(ROOT, 'dist/main/web-shell.js')], {
    env: { ...nodeEnvironment(), BOXWRIGHT_HOME: folder, BOXWRIGHT_NO_OPEN: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const address = await addressOf(shell);
    const shellMs = since(performance.timeOrigin + performance.now());
    await page.goto(address, { waitUntil: 'commit' });
    const pageMs = since(await drawn.page);
    const usableMs = since(await drawn.rows);
    const { ProcessTime: pageCpu = 0, ThreadTime: threadCpu = 0 } = await metrics(session);
    const shellCpuMs = processorMs(shell.pid);
    // Pictures and the rest of the interface may still be on their way.
    await page.waitForTimeout(SETTLE_MS);
    const { ProcessTime: before = 0 } = await metrics(session);
    await page.waitForTimeout(IDLE_MS);
    const { ProcessTime: after = 0 } = await metrics(session);
    const idlePercent = Math.round(((after - before) * 100_000) / IDLE_MS * 10) / 10;
    return { shellMs, pageMs, usableMs, shellCpuMs, pageCpuMs: Math.round(pageCpu * 1000), threadCpuMs: Math.round(threadCpu * 1000), idlePercent };
  } finally {
    const exited = once(shell, 'exit');
    shell.kill('SIGTERM');
    await exited;
    await page.close();
  }
}

/**
 * When the page's first content and the row of the first machine are on the screen, in milliseconds since 1970.
 * @param {import('@playwright/test').Page} page
 */
async function tellWhenDrawn(page) {
  /** @type {Record<string, (time: number) => void>} */
  const tell = {};
  /** @param {string} what @returns {Promise<number>} */
  const awaited = (what) => new Promise((resolve) => { tell[what] = resolve; });
  const drawn = { page: awaited('#root > *'), rows: awaited('[role="row"][aria-label="Machine 0"]') };
  await page.exposeFunction('tellDrawn', (/** @type {string} */ what, /** @type {number} */ time) => tell[what]?.(time));
  // As text: these scripts are checked without a browser's types.
  await page.addInitScript(`
    const missing = new Set(${JSON.stringify(Object.keys(tell))});
    const observer = new MutationObserver(() => {
      for (const selector of missing) {
        if (!document.querySelector(selector)) continue;
        missing.delete(selector);
        // A task after the next frame's beginning runs when that frame is drawn.
        requestAnimationFrame(() => setTimeout(() => tellDrawn(selector, performance.timeOrigin + performance.now())));
      }
      if (missing.size === 0) observer.disconnect();
    });
    observer.observe(document, { childList: true, subtree: true });
  `);
  return drawn;
}

/**
 * In seconds. `ProcessTime` and `ThreadTime` are the processor's.
 * @param {import('@playwright/test').CDPSession} session
 * @returns {Promise<Record<string, number>>}
 */
async function metrics(session) {
  const { metrics: all } = await session.send('Performance.getMetrics');
  return Object.fromEntries(all.map(({ name, value }) => [name, value]));
}

/**
 * What a process has taken of the processor, where the system tells (Linux: proc(5), `stat`, fields 14 and 15 in ticks
 * of 10 ms).
 * @param {number | undefined} pid
 */
function processorMs(pid) {
  if (process.platform !== 'linux' || pid === undefined) return null;
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
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
