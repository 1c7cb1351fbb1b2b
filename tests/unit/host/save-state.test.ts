// States of machines on their threads: saved while they run, continued by another machine, drives on new layers meanwhile.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { MachineOptions } from '../../../src-main/engine/index.ts';
import type { DriveOptions } from '../../../src-main/engine/machine/options.ts';
import { createMachineRunner } from '../../../src-main/host/create-machine-runner.ts';
import type { MachineRunner } from '../../../src-main/host/machine-runner.ts';
import type { SaveOptions } from '../../../src-main/host/save-state.ts';
import { openState } from '../../../src-main/host/state-files.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { testOptions } from '../../support/machine-options.ts';
import { code, tinyKernel } from '../../support/tiny-kernel.ts';

/** Several machines each, on a computer that may be busy. */
const PATIENCE_MS = 180_000;

const runners: MachineRunner[] = [];

/** Sends every character of its serial port back, one greater. */
const ECHO = tinyKernel([...code.print('>'), ...code.echo(), ...code.powerOff(), ...code.spin()]);

/** A machine with all that it can have. */
const BOARD: Partial<MachineOptions> = {
  cpuModel: 'x86-64-v2',
  accelerator: 'jit',
  hpet: true,
  entropy: true,
  serialPorts: 2,
  videoMemoryBytes: 0x10_0000,
  drives: [
    { id: 'ide', kind: 'disk', attachment: { bus: 'ide', channel: 0, unit: 0 } },
    { id: 'cd', kind: 'cdrom', attachment: { bus: 'ide', channel: 1, unit: 0 } },
    { id: 'floppy', kind: 'floppy', attachment: { bus: 'floppy', unit: 0 } },
    { id: 'ahci', kind: 'disk', attachment: { bus: 'ahci', index: 0 } },
    { id: 'virtio', kind: 'disk', attachment: { bus: 'virtio', index: 0 } },
  ].map((drive) => ({ ...drive, ...medium(0x16_8000) }) as DriveOptions),
};

/** States that versions before this one have written, by machine and version, and what the machine has. */
const FIXTURES: Readonly<Record<string, Partial<MachineOptions>>> = {
  'echo-0.1.0': { videoMemoryBytes: 0x10_0000 },
  'board-0.1.0': BOARD,
};

function medium(bytes: number) {
  return { medium: { bytes, readOnly: false }, memory: new Uint8Array(bytes) };
}

const fixture = (name: string): string => join(import.meta.dirname, '..', '..', 'fixtures', 'states', `${name}.state`);

function partsOf(path: string): string[] {
  const state = openState(path);
  try {
    return state.sections().map(({ id, version }) => `${id} ${version}`);
  } finally {
    state.close();
  }
}

function build(change: Partial<MachineOptions> = {}) {
  const runner = createMachineRunner(testOptions(ECHO, { time: 'host', ...change }));
  runners.push(runner);
  let serial = '';
  const waiting: { text: string; resolve: () => void }[] = [];
  runner.on('serial', (_port, bytes) => {
    serial += String.fromCharCode(...bytes);
    for (const { text, resolve } of waiting) if (serial.includes(text)) resolve();
  });
  const shows = (text: string): Promise<void> =>
    new Promise((resolve) => {
      if (serial.includes(text)) resolve();
      else waiting.push({ text, resolve });
    });
  const type = (text: string): void => runner.serialWrite(0, Uint8Array.from(text, (c) => c.charCodeAt(0)));
  return { runner, shows, type, serial: () => serial };
}

const saving = (path: string, change: Partial<SaveOptions> = {}): SaveOptions => ({
  path, parent: undefined, layers: [], onReleased: () => {}, onProgress: () => {}, ...change,
});

afterEach(async () => {
  for (const runner of runners.splice(0)) await runner.powerOff();
});

describe('the state of a running machine', () => {
  it.each(Object.entries(FIXTURES))('of an earlier version can be continued, and survives a reset: %s', async (name, change) => {
    const { runner, shows, type, serial } = build(change);
    await runner.start(fixture(name));
    type('abc');
    await shows('bcd');
    expect(serial()).toBe('bcd');
    runner.reset();
    await shows('>');
    type('x');
    await shows('y');
  }, PATIENCE_MS);

  it('has no part of a version that no earlier state holds: with BOXWRIGHT_NEW_STATE=NAME this makes one', async () => {
    const name = process.env['BOXWRIGHT_NEW_STATE'];
    const path = name === undefined ? join(temporaryFolder(), 'a.state') : fixture(name);
    const { runner, shows } = build(BOARD);
    await runner.start();
    await shows('>');
    await runner.saveState(saving(path));
    const held = Object.keys(FIXTURES).flatMap((one) => partsOf(fixture(one)));
    expect(held).toEqual(expect.arrayContaining(partsOf(path)));
  }, PATIENCE_MS);

  it('is continued by another machine, while the first one goes on', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'a.state');
    const first = build();
    await first.runner.start();
    await first.shows('>');
    const released: number[] = [];
    const saved = await first.runner.saveState(saving(path, { onReleased: (ms) => released.push(ms) }));
    expect(saved.pages).toBeGreaterThan(0);
    expect(released).toEqual([saved.pausedMs]);
    expect(readdirSync(folder)).toEqual(['a.state']);
    first.type('HAL');
    await first.shows('IBM');

    const second = build();
    await second.runner.start(path);
    second.type('abc');
    await second.shows('bcd');
    expect(second.serial()).toBe('bcd');
    const next = await second.runner.saveState(saving(join(folder, 'b.state'), { parent: path }));
    expect(next.ownPages).toBeLessThan(next.pages / 2);
  }, PATIENCE_MS);

  it('is refused by a machine with other memory or another device, and leaves no file when it is given up', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'a.state');
    const first = build();
    await first.runner.start();
    await first.shows('>');
    const given = first.runner.saveState(saving(path, { onReleased: () => first.runner.cancelSave() }));
    await expect(given).rejects.toMatchObject({ code: 'state.cancelled' });
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
    await first.runner.saveState(saving(path));
    await expect(first.runner.saveState(saving(path))).rejects.toMatchObject({ code: 'files.exists' });
    await expect(build({ memoryBytes: 16 * 0x10_0000 }).runner.start(path)).rejects.toThrow(
      /does not fit this machine: it is of one with 8 MiB of memory, this one has 16/,
    );
    await expect(build({ hpet: true }).runner.start(path)).rejects.toThrow(/hpet: the machine has this part, the state does not/);
  }, PATIENCE_MS);

  it('is not begun with when any of its memory is damaged', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'a.state');
    const first = build();
    await first.runner.start();
    await first.shows('>');
    await first.runner.saveState(saving(path));
    const bytes = readFileSync(path);
    // Pages take the middle of the file.
    bytes[bytes.length >> 1] = bytes[bytes.length >> 1]! ^ 1;
    writeFileSync(path, bytes);
    const other = build();
    await expect(other.runner.start(path)).rejects.toMatchObject({ code: 'state.damaged', detail: { reason: 'damaged', file: path } });
    expect(other.serial()).toBe('');
  }, PATIENCE_MS);
});
