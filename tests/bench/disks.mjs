// `node tests/bench/disks.mjs`: disk speed in a guest against the file on the host. Sequential and random reads and
// writes of the same image, by IDE DMA and by virtio, as MB/s of the guest's own clock and as a ratio to the host's.

import { closeSync, fsyncSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOAD_DRIVERS, prepareDisksGuest, prepareGuests } from '../guests/prepare-guests.mjs';
import { boxwrightRun, SHELL_PROMPT } from '../support/guest-session.mjs';

const MIB = 0x10_0000;
const IMAGE_MIB = 64;
const BOOT_LIMIT_MS = 600_000;
const COMMAND_LIMIT_MS = 300_000;
const RANDOM_BLOCKS = 400;
const RANDOM_BYTES = 4096;

const folder = mkdtempSync(join(tmpdir(), 'boxwright-disks-'));
try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function main() {
  prepareGuests((line) => process.stderr.write(`${line}\n`));
  const image = join(folder, 'disk.img');
  const virtioImage = join(folder, 'virtio.img');
  for (const path of [image, virtioImage]) writeFileSync(path, Buffer.alloc(IMAGE_MIB * MIB, 0x5a));
  const host = hostRates(image);
  const { kernel, initrd } = prepareDisksGuest('amd64');
  const session = await boxwrightRun([
    ...['-m', '512', '-nographic', '-kernel', kernel, '-initrd', initrd, '-append', 'console=ttyS0 mitigations=off quiet'],
    ...['-drive', `file=${image},format=raw`, '-drive', `file=${virtioImage},if=virtio,format=raw`],
  ]);
  try {
    await session.waitFor(/GUEST-BOOT-OK/, BOOT_LIMIT_MS);
    await session.waitFor(SHELL_PROMPT, COMMAND_LIMIT_MS);
    // Lines as typed come back unbroken.
    await session.command('stty columns 1000', COMMAND_LIMIT_MS);
    await session.command(LOAD_DRIVERS, COMMAND_LIMIT_MS);
    print('host file', host, host);
    print('IDE DMA', await guestRates(session, '/dev/sda'), host);
    print('virtio', await guestRates(session, '/dev/vda'), host);
  } finally {
    await session.stop();
  }
}

/** @typedef {{ read: number, write: number, randomRead: number }} Rates In MB/s, random reads in blocks a second. */

/** @param {string} path @returns {Rates} */
function hostRates(path) {
  const file = openSync(path, 'r+');
  const block = Buffer.alloc(MIB);
  const small = Buffer.alloc(RANDOM_BYTES);
  const seconds = (/** @type {() => void} */ work) => {
    const start = performance.now();
    work();
    return (performance.now() - start) / 1000;
  };
  const rates = {
    read: (IMAGE_MIB * MIB) / 1e6 / seconds(() => { for (let at = 0; at < IMAGE_MIB; at++) readSync(file, block, 0, MIB, at * MIB); }),
    write: (IMAGE_MIB * MIB) / 1e6 / seconds(() => { for (let at = 0; at < IMAGE_MIB; at++) writeSync(file, block, 0, MIB, at * MIB); fsyncSync(file); }),
    randomRead: RANDOM_BLOCKS / seconds(() => { for (let n = 0; n < RANDOM_BLOCKS; n++) readSync(file, small, 0, RANDOM_BYTES, randomBlock(n) * RANDOM_BYTES); }),
  };
  closeSync(file);
  return rates;
}

/** The same blocks in the guest and on the host. @param {number} n */
function randomBlock(n) {
  return (n * 7919) % ((IMAGE_MIB * MIB) / RANDOM_BYTES);
}

/**
 * @param {import('../support/guest-session.mjs').GuestSession} session
 * @param {string} device
 * @returns {Promise<Rates>}
 */
async function guestRates(session, device) {
  const timed = async (/** @type {string} */ work) => {
    await session.command('sync; echo 3 > /proc/sys/vm/drop_caches', COMMAND_LIMIT_MS);
    const line = `a=$(cut -d' ' -f1 /proc/uptime); ${work}; b=$(cut -d' ' -f1 /proc/uptime); echo $a $b`;
    const [from = 0, to = 0] = (await session.command(line, COMMAND_LIMIT_MS)).trim().split('\n').at(-1)?.split(' ').map(Number) ?? [];
    return Math.max(to - from, 0.01);
  };
  const bytes = IMAGE_MIB * MIB;
  const blocks = (IMAGE_MIB * MIB) / RANDOM_BYTES;
  const random = `n=0; while [ $n -lt ${RANDOM_BLOCKS} ]; do dd if=${device} of=/dev/null bs=${RANDOM_BYTES} count=1 skip=$((n * 7919 % ${blocks})) 2>/dev/null; n=$((n+1)); done`;
  const idle = `n=0; while [ $n -lt ${RANDOM_BLOCKS} ]; do dd if=/dev/zero of=/dev/null bs=${RANDOM_BYTES} count=1 2>/dev/null; n=$((n+1)); done`;
  const read = bytes / 1e6 / (await timed(`dd if=${device} of=/dev/null bs=1M 2>/dev/null`));
  const write = bytes / 1e6 / (await timed(`dd if=/dev/zero of=${device} bs=1M count=${IMAGE_MIB} conv=fsync 2>/dev/null`));
  // Starting a program costs more than reading a block: the same loop without the disk is taken off.
  const randomRead = RANDOM_BLOCKS / Math.max((await timed(random)) - (await timed(idle)), 0.01);
  return { read, write, randomRead };
}

/** @param {string} name @param {Rates} rates @param {Rates} host */
function print(name, rates, host) {
  const cell = (/** @type {number} */ value, /** @type {number} */ base) => `${value.toFixed(0).padStart(6)} (${(value / base).toFixed(2)})`;
  process.stdout.write(
    `${name.padEnd(10)} read ${cell(rates.read, host.read)} MB/s, write ${cell(rates.write, host.write)} MB/s, random ${cell(rates.randomRead, host.randomRead)} blocks/s\n`,
  );
}
