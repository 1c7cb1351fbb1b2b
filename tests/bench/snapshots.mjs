// `npm run bench -- --snapshots`: how long snapshots of a running Linux take, how long its guest stands still for them and
// what they take of the disk, beside `savevm`, `loadvm` and `delvm` of qemu on the same guest. Times are the host's. Ours of
// restoring and deleting are those of whole commands, from a machine that is off to one that runs (`snapshot restore
// --start`); qemu's are of a command to a process that runs already.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareGuests, linuxGuest } from '../guests/prepare-guests.mjs';
import { GuestSession } from '../support/guest-session.mjs';
import { ROOT } from '../../src-main/launch/build.mjs';
import { nodeBinary } from '../../src-main/launch/node-binary.mjs';

const LAUNCHER = join(ROOT, 'src-main', 'launch', 'boxwright.mjs');
const QEMU = 'qemu-system-x86_64';
const BOOT_LIMIT_MS = 600_000;
/** Fills memory with what does not compress, and computes. */
const WORK = 'mkdir -p /tmp; mount -t tmpfs none /tmp; while :; do head -c 48000000 /dev/urandom > /tmp/noise; md5sum /tmp/noise > /dev/null; done &';
/** How long the guest works, or sleeps, before it is looked at. */
const SETTLE_MS = 15_000;

/** @typedef {{ who: string, memory: number, guest: string, what: string, pauseMs?: number, pauseCpuMs?: number, totalMs: number, bytes?: number }} Row */

/** @param {readonly number[]} memories @param {(line: string) => void} say */
export async function measureSnapshots(memories, say) {
  if (memories.some((mib) => !(mib >= 64 && mib <= 2048))) throw new Error('--memory: expected MiB from 64 to 2048');
  prepareGuests(say);
  /** @type {Row[]} */
  const rows = [];
  for (const memory of memories) {
    rows.push(...(await ours(memory, say)));
    if (spawnSync(QEMU, ['--version']).error) say(`${QEMU} was not found: nothing to compare with`);
    else rows.push(...(await qemus(memory, say)));
  }
  return table(rows);
}

/** @param {number} memory @param {(line: string) => void} say @returns {Promise<Row[]>} */
async function ours(memory, say) {
  const home = mkdtempSync(join(tmpdir(), 'boxwright-bench-'));
  Object.assign(process.env, { BOXWRIGHT_HOME: home, BOXWRIGHT_NO_OPEN: '1' });
  const verb = (/** @type {string[]} */ ...args) => {
    const start = performance.now();
    const { status, stdout, stderr } = spawnSync(nodeBinary(), [LAUNCHER, ...args], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`boxwright ${args.join(' ')}: ${stderr}`);
    return { text: stdout, ms: performance.now() - start };
  };
  /** @type {Row[]} */
  const rows = [];
  const take = (/** @type {string} */ guest, /** @type {string} */ what) => {
    verb('snapshot', 'take', 'bench', `${guest} ${what}`);
    const line = verb('log', 'bench').text.trim().split('\n').findLast((text) => text.includes('state was written'));
    const found = /written in (\d+) ms .*, ([\d.]+) (B|KiB|MiB)\); the guest stood still for (\d+) ms, (\d+) ms of them computing/.exec(line ?? '');
    if (found === null) throw new Error(`the log does not say how it went: ${line}`);
    const scale = { B: 1, KiB: 1024, MiB: 1024 * 1024 }[found[3] ?? ''] ?? Number.NaN;
    rows.push({ who: 'boxwright', memory, guest, what: `take ${what}`, pauseMs: Number(found[4]), pauseCpuMs: Number(found[5]), totalMs: Number(found[1]), bytes: Number(found[2]) * scale });
  };
  const restore = (/** @type {string} */ guest, /** @type {string} */ name) => {
    const { ms } = verb('snapshot', 'restore', 'bench', name, '--discard', '--start');
    rows.push({ who: 'boxwright', memory, guest, what: 'restore and run', totalMs: ms });
  };
  try {
    const { kernel, initrd } = linuxGuest('amd64');
    verb('create', '-m', `${memory}`, '--kernel', kernel, '--initrd', initrd, '--append', 'console=ttyS0', '--new-disk', '64M', 'bench');
    verb('start', 'bench');
    verb('wait-for-serial', 'bench', 'GUEST-BOOT-OK', '--timeout', `${BOOT_LIMIT_MS / 1000}`);
    say(`boxwright, ${memory} MiB: booted`);
    await sleep(SETTLE_MS);
    take('idle', 'first');
    await sleep(SETTLE_MS);
    take('idle', 'next');
    const terminal = new GuestSession(nodeBinary(), [LAUNCHER, 'console', 'bench']);
    terminal.type(`${WORK}\n`);
    await sleep(SETTLE_MS);
    await terminal.stop();
    take('busy', 'next');
    verb('poweroff', 'bench');
    for (const guest of ['idle', 'busy']) {
      restore(guest, `${guest} next`);
      verb('poweroff', 'bench');
    }
    rows.push({ who: 'boxwright', memory, guest: 'busy', what: 'delete', totalMs: verb('snapshot', 'delete', 'bench', 'busy next', '-y').ms });
    return rows;
  } finally {
    spawnSync(nodeBinary(), [LAUNCHER, 'poweroff', 'bench']);
    rmSync(home, { recursive: true, force: true });
  }
}

