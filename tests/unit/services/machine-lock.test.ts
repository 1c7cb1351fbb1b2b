// One machine's folder is run by one application at a time; what a dead one left behind keeps nobody out. And whether
// there is memory for a machine.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../../../shared/machine/config.ts';
import { availableMemoryMiB, refuseTooLittleMemory } from '../../../src-main/services/host-memory.ts';
import { lockMachine } from '../../../src-main/services/machine-lock.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

describe('the lock of a machine', () => {
  it('keeps a second one out and goes with its holder', async () => {
    const folder = temporaryFolder();
    const lock = await lockMachine(folder, 'One');
    await expect(lockMachine(folder, 'One')).rejects.toMatchObject({ code: 'machine.inUse', detail: { pid: process.pid } });
    await lock.release();
    expect(existsSync(join(folder, 'lock'))).toBe(false);
    await (await lockMachine(folder, 'One')).release();
  });

  it('of a process that is gone, or that is no lock, keeps nobody out', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'lock');
    await lockMachine(folder, 'One');
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    for (const stale of [readFileSync(file, 'utf8').replace(String(process.pid), String(gone)), 'nonsense', '']) {
      writeFileSync(file, stale);
      await (await lockMachine(folder, 'One')).release();
    }
  });

  it('of another computer is believed', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: 1, host: 'elsewhere', boot: '', token: 'x' }));
    await expect(lockMachine(folder, 'One')).rejects.toMatchObject({ message: expect.stringContaining('elsewhere') });
  });
});

describe('memory for a machine', () => {
  it('is refused with the numbers when there is too little', () => {
    const settings = { ...defaultSettings('Big'), memoryMiB: 1024 };
    expect(() => refuseTooLittleMemory(settings, 256, 2048)).not.toThrow();
    expect(() => refuseTooLittleMemory(settings, 256, 1400)).toThrow(/1\.2 GiB|1200 MiB/);
    expect(() => refuseTooLittleMemory(settings, 0, 1400)).not.toThrow();
  });

  it('counts what caches would give back', () => {
    expect(availableMemoryMiB('MemTotal: 100 kB\nMemFree:  1 kB\nMemAvailable:   2097152 kB\n')).toBe(2048);
  });
});
