// Machines on threads of their own: starting, talking, pausing, ending, and refusing to start.

import { afterEach, describe, expect, it } from 'vitest';
import { BootError, type MachineOptions, type StopReason } from '../../../src-main/engine/index.ts';
import { createMachineRunner } from '../../../src-main/host/create-machine-runner.ts';
import type { MachineRunner } from '../../../src-main/host/machine-runner.ts';
import { testOptions } from '../../support/machine-options.ts';
import { code, timerKernel, tinyKernel } from '../../support/tiny-kernel.ts';

const runners: MachineRunner[] = [];

function build(kernel: Uint8Array, change: Partial<MachineOptions> = {}) {
  const runner = createMachineRunner(testOptions(kernel, { time: 'host', ...change }));
  runners.push(runner);
  let serial = '';
  runner.on('serial', (_port, bytes) => {
    serial += String.fromCharCode(...bytes);
  });
  const stopped = new Promise<StopReason>((resolve, reject) => {
    runner.on('stopped', resolve);
    runner.on('crashed', reject);
  });
  stopped.catch(() => {});
  return { runner, stopped, serial: () => serial };
}

afterEach(async () => {
  for (const runner of runners.splice(0)) await runner.powerOff();
});

describe('a machine on its thread', () => {
  it('sends everything it wrote before it ends', async () => {
    const text = 'some text '.repeat(30);
    const { runner, stopped, serial } = build(
      tinyKernel([...code.print(text), ...code.powerOff(), ...code.spin()]),
    );
    await runner.start();
    expect(await stopped).toEqual({ kind: 'power-off' });
    expect(serial()).toBe(text);
    expect((await runner.stats()).instructions).toBeGreaterThan(text.length);
  });

  it('gets its timer interrupts while it sleeps, and is idle meanwhile', async () => {
    // So many that it has time to sleep even where a busy host lets it begin late.
    const { runner, stopped, serial } = build(timerKernel(1000));
    await runner.start();
    expect(await stopped).toEqual({ kind: 'power-off' });
    expect(serial()).toBe('.'.repeat(1000));
    expect((await runner.stats()).idleNs).toBeGreaterThan(0);
  });

  it('takes serial input and tells when the guest has it', async () => {
    const { runner, stopped, serial } = build(
      tinyKernel([...code.echo(), ...code.powerOff(), ...code.spin()]),
    );
    const drained = new Promise((resolve) => runner.on('serialDrained', resolve));
    await runner.start();
    runner.serialWrite(
      0,
      Uint8Array.from('HAL\n', (c) => c.charCodeAt(0)),
    );
    await drained;
    expect(await stopped).toEqual({ kind: 'power-off' });
    expect(serial()).toBe('IBM');
  });

  it('is stopped although its guest never rests', async () => {
    const { runner, stopped } = build(tinyKernel(code.spin()));
    await runner.start();
    await runner.powerOff();
    expect(await stopped).toEqual({ kind: 'stopped' });
  });

  it('retires nothing while paused', async () => {
    const { runner } = build(tinyKernel(code.spin()));
    await runner.start();
    await runner.pause();
    const before = (await runner.stats()).instructions;
    expect((await runner.stats()).instructions).toBe(before);
    await runner.resume();
  });

  it.each([1, 2, 3, 4, 5])('says why a kernel cannot be used (%d)', async () => {
    const { runner } = build(new Uint8Array(4096));
    const problem = await runner.start().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(problem).toBeInstanceOf(BootError);
    expect((problem as BootError).code).toBe('not-a-kernel');
  });
});
