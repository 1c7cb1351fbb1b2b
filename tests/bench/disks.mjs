// `node tests/bench/disks.mjs [--peer qemu]`: disk speed in a guest against the file on the host. Sequential and random
// reads and writes of the same image, by IDE DMA and by virtio, as MB/s of the guest's own clock and as a ratio to the
// host's; and how long Debian's disks take to their login, where such disks are kept.

import { closeSync, existsSync, fsyncSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { initramfsWithPrograms } from './build-programs.mjs';
import { contestants } from './contestants.mjs';
import { GUESTS_FOLDER, LOAD_DRIVERS, prepareDisksGuest, prepareGuests } from '../guests/prepare-guests.mjs';
import { boxwrightRun, SHELL_PROMPT } from '../support/guest-session.mjs';

const MIB = 0x10_0000;
const IMAGE_MIB = 64;
const BOOT_LIMIT_MS = 600_000;
const COMMAND_LIMIT_MS = 300_000;
const RANDOM_BLOCKS = 400;
const RANDOM_BYTES = 4096;

const folder = mkdtempSync(join(tmpdir(), 'boxwright-disks-'));
try {
  const { values } = parseArgs({ options: { peer: { type: 'string' } } });
  await main();
  await logins(contestants(['jit'], values.peer === undefined ? [] : [values.peer]));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function main() {
  prepareGuests((line) => process.stderr.write(`${line}\n`));
  const image = join(folder, 'disk.img');
  const virtioImage = join(folder, 'virtio.img');
  for (const path of [image, virtioImage]) writeFileSync(path, Buffer.alloc(IMAGE_MIB * MIB, 0x5a));
  const host = hostRates(image);
  const guest = prepareDisksGuest('amd64');
  const initrd = initramfsWithPrograms('amd64', guest.initrd);
  const session = await boxwrightRun([
    ...['-m', '512', '-nographic', '-kernel', guest.kernel, '-initrd', initrd, '-append', 'console=ttyS0 mitigations=off quiet'],
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
  const said = await session.command(`/bin/bench-disk ${device} ${IMAGE_MIB}`, COMMAND_LIMIT_MS);
  const rate = (/** @type {string} */ name) => {
    const value = new RegExp(`^${name}=(\\d+)`, 'm').exec(said)?.[1];
    if (value === undefined) throw new Error(`the guest said nothing of its ${name} rate: ${said.trim()}`);
    return Number(value);
  };
  return { read: rate('read') / 1e6, write: rate('write') / 1e6, randomRead: rate('random') };
}

/** @param {string} name @param {Rates} rates @param {Rates} host */
function print(name, rates, host) {
  const cell = (/** @type {number} */ value, /** @type {number} */ base) => `${value.toFixed(0).padStart(6)} (${(value / base).toFixed(2)})`;
  process.stdout.write(
    `${name.padEnd(10)} read ${cell(rates.read, host.read)} MB/s, write ${cell(rates.write, host.write)} MB/s, random ${cell(rates.randomRead, host.randomRead)} blocks/s\n`,
  );
}

/** From a program's start to the login of a Debian on its disk. @param {import('./contestants.mjs').Emulator[]} all */
async function logins(all) {
  for (const arch of ['i386', 'amd64']) {
    const disk = join(GUESTS_FOLDER, 'disks', `debian-${arch}-quick.img`);
    if (!existsSync(disk)) {
      process.stdout.write(`login ${arch}: left out, there is no ${disk}\n`);
      continue;
    }
    for (const { name, run } of all) {
      const session = await run(['-m', '256', '-nographic', '-drive', `file=${disk},format=raw,snapshot=on`]);
      try {
        await session.waitFor(new RegExp(`guest-${arch} login:`), BOOT_LIMIT_MS);
        const seconds = (performance.now() - session.startedMs) / 1000;
        process.stdout.write(`login ${arch.padEnd(6)} ${name.padEnd(6)} ${seconds.toFixed(1)} s\n`);
      } finally {
        await session.stop();
      }
    }
  }
}
