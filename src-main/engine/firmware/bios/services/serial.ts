// INT 14h (serial ports) and INT 17h (printers, of which there are none).
// Reference: IBM PS/2 and PC BIOS Interface Technical Reference, INT 14h, INT 17h; National PC16550D, registers.

import type { BiosCall } from '../call.ts';
import { BDA_PARALLEL, BDA_SERIAL } from '../data-area.ts';

const LINE_CONTROL = 3;
const MODEM_CONTROL = 4;
const LINE_STATUS = 5;
const MODEM_STATUS = 6;
const DIVISOR_LATCH = 0x80;
const DATA_READY = 0x01;
const HOLDING_EMPTY = 0x20;
const TIMED_OUT = 0x80;
/** 115200 divided by the rates of AL bits 5-7. */
const DIVISORS = [1047, 768, 384, 192, 96, 48, 24, 12];
const EXTENDED_DIVISORS = [1047, 768, 384, 192, 96, 48, 24, 12, 6];

export function serialService(call: BiosCall): void {
  const port = call.dx < 4 ? call.read16(BDA_SERIAL + 2 * call.dx) : 0;
  if (port === 0) return;
  switch (call.ah) {
    case 0x00: initialise(call, port, DIVISORS[call.al >> 5]!, call.al & 0x1f); return status(call, port);
    case 0x01: return send(call, port);
    case 0x02: return receive(call, port);
    case 0x03: return status(call, port);
    case 0x04: {
      const parity = [0x00, 0x08, 0x18, 0x28, 0x38][call.bh] ?? 0;
      initialise(call, port, EXTENDED_DIVISORS[call.cl] ?? 12, parity | ((call.bl & 1) << 2) | (call.ch & 3));
      return status(call, port);
    }
    case 0x05:
      if (call.al === 1) call.out8(port + MODEM_CONTROL, call.bl);
      else call.bl = call.in8(port + MODEM_CONTROL);
      return status(call, port);
  }
}

function initialise(call: BiosCall, port: number, divisor: number, format: number): void {
  call.out8(port + LINE_CONTROL, DIVISOR_LATCH | format);
  call.out8(port, divisor & 0xff);
  call.out8(port + 1, divisor >> 8);
  call.out8(port + LINE_CONTROL, format);
  call.out8(port + MODEM_CONTROL, 0x03);
  call.out8(port + 1, 0);
}

function status(call: BiosCall, port: number): void {
  call.ah = call.in8(port + LINE_STATUS);
  call.al = call.in8(port + MODEM_STATUS);
}

function send(call: BiosCall, port: number): void {
  const line = call.in8(port + LINE_STATUS);
  if ((line & HOLDING_EMPTY) !== 0) call.out8(port, call.al);
  call.ah = (line & 0x7f) | ((line & HOLDING_EMPTY) !== 0 ? 0 : TIMED_OUT);
}

function receive(call: BiosCall, port: number): void {
  const line = call.in8(port + LINE_STATUS);
  if ((line & DATA_READY) !== 0) call.al = call.in8(port);
  call.ah = (line & 0x1f) | ((line & DATA_READY) !== 0 ? 0 : TIMED_OUT);
}

/** INT 17h: every printer has timed out. */
export function printerService(call: BiosCall): void {
  const port = call.dx < 3 ? call.read16(BDA_PARALLEL + 2 * call.dx) : 0;
  if (call.ah <= 2) call.ah = port === 0 ? TIMED_OUT | 0x01 : 0x90;
}