/** @param {number} memory @param {(line: string) => void} say @returns {Promise<Row[]>} */
async function qemus(memory, say) {
  const folder = mkdtempSync(join(tmpdir(), 'boxwright-bench-'));
  const disk = join(folder, 'disk.qcow2');
  spawnSync('qemu-img', ['create', '-f', 'qcow2', disk, '64M']);
  const { kernel, initrd } = linuxGuest('amd64');
  const socket = join(folder, 'qmp');
  const session = new GuestSession(QEMU, [
    ...['-accel', 'tcg', '-m', `${memory}`, '-display', 'none', '-serial', 'stdio', '-qmp', `unix:${socket},server=on,wait=off`],
    ...['-kernel', kernel, '-initrd', initrd, '-append', 'console=ttyS0', '-drive', `file=${disk},format=qcow2`],
  ]);
  /** @type {Row[]} */
  const rows = [];
  try {
    await session.waitFor(/GUEST-BOOT-OK/, BOOT_LIMIT_MS);
    say(`qemu, ${memory} MiB: booted`);
    const monitor = await Monitor.open(socket);
    const timed = async (/** @type {string} */ guest, /** @type {string} */ what, /** @type {string} */ command, isPause = false) => {
      const before = diskBytes(disk);
      const start = performance.now();
      const said = await monitor.run(command);
      if (said.trim() !== '') throw new Error(`qemu: ${command}: ${said}`);
      const totalMs = performance.now() - start;
      const grown = diskBytes(disk) - before;
      rows.push({ who: 'qemu', memory, guest, what, totalMs, ...(isPause ? { pauseMs: totalMs, bytes: grown } : {}) });
    };
    await sleep(SETTLE_MS);
    await timed('idle', 'take first', 'savevm a', true);
    await sleep(SETTLE_MS);
    await timed('idle', 'take next', 'savevm b', true);
    session.type(`${WORK}\n`);
    await sleep(SETTLE_MS);
    await timed('busy', 'take next', 'savevm c', true);
    await timed('idle', 'restore and run', 'loadvm b');
    await timed('busy', 'restore and run', 'loadvm c');
    await timed('busy', 'delete', 'delvm c');
    monitor.close();
    return rows;
  } finally {
    await session.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The monitor's own words by way of its JSON protocol. Reference: QEMU docs/interop/qmp-spec. */
class Monitor {
  #socket;
  #text = '';
  /** @type {((value: string) => void)[]} */
  #waiting = [];

  /** @param {string} path */
  static async open(path) {
    const monitor = new Monitor(connect(path));
    await monitor.#call({ execute: 'qmp_capabilities' });
    return monitor;
  }

  /** @param {import('node:net').Socket} socket */
  constructor(socket) {
    this.#socket = socket.setEncoding('utf8').on('data', (data) => {
      this.#text += data;
      for (let end = this.#text.indexOf('\n'); end >= 0; end = this.#text.indexOf('\n')) {
        const message = JSON.parse(this.#text.slice(0, end));
        this.#text = this.#text.slice(end + 1);
        if ('return' in message || 'error' in message) this.#waiting.shift()?.(typeof message.return === 'string' ? message.return : (message.error?.desc ?? ''));
      }
    });
  }

  /** @param {string} command @returns {Promise<string>} */
  run(command) {
    return this.#call({ execute: 'human-monitor-command', arguments: { 'command-line': command } });
  }

  close() {
    this.#socket.destroy();
  }

  /** @param {object} message @returns {Promise<string>} */
  #call(message) {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#socket.write(`${JSON.stringify(message)}\n`);
    });
  }
}

/** @param {string} path */
const diskBytes = (path) => statSync(path).blocks * 512;

/** @param {number} ms @returns {Promise<void>} */
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {readonly Row[]} rows */
function table(rows) {
  const ms = (/** @type {number | undefined} */ value) => (value === undefined ? '' : `${Math.round(value)}`).padStart(9);
  const mb = (/** @type {number | undefined} */ value) => (value === undefined ? '' : (value / 1e6).toFixed(2)).padStart(9);
  const lines = rows.map(({ who, memory, guest, what, pauseMs, pauseCpuMs, totalMs, bytes }) =>
    `${who.padEnd(10)} ${`${memory}`.padStart(5)}  ${guest.padEnd(5)} ${what.padEnd(16)} ${ms(pauseMs)} ${ms(pauseCpuMs)} ${ms(totalMs)} ${mb(bytes)}`);
  return ['who          MiB  guest what              pause ms computing  total ms        MB', ...lines].join('\n');
}
