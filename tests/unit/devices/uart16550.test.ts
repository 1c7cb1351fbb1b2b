// The 16550A (National PC16550D): FIFOs, line and modem status, interrupt priorities.

import { describe, expect, it } from 'vitest';
import { Uart16550 } from '../../../src-main/engine/devices/uart16550/uart16550.ts';
import { accessor, fakeContext } from '../../support/fake-context.ts';

const RBR = 0x3f8;
const THR = 0x3f8;
const IER = 0x3f9;
const IIR = 0x3fa;
const FCR = 0x3fa;
const LCR = 0x3fb;
const MCR = 0x3fc;
const LSR = 0x3fd;
const MSR = 0x3fe;
const SCR = 0x3ff;

function board() {
  const context = fakeContext();
  const sent: number[] = [];
  const input: number[] = [];
  const modem: [boolean, boolean][] = [];
  const uart = new Uart16550(context, {
    id: 'uart0',
    base: 0x3f8,
    peer: {
      transmit: (byte) => sent.push(byte),
      receive: () => input.shift() ?? -1,
      modemControl: (dtr, rts) => modem.push([dtr, rts]),
    },
  });
  const io = accessor(uart);
  const type = (...bytes: number[]) => {
    input.push(...bytes);
    uart.inputAvailable();
  };
  io.out(MCR, 0x08);
  return { ...io, context, uart, sent, input, modem, type, irq: context.irq('irq') };
}

describe('16550A', () => {
  it('sends what is written to THR and is ready at once', () => {
    const { out, in: read, sent } = board();
    out(THR, 0x41);
    expect([sent, read(LSR)]).toEqual([[0x41], 0x60]);
  });

  it('interrupts for the empty transmitter when enabled, until IIR is read; again after each character', () => {
    const { out, in: read, irq } = board();
    out(IER, 0x02);
    expect([irq.level, read(IIR)]).toEqual([true, 0x02]);
    expect([irq.level, read(IIR)]).toEqual([false, 0x01]);
    out(THR, 1);
    expect([irq.level, read(IIR), irq.level]).toEqual([true, 0x02, false]);
  });

  it('keeps the divisor behind DLAB', () => {
    const { out, in: read, uart } = board();
    out(LCR, 0x83);
    out(RBR, 0x01);
    out(IER, 0x00);
    expect([read(RBR), read(IER), uart.baudRate]).toEqual([1, 0, 115200]);
    out(LCR, 0x03);
    expect(read(IER)).toBe(0);
  });

  it('receives one character at a time without FIFO and pulls the next when it is read', () => {
    const { out, in: read, type, input, irq } = board();
    out(IER, 0x01);
    type(1, 2, 3);
    expect([input.length, irq.level, read(LSR) & 1, read(IIR)]).toEqual([2, true, 1, 0x04]);
    expect([read(RBR), read(RBR), read(RBR), read(LSR) & 1, irq.level]).toEqual([1, 2, 3, 0, false]);
  });

  it('identifies its FIFO and leaves the peer what does not fit', () => {
    const { out, in: read, type, input } = board();
    out(FCR, 0x01);
    expect(read(IIR)).toBe(0xc1);
    type(...Array.from({ length: 40 }, (_, i) => i));
    expect(input.length).toBe(24);
    expect(Array.from({ length: 40 }, () => read(RBR))).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(read(LSR) & 1).toBe(0);
  });

  it('interrupts at the trigger level, or after four character times below it', () => {
    const { out, in: read, type, irq, context } = board();
    out(FCR, 0x81);
    out(IER, 0x01);
    type(1, 2, 3);
    expect(irq.level).toBe(false);
    context.clock.advance(5e6);
    expect([irq.level, read(IIR)]).toEqual([true, 0xcc]);
    read(RBR);
    expect(irq.level).toBe(false);
    type(4, 5, 6, 7, 8, 9);
    expect([irq.level, read(IIR)]).toEqual([true, 0xc4]);
  });

  it('clears the receiver by FCR bit 1', () => {
    const { out, in: read, type } = board();
    out(FCR, 0x01);
    type(1, 2);
    out(FCR, 0x03);
    expect(read(LSR) & 1).toBe(0);
  });

  it('loops back data with overrun, and the modem lines', () => {
    const { out, in: read, sent, irq } = board();
    read(MSR);
    out(MCR, 0x1f);
    expect(read(MSR) & 0xf0).toBe(0xf0);
    out(MCR, 0x1a);
    expect([read(MSR), read(MSR)]).toEqual([0x96, 0x90]);
    out(IER, 0x0f);
    out(THR, 0x55);
    out(THR, 0x66);
    expect([sent, read(LSR), read(LSR), read(RBR), irq.level]).toEqual([[], 0x63, 0x61, 0x66, false]);
  });

  it('orders interrupt causes: line status, data, transmitter, modem', () => {
    const { out, in: read, type, uart } = board();
    out(MCR, 0x10);
    out(MCR, 0x08);
    out(IER, 0x0f);
    type(1);
    uart.receiveBreak();
    expect(read(IIR)).toBe(0x06);
    expect(read(LSR) & 0x12).toBe(0x12);
    expect(read(IIR)).toBe(0x04);
    read(RBR);
    expect([read(IIR), read(IIR)]).toEqual([0x02, 0x00]);
    read(MSR);
    expect(read(IIR)).toBe(0x01);
  });

  it('gates its interrupt with OUT2', () => {
    const { out, irq } = board();
    out(MCR, 0);
    out(IER, 0x02);
    expect(irq.level).toBe(false);
    out(MCR, 0x08);
    expect(irq.level).toBe(true);
  });

  it('tells the peer of DTR and RTS', () => {
    const { out, modem } = board();
    out(MCR, 0x0b);
    out(MCR, 0x09);
    expect(modem).toEqual([
      [true, true],
      [true, false],
    ]);
  });

  it('keeps scratch and divisor over a reset, nothing else', () => {
    const { out, in: read, uart, type, irq } = board();
    out(SCR, 0x5a);
    out(LCR, 0x80);
    out(RBR, 3);
    out(LCR, 0x03);
    out(IER, 0x01);
    type(1);
    uart.reset();
    expect([irq.level, read(SCR), read(IER), read(LCR), read(LSR), read(MSR)]).toEqual([
      false,
      0x5a,
      0,
      0,
      0x60,
      0xb0,
    ]);
    out(LCR, 0x80);
    expect(read(RBR)).toBe(3);
  });
});
