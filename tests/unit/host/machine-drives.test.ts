// A machine on its thread with a disk whose image is on this one: what the guest reads and writes by its ports.

import { afterEach, describe, expect, it } from 'vitest';
import type { StopReason } from '../../../src-main/engine/index.ts';
import { createMachineRunner } from '../../../src-main/host/create-machine-runner.ts';
import type { MachineRunner } from '../../../src-main/host/machine-runner.ts';
import { MemoryNode } from '../../support/memory-node.ts';
import { testOptions } from '../../support/machine-options.ts';
import { code, tinyKernel } from '../../support/tiny-kernel.ts';

const READ = 0x20;
const WRITE = 0x30;
const FLUSH = 0xe7;
const LBA = 3;

const port = (number: number): number[] => [0x66, 0xba, number & 0xff, number >> 8];
const command = (value: number): number[] => [
  ...[0x1f2, 0x1f3, 0x1f4, 0x1f5, 0x1f6].flatMap((register, at) => code.outb(register, [1, LBA, 0, 0, 0xe0][at]!)),
  ...code.outb(0x1f7, value),
];
/** in al, dx; test al, mask; jump back while the outcome is that. */
const poll = (mask: number, jump: number): number[] => [...port(0x1f7), 0xec, 0xa8, mask, jump, 0xfb];
const untilData = poll(0x08, 0x74);
const whileBusy = poll(0x80, 0x75);
/** in ax, dx; both bytes to COM1. */
const printWord = [...port(0x1f0), 0x66, 0xed, ...port(0x3f8), 0xee, 0x88, 0xe0, 0xee];
/** 256 words 4142h: mov ecx, 256; mov ax, ...; out dx, ax; loop. */
const fillSector = [0xb9, 0, 1, 0, 0, ...port(0x1f0), 0x66, 0xb8, 0x42, 0x41, 0x66, 0xef, 0xe2, 0xfc];
/** The status register to COM1, as a digit where it says error. */
const printError = [...port(0x1f7), 0xec, 0x24, 1, 0x04, 0x30, ...port(0x3f8), 0xee];

const runners: MachineRunner[] = [];
afterEach(async () => {
  for (const runner of runners.splice(0)) await runner.powerOff();
});

async function run(node: MemoryNode, program: readonly number[]): Promise<{ serial: string; failures: string[] }> {
  const medium = { bytes: node.length, readOnly: node.readOnly };
  const drives = [{ id: 'hd', kind: 'disk', attachment: { bus: 'ide', channel: 0, unit: 0 }, medium }] as const;
  const kernel = tinyKernel([...program, ...code.powerOff(), ...code.spin()]);
  const runner = createMachineRunner(testOptions(kernel, { time: 'host', drives }), new Map([['hd', { node }]]));
  runners.push(runner);
  let serial = '';
  const failures: string[] = [];
  runner.on('serial', (_port, bytes) => {
    serial += String.fromCharCode(...bytes);
  });
  runner.on('driveFailed', (drive, error) => failures.push(`${drive}: ${error.message}`));
  const stopped = new Promise<StopReason>((resolve, reject) => {
    runner.on('stopped', resolve);
    runner.on('crashed', reject);
  });
  await runner.start();
  expect(await stopped).toEqual({ kind: 'power-off' });
  return { serial, failures };
}

describe('a disk of a running machine', () => {
  it('is read into the memory of the guest', async () => {
    const node = new MemoryNode(new Uint8Array(8192));
    node.content.set([0x4f, 0x4b], LBA * 512);
    const { serial } = await run(node, [...command(READ), ...untilData, ...printWord]);
    expect(serial).toBe('OK');
  });

  it('has what was written and flushed, and is closed, when the machine has stopped', async () => {
    const node = new MemoryNode(new Uint8Array(8192));
    await run(node, [...command(WRITE), ...untilData, ...fillSector, ...whileBusy, ...code.outb(0x1f7, FLUSH), ...whileBusy]);
    expect(String.fromCharCode(...node.content.subarray(LBA * 512, LBA * 512 + 4))).toBe('BABA');
    expect(node.content[(LBA + 1) * 512 - 1]).toBe(0x41);
    expect(node.calls.slice(-3)).toEqual(['write 1536+512', 'flush', 'close']);
  });

  it('a write that is under way when the machine ends still reaches the image', async () => {
    const node = new MemoryNode(new Uint8Array(8192));
    await run(node, [...command(WRITE), ...untilData, ...fillSector]);
    expect(node.content[LBA * 512]).toBe(0x42);
    expect(node.closed).toBe(true);
  });

  it('a failure of the host is the guest\'s error and the user\'s notice', async () => {
    const node = new MemoryNode(new Uint8Array(8192));
    node.failure = 'io-error';
    const { serial, failures } = await run(node, [...command(READ), ...whileBusy, ...printError]);
    expect(serial).toBe('1');
    expect(failures).toEqual(['hd: disk.img: io-error']);
  });
});
