// Measures the console as people see it: the browser shell, a machine, and a Chromium without automation that would slow
// its sockets (only single questions over its debugging port). Prints the time from a key to the picture that answers
// it, and the frames a second of a screen of 1024x768 that changes as a whole.
//
//     node tests/bench/console/run.mjs [--json]
//
// Reference: Chrome DevTools protocol, Runtime and Input.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';
import { buildStale, ROOT } from '../../../src-main/launch/build.mjs';
import { nodeBinary } from '../../../src-main/launch/node-binary.mjs';
import { findChromium } from '../../setup/find-chromium.mjs';

const KEYS = 60;
const FILL_MS = 8000;
const LIMIT_MS = 60_000;
const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));

/** Runs in the page before anything else: notes when keys come and when the worker has drawn. */
const OBSERVER = `
  window.keys = []; window.frames = [];
  const Plain = Worker;
  window.Worker = class extends Plain {
    constructor(address, options) {
      super(address, options);
      this.addEventListener('message', ({ data }) => {
        if (data.kind === 'drawn') frames.push({ at: performance.now(), width: data.width, text: data.text?.rows[0]?.[0] });
      });
    }
  };
  window.addEventListener('keydown', () => keys.push(performance.now()), true);
`;

const folder = mkdtempSync(join(tmpdir(), 'boxwright-console-'));
/** @type {(() => void | Promise<void>)[]} */
const ends = [];
try {
  const result = await measure();
  const { latencyMs, framesPerSecond, keys } = result;
  if (process.argv.includes('--json')) console.log(JSON.stringify(result));
  else {
    console.log(`key to picture, ${keys} keys: median ${latencyMs.median} ms, 95 % within ${latencyMs.p95} ms`);
    console.log(`1024x768 in full: ${framesPerSecond} frames a second`);
  }
} finally {
  for (const end of ends.reverse()) await end();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function measure() {
  const kernel = join(folder, 'screen');
  const programs = here('../programs/');
  execFileSync('gcc', [
    '-m32', '-march=i686', '-O2', '-Wall', '-Wextra', '-Werror', '-static', '-nostdlib', '-ffreestanding', '-fno-pic',
    '-no-pie', '-fno-stack-protector', '-fcf-protection=none', '-Wl,--build-id=none', '-Wl,-z,noexecstack',
    `-Wl,-T,${programs}bare.ld`, '-o', kernel, here('screen.c'), `${programs}bare-start.S`,
  ]);
  await buildStale(['main', 'renderer']);
  const home = join(folder, 'home');
  const env = { ...process.env, BOXWRIGHT_HOME: home, BOXWRIGHT_NO_OPEN: '1' };
  const shell = spawn(nodeBinary(), [join(ROOT, 'dist/main/web-shell.js')], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  ends.push(async () => {
    const ended = once(shell, 'exit');
    shell.kill('SIGTERM');
    await ended;
  });
  const address = await said(shell.stdout, /file:\/\/\S+/);
  const boxwright = (/** @type {string[]} */ ...words) =>
    execFileSync(process.execPath, [join(ROOT, 'src-main/launch/boxwright.mjs'), ...words], { env, stdio: 'pipe' });
  boxwright('create', 'screen', '-m', '32', '--kernel', kernel);
  boxwright('start', 'screen');
  const page = await openPage(address);
  await page.until(`document.querySelector('[role="row"], [role="option"]') !== null`);
  await page.run(`location.hash = '#machine/screen/console'`);
  await page.until(`document.querySelector('.screen-keys') !== null && frames.length > 0`);
  await page.run(`document.querySelector('.screen-keys').focus()`);
  const latencyMs = await latency(page);
  await page.key('KeyF');
  await page.until('frames.at(-1).width === 1024');
  await page.run('frames.length = 0; started = performance.now()');
  await new Promise((resolve) => setTimeout(resolve, FILL_MS));
  const framesPerSecond = Number(await page.run('frames.length * 1000 / (performance.now() - started)'));
  return { keys: KEYS, latencyMs, framesPerSecond: round(framesPerSecond) };
}

/** One key after the other, each when the one before has been answered: what is measured is not a queue. */
async function latency(/** @type {Awaited<ReturnType<typeof openPage>>} */ page) {
  /** @type {number[]} */
  const times = [];
  for (let index = 0; index < KEYS; index++) {
    await page.run('keys.length = 0; frames.length = 0; before = frames.at(-1)?.text');
    await page.key('KeyA');
    await page.until('keys.length > 0 && frames.some(({ at }) => at > keys[0])');
    times.push(Number(await page.run('frames.find(({ at }) => at > keys[0]).at - keys[0]')));
  }
  times.sort((a, b) => a - b);
  const at = (/** @type {number} */ share) => round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0);
  return { median: at(0.5), p95: at(0.95) };
}

async function openPage(/** @type {string} */ address) {
  const chromium = findChromium();
  if (!chromium) throw new Error('Chromium was not found; run `npm test` once, which installs it.');
  const profile = join(folder, 'profile');
  const root = process.getuid?.() === 0;
  const browser = spawn(chromium, [
    '--headless', '--remote-debugging-port=0', `--user-data-dir=${profile}`, '--window-size=1280,860', '--no-first-run',
    '--disable-gpu', '--disable-background-networking', ...(root ? ['--no-sandbox'] : []), 'about:blank',
  ], { stdio: 'ignore' });
  ends.push(async () => {
    const ended = once(browser, 'exit');
    browser.kill();
    await ended;
  });
  const portFile = join(profile, 'DevToolsActivePort');
  await until(() => existsSync(portFile) && readFileSync(portFile, 'utf8').includes('\n'));
  const port = readFileSync(portFile, 'utf8').split('\n')[0];
  const pages = /** @type {{ type: string, webSocketDebuggerUrl: string }[]} */ (
    await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()
  );
  const socket = new WebSocket(pages.find(({ type }) => type === 'page')?.webSocketDebuggerUrl ?? '');
  await once(socket, 'open');
  ends.push(() => socket.close());
  let next = 1;
  /** @type {Map<number, (message: any) => void>} */
  const waiting = new Map();
  socket.on('message', (data) => {
    const message = JSON.parse(String(data));
    waiting.get(message.id)?.(message);
  });
  const ask = (/** @type {string} */ method, /** @type {object} */ params = {}) =>
    new Promise((resolve, reject) => {
      const id = next++;
      waiting.set(id, (message) => {
        waiting.delete(id);
        if (message.error) reject(new Error(`${method}: ${message.error.message}`));
        else resolve(message.result);
      });
      socket.send(JSON.stringify({ id, method, params }));
    });
  const run = async (/** @type {string} */ expression) => {
    const { result, exceptionDetails } = await ask('Runtime.evaluate', { expression, returnByValue: true });
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
    return result.value;
  };
  await ask('Page.enable');
  await ask('Page.addScriptToEvaluateOnNewDocument', { source: OBSERVER });
  await ask('Page.navigate', { url: address });
  return {
    run,
    until: (/** @type {string} */ condition) => until(async () => (await run(condition).catch(() => false)) === true),
    async key(/** @type {string} */ code) {
      const key = { key: code.slice(3).toLowerCase(), code };
      await ask('Input.dispatchKeyEvent', { type: 'keyDown', ...key });
      await ask('Input.dispatchKeyEvent', { type: 'keyUp', ...key });
    },
  };
}

async function until(/** @type {() => boolean | Promise<boolean>} */ condition) {
  const deadline = performance.now() + LIMIT_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Waited in vain: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function said(/** @type {AsyncIterable<unknown>} */ stream, /** @type {RegExp} */ pattern) {
  let text = '';
  for await (const part of stream) {
    text += String(part);
    const found = pattern.exec(text)?.[0];
    if (found) return found;
  }
  throw new Error(`The shell ended without an address. It said: ${text}`);
}

function round(/** @type {number} */ value) {
  return Math.round(value * 10) / 10;
}
