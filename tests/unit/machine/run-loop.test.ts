// The run loop on small kernels, with time counted in instructions: ports, timers, HLT, reset and the ways to end.

import { describe, expect, it } from 'vitest';
import { code, lateSleeperKernel, timerKernel, tinyKernel } from '../../support/tiny-kernel.ts';
import { MiB } from '../../support/machine-options.ts';
import { testMachine } from '../../support/test-machine.ts';

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

describe('ending', () => {
  it('soft-off ends the machine, with all output sent before', () => {
    const { machine, events, serial } = testMachine(tinyKernel([...code.print('bye'), ...code.powerOff(), ...code.spin()]));
    expect(machine.runFor(100_000)).toEqual({ kind: 'power-off' });
    expect(serial()).toBe('bye');
    expect(events.at(-1)).toMatchObject({ kind: 'stopped', reason: { kind: 'power-off' } });
  });

  it('the debug exit device ends it with its value', () => {
    const { machine } = testMachine(tinyKernel([...code.outb(0xf4, 5), ...code.spin()]), { debugExit: { base: 0xf4, length: 4 } });
    expect(machine.runFor(100_000)).toEqual({ kind: 'debug-exit', value: 5 });
  });

  it('a reset or triple fault ends it where it must not restart', () => {
    const stop = { onReset: 'stop' } as const;
    expect(testMachine(tinyKernel([...code.reset(), ...code.spin()]), stop).machine.runFor(100_000)).toEqual({ kind: 'reset' });
    expect(testMachine(tinyKernel(code.tripleFault()), stop).machine.runFor(100_000)).toEqual({ kind: 'triple-fault' });
  });

  it('a command ends it', () => {
    const { machine } = testMachine(tinyKernel(code.spin()));
    expect(machine.runFor(1000)).toEqual({ kind: 'budget' });
    machine.command({ kind: 'stop' });
    expect(machine.runFor(1000)).toEqual({ kind: 'stopped' });
  });

  it('the debug console comes out as it was written', () => {
    const { machine, events } = testMachine(tinyKernel([...code.outb(0xe9, 0x41), ...code.powerOff()]), { debugConsole: true });
    machine.runFor(100_000);
    expect(events.find((event) => event.kind === 'debug-output')).toMatchObject({ bytes: Uint8Array.of(0x41) });
  });
});

describe('restarting', () => {
  it('loads the kernel anew and runs it again', () => {
    const { machine, events, serial } = testMachine(tinyKernel([...code.print('x'), ...code.reset(), ...code.spin()]));
    for (let i = 0; i < 50 && events.filter((event) => event.kind === 'restarted').length < 3; i++) machine.runFor(10);
    expect(serial()).toMatch(/^xxx/);
  });

  it('follows a triple fault', () => {
    const { machine, events } = testMachine(tinyKernel(code.tripleFault()));
    machine.runFor(5);
    expect(events.some((event) => event.kind === 'restarted')).toBe(true);
    expect(events.some((event) => event.kind === 'log' && event.message.includes('triple fault'))).toBe(true);
  });
});

describe('time', () => {
  it('timer interrupts come at their rate while the guest sleeps, without host time passing', () => {
    const { machine, serial } = testMachine(timerKernel(20));
    expect(machine.runFor(1_000_000)).toEqual({ kind: 'power-off' });
    expect(serial()).toBe('.'.repeat(20));
    const nowMs = machine.engine.context.environment.nowNs() / 1e6;
    expect(nowMs).toBeGreaterThan(18.9);
    expect(nowMs).toBeLessThan(23);
  });

  it('an interrupt that waited for STI wakes the HLT behind it', () => {
    const { machine, serial } = testMachine(lateSleeperKernel());
    expect(machine.runFor(10_000_000)).toEqual({ kind: 'power-off' });
    expect(serial()).toBe('!');
    expect(machine.engine.context.environment.nowNs()).toBeLessThan(3.01e6);
  });

  it('a guest that sleeps with interrupts off is idle for good', () => {
    const { machine } = testMachine(tinyKernel([...code.cli(), ...code.hlt(), ...code.print('no')]));
    expect(machine.runFor(1_000_000)).toEqual({ kind: 'idle' });
  });

  it('the same run gives the same time', () => {
    const run = () => {
      const { machine } = testMachine(timerKernel(50));
      machine.runFor(1_000_000);
      return [machine.stats().instructions, machine.engine.context.environment.nowNs()];
    };
    expect(run()).toEqual(run());
  });
});

describe('serial input', () => {
  it('reaches a polling guest whole, and its end is told', () => {
    const { machine, events, serial } = testMachine(tinyKernel([...code.echo(), ...code.powerOff()]));
    machine.command({ kind: 'serial-input', port: 0, bytes: bytes('HAL'.repeat(40)) });
    machine.runFor(100_000);
    expect(events.filter((event) => event.kind === 'serial-drained').length).toBe(1);
    machine.command({ kind: 'serial-input', port: 0, bytes: bytes('\n') });
    expect(machine.runFor(100_000)).toEqual({ kind: 'power-off' });
    expect(serial()).toBe('IBM'.repeat(40));
  });
});

describe('building', () => {
  it('refuses a kernel that does not fit', () => {
    expect(() => testMachine(tinyKernel([]), { memoryBytes: 1 * MiB })).toThrow(/memory/);
  });
});

describe('the CMOS memory', () => {
  const poke = (register: number, value: number) => [...code.outb(0x70, register), ...code.outb(0x71, value)];
  const told = (events: ReturnType<typeof testMachine>['events']) => events.flatMap((event) => (event.kind === 'nvram' ? [event.bytes] : []));

  it('is told once for all changes, when the guest has left it alone for a while', () => {
    const sleep = [0xfb, 0xf4, 0xeb, 0xfd]; // sti; hlt; jmp hlt
    const { machine, events } = testMachine(tinyKernel([...poke(0x50, 1), ...poke(0x51, 2), ...sleep]));
    machine.runFor(5);
    expect(told(events)).toEqual([]);
    expect(machine.runFor(100_000)).toEqual({ kind: 'idle' });
    expect(told(events).map((bytes) => [bytes[0x50 - 0x0e], bytes[0x51 - 0x0e]])).toEqual([[1, 2]]);
  });

  it('is told before the machine ends, and there again in the next one, but for what firmware finds out', () => {
    const kernel = tinyKernel([...poke(0x50, 9), ...poke(0x15, 0), ...code.powerOff(), ...code.spin()]);
    const first = testMachine(kernel);
    expect(first.machine.runFor(100_000)).toEqual({ kind: 'power-off' });
    const [nvram] = told(first.events);
    const { machine } = testMachine(kernel, { nvram: nvram! });
    expect([machine.board.nvram[0x50 - 0x0e], machine.board.nvram[0x15 - 0x0e]]).toEqual([9, 640 & 0xff]);
  });
});
