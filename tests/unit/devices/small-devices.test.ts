// Devices of few registers: port 92h, the debug console, isa-debug-exit, pc-testdev.

import { describe, expect, it } from 'vitest';
import { WiredOr } from '../../../src-main/engine/bus/irq-line.ts';
import { DebugConsole } from '../../../src-main/engine/devices/debug-console.ts';
import { DebugExit } from '../../../src-main/engine/devices/debug-exit.ts';
import { Dma8237 } from '../../../src-main/engine/devices/dma8237.ts';
import { FloatError } from '../../../src-main/engine/devices/float-error.ts';
import { Port92 } from '../../../src-main/engine/devices/port92.ts';
import { TestDevice } from '../../../src-main/engine/devices/test-device.ts';
import { accessor, FakePin, fakeContext } from '../../support/fake-context.ts';

describe('port 92h', () => {
  it('drives A20 and reads back', () => {
    const gate = new FakePin();
    const a20 = new WiredOr(gate);
    const io = accessor(new Port92({ a20: a20.source(), reset: { reset() {} } }));
    io.out(0x92, 0x02);
    expect([gate.level, io.in(0x92)]).toEqual([true, 2]);
    io.out(0x92, 0x00);
    expect(gate.level).toBe(false);
  });

  it('resets the processor when bit 0 rises', () => {
    const resets: string[] = [];
    const io = accessor(new Port92({ a20: new FakePin(), reset: { reset: (kind) => resets.push(kind) } }));
    io.out(0x92, 0x01);
    io.out(0x92, 0x03);
    io.out(0x92, 0x02);
    io.out(0x92, 0x03);
    expect(resets).toEqual(['processor', 'processor']);
  });
});

describe('debug console', () => {
  it('writes out and says that it is there', () => {
    const text: number[] = [];
    const io = accessor(new DebugConsole({ write: (byte) => text.push(byte) }));
    io.out(0xe9, 0x41);
    expect([text, io.in(0xe9)]).toEqual([[0x41], 0xe9]);
  });
});

describe('pc-testdev', () => {
  it('reads back what was written, by any width', () => {
    const device = new TestDevice(fakeContext());
    device.write(0, 0, 4, 0x11223344);
    device.write(0, 1, 2, 0xabcd);
    expect([device.read(0, 0, 4), device.read(0, 3, 1)]).toEqual([0x11abcd44, 0x11]);
    device.write(4, 0xfffe, 2, 0x1234);
    expect([device.read(4, 0xfffe, 2), device.read(4, 0, 4)]).toEqual([0x1234, 0]);
  });

  it('raises and lowers interrupt lines', () => {
    const context = fakeContext();
    const device = new TestDevice(context);
    device.write(3, 14, 1, 1);
    expect([context.irq('irq14').level, context.irq('irq15').level, device.read(3, 14, 1)]).toEqual([true, false, 1]);
    device.reset();
    expect(context.irq('irq14').level).toBe(false);
  });
});

describe('isa-debug-exit', () => {
  it('ends with value * 2 + 1', () => {
    const statuses: number[] = [];
    const io = accessor(new DebugExit({ base: 0xf4, bytes: 4, exit: (status) => statuses.push(status) }));
    io.out(0xf4, 0x10);
    io.out(0xf4, 0x1234, 2);
    expect(statuses).toEqual([0x21, 0x2469]);
  });
});

describe('8237A', () => {
  it('reads addresses and counts back through the byte flip-flop', () => {
    const io = accessor(new Dma8237({ dma: fakeContext().dma }));
    io.out(0x0c, 0);
    io.out(0x04, 0x34);
    io.out(0x04, 0x12);
    expect([io.in(0x04), io.in(0x04)]).toEqual([0x34, 0x12]);
    io.out(0xd8, 0);
    io.out(0xc6, 0x78);
    io.out(0xc6, 0x56);
    expect([io.in(0xc6), io.in(0xc6)]).toEqual([0x78, 0x56]);
  });

  it('masks channels one by one, all, and by master clear', () => {
    const io = accessor(new Dma8237({ dma: fakeContext().dma }));
    io.out(0x0a, 0x02);
    expect(io.in(0x0f) & 15).toBe(0x0b);
    io.out(0x0e, 0);
    io.out(0x0a, 0x05);
    expect(io.in(0x0f) & 15).toBe(0x02);
    io.out(0x0d, 0);
    expect(io.in(0x0f) & 15).toBe(0x0f);
  });

  it('keeps page registers and shows POST codes', () => {
    const codes: number[] = [];
    const io = accessor(new Dma8237({ dma: fakeContext().dma, onPostCode: (code) => codes.push(code) }));
    io.out(0x80, 0x55);
    io.out(0x87, 0x12);
    expect([io.in(0x80), io.in(0x87), codes]).toEqual([0x55, 0x12, [0x55]]);
  });
});

describe('x87 error latch', () => {
  it('holds IRQ 13 until port F0h is written', () => {
    const context = fakeContext();
    const device = new FloatError(context);
    device.raise();
    expect(context.irq('irq').level).toBe(true);
    accessor(device).out(0xf0, 0);
    expect(context.irq('irq').level).toBe(false);
  });
});
