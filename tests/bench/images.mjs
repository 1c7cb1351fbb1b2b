// `npm run bench -- --images`: the image tool beside qemu-img on one file of 1 GiB, every other MiB random, the rest
// zero. Whole commands, start-up included; the best of several runs, taken in turns, because other work only ever adds.

import { spawn, spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { closeSync, fsyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildStale, ROOT } from '../../src-main/launch/build.mjs';
import { nodeBinary } from '../../src-main/launch/node-binary.mjs';

const MIB = 1024 * 1024;
const DISK_MIB = 1024;
/** How often a process is asked for its peak; the system keeps the maximum. */
const POLL_MS = 5;

/** @typedef {{ seconds: number, peakBytes: number, stdout: string }} Run */

const OURS = [nodeBinary(), join(ROOT, 'src-main', 'launch', 'boxwright.mjs'), 'img'];

/**
 * @param {number} rounds
 * @param {(line: string) => void} say
 * @returns {Promise<string>} A table.
 */
export async function measureImages(rounds, say) {
  if (spawnSync('qemu-img', ['--version']).status !== 0)
    throw new Error('qemu-img was not found (Debian: qemu-utils)');
  await buildStale(['main']);
  const folder = mkdtempSync(join(tmpdir(), 'boxwright-bench-'));
  try {
    return await measureIn(folder, rounds, say);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string} folder
 * @param {number} rounds
 * @param {(line: string) => void} say
 */
async function measureIn(folder, rounds, say) {
  const at = (/** @type {string} */ name) => join(folder, name);
  say('making 1 GiB…');
  makeDisk(at('disk.raw'));
  await run(['qemu-img', 'convert', '-O', 'qcow2', at('disk.raw'), at('disk.qcow2')]);
  settle(openSync(at('disk.qcow2'), 'r+'));
  const rows = [['', 'boxwright', 'qemu-img', 'ratio', 'peak memory']];
  /** @type {readonly (readonly [string, readonly string[]])[]} */
  const commands = [
    ['convert raw → qcow2', ['convert', '-O', 'qcow2', at('disk.raw'), at('TARGET')]],
    ['convert qcow2 → vmdk', ['convert', '-O', 'vmdk', at('disk.qcow2'), at('TARGET')]],
    ['convert raw → vdi', ['convert', '-O', 'vdi', at('disk.raw'), at('TARGET')]],
    ['convert -c raw → qcow2', ['convert', '-c', '-O', 'qcow2', at('disk.raw'), at('TARGET')]],
    ['compare raw, qcow2', ['compare', at('disk.raw'), at('disk.qcow2')]],
    ['info', ['info', at('disk.qcow2')]],
    ['create', ['create', '-f', 'qcow2', at('TARGET'), '20G']],
  ];
  for (const [name, args] of commands) {
    /** @type {{ ours: Run[], theirs: Run[] }} */
    const runs = { ours: [], theirs: [] };
    for (let round = 0; round < rounds; round++)
      for (const who of /** @type {const} */ (['theirs', 'ours'])) {
        rmSync(at('TARGET'), { force: true });
        runs[who].push(await run([...(who === 'ours' ? OURS : ['qemu-img']), ...args]));
        if (args.at(-1) === at('TARGET')) rmSync(at('TARGET'), { force: true });
      }
    const [ours, theirs] = [best(runs.ours), best(runs.theirs)];
    const peak = Math.max(...runs.ours.map(({ peakBytes }) => peakBytes));
    rows.push([name, ms(ours), ms(theirs), (ours / theirs).toFixed(2), `${(peak / MIB).toFixed(0)} MiB`]);
    say(rows.at(-1)?.join('  ') ?? '');
  }
  rows.push(await chainRow(at, rounds));
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  '),
    )
    .join('\n');
}

/**
 * Every third MiB in another image of the chain, read in order; beside a raw file, both with our own reader.
 * @param {(name: string) => string} at
 * @param {number} rounds
 */
async function chainRow(at, rounds) {
  const layers = ['one.qcow2', 'two.qcow2', 'three.qcow2'];
  for (const [depth, layer] of layers.entries()) {
    const behind = layers[depth - 1];
    const backing = behind === undefined ? [] : ['-b', at(behind), '-F', 'qcow2'];
    await run(['qemu-img', 'create', '-q', '-f', 'qcow2', ...backing, at(layer), `${DISK_MIB}M`]);
    const writes = [];
    for (let start = depth; start < DISK_MIB; start += 3)
      writes.push('-c', `write -q -P ${depth + 1} ${start}M 1M`);
    await run(['qemu-io', ...writes, at(layer)]);
  }
  const reading = ['bench', '-c', String(DISK_MIB * 4), '-s', '256k', '-d', '4'];
  /** @type {{ raw: number[], chain: number[] }} */
  const seconds = { raw: [], chain: [] };
  for (let round = 0; round < rounds; round++) {
    seconds.raw.push(benchSeconds(await run([...OURS, ...reading, '-f', 'raw', at('disk.raw')])));
    seconds.chain.push(benchSeconds(await run([...OURS, ...reading, at('three.qcow2')])));
  }
  const [raw, chain] = [Math.min(...seconds.raw), Math.min(...seconds.chain)];
  return [
    'read 3 qcow2 deep (beside raw)',
    `${(chain * 1000).toFixed(0)} ms`,
    `${(raw * 1000).toFixed(0)} ms`,
    (chain / raw).toFixed(2),
    '',
  ];
}

/** @param {Run} run */
const benchSeconds = ({ stdout }) => Number(/completed in ([\d.]+) seconds/.exec(stdout)?.[1]);

/** @param {readonly Run[]} runs */
const best = (runs) => Math.min(...runs.map(({ seconds }) => seconds));

/** @param {number} seconds */
const ms = (seconds) => `${(seconds * 1000).toFixed(0)} ms`;

/** @param {string} path */
function makeDisk(path) {
  const file = openSync(path, 'w');
  const bytes = new Uint8Array(MIB);
  const zeroes = new Uint8Array(MIB);
  for (let at = 0; at < DISK_MIB; at += 2) {
    writeSync(file, randomFillSync(bytes));
    writeSync(file, zeroes);
  }
  settle(file);
}

/** On the disk: what the system would otherwise write back during the first runs. @param {number} file */
function settle(file) {
  fsyncSync(file);
  closeSync(file);
}

/**
 * @param {readonly string[]} command
 * @returns {Promise<Run>}
 */
function run([program = '', ...args]) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    let peakBytes = 0;
    let stdout = '';
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    const poll = setInterval(() => {
      peakBytes = Math.max(peakBytes, peakOf(child.pid));
    }, POLL_MS);
    child.on('error', reject);
    child.on('close', (status) => {
      clearInterval(poll);
      const seconds = (performance.now() - start) / 1000;
      if (status === 0) resolve({ seconds, peakBytes, stdout });
      else reject(new Error(`${program} ${args.join(' ').slice(0, 200)}: status ${status}`));
    });
  });
}

/**
 * Linux alone tells.
 * @param {number | undefined} pid
 */
function peakOf(pid) {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
