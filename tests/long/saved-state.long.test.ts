// A real Linux guest, saved in the middle of its work and continued by another process: what it computes is right.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createMachineRunner } from '../../src-main/host/create-machine-runner.ts';
import type { MachineRunner } from '../../src-main/host/machine-runner.ts';
import { boxwrightRun } from '../support/guest-session.mjs';
import { guestTitle, hasGuest, linuxGuest } from '../support/guests.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { timeLimit } from '../support/time-limit.ts';

const MIB = 0x10_0000;
const MEMORY_MIB = 256;
const LIMIT_MS = 600_000;
const PAUSE_LIMIT_MS = 200;
/** Takes a while, and sums up all that it has made. */
const WORK = 'stty columns 1000; echo BE""GUN; for i in 1 2 3 4 5 6; do seq 1 100000 > /tmp/$i; done; cat /tmp/? | md5sum; echo END""ED\n';

/** Of `seq 1 100000`, six times. */
const RIGHT = '67d1e5d577adb323a685900b905942b4';

const runners: MachineRunner[] = [];
afterAll(async () => {
  for (const runner of runners) await runner.powerOff();
});

describe.skipIf(!hasGuest('amd64'))(guestTitle('Linux in the middle of its work', 'amd64'), () => {
  it('is saved while it goes on, and two processes come to the same result', async () => {
    const { kernel, initrd } = linuxGuest('amd64');
    const runner = createMachineRunner({
      memoryBytes: MEMORY_MIB * MIB, cpuModel: 'x86-64-v1', accelerator: 'jit', serialPorts: 1, debugConsole: false, debugExit: undefined,
      videoMemoryBytes: 16 * MIB, onReset: 'restart', time: 'host',
      boot: {
        kernel: { name: 'kernel', bytes: readFileSync(kernel) }, commandLine: 'console=ttyS0',
        modules: [{ name: 'initrd', bytes: readFileSync(initrd), arguments: '' }],
      },
    });
    runners.push(runner);
    let serial = '';
    let changed = (): void => {};
    runner.on('serial', (_port, bytes) => {
      serial += String.fromCharCode(...bytes);
      changed();
    });
    const until = (text: string): Promise<void> =>
      new Promise((resolve) => {
        changed = () => {
          if (serial.includes(text)) resolve();
        };
        changed();
      });
    await runner.start();
    await until('GUEST-BOOT-OK');
    runner.serialWrite(0, Buffer.from(WORK));
    await until('BEGUN');
    const path = join(temporaryFolder(), 'work.state');
    const saved = await runner.saveState({ path, parent: undefined, layers: [], onReleased: () => {}, onProgress: () => {} });
    expect(saved.pausedMs).toBeLessThan(timeLimit(PAUSE_LIMIT_MS));
    const [copy] = await Promise.all([
      boxwrightRun([
        ...['-m', `${MEMORY_MIB}`, '-nographic', '-kernel', kernel, '-initrd', initrd, '-append', 'console=ttyS0', '--restore-state', path],
      ]),
      until('ENDED'),
    ]);
    try {
      // The kernel's certificates have such numbers too.
      const sum = /([0-9a-f]{32}) +-[\s\S]*ENDED/.exec(serial)?.[1];
      expect(sum).toBe(RIGHT);
      const [, same] = await copy.waitFor(/([0-9a-f]{32}) +-[\s\S]*ENDED/, LIMIT_MS);
      expect(same).toBe(sum);
    } finally {
      await copy.stop();
    }
  }, 2 * LIMIT_MS);
});
