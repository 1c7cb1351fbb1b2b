// The PS/2 mouse by INT 15h AH=C2h, and IRQ 12's work: bytes become packets for the program's handler.
// Reference: IBM PS/2 and PC BIOS Interface Technical Reference, INT 15h AH=C2h; data at 22h of the extended data area.

import { EBDA } from '../../memory-map.ts';
import type { BiosCall } from '../call.ts';
import { EBDA_MOUSE_FLAGS, EBDA_MOUSE_FLAGS2, EBDA_MOUSE_HANDLER, EBDA_MOUSE_PACKET } from '../data-area.ts';
import type { Outcome } from '../outcome.ts';

const DATA = 0x60;
const COMMAND = 0x64;
const OUTPUT_FULL = 0x01;
const FROM_MOUSE = 0x20;
const HAS_HANDLER = 0x80;
const RESEND = 0xfe;
const ACKNOWLEDGE = 0xfa;

const BAD_FUNCTION = 1;
const BAD_INPUT = 2;
const INTERFACE_ERROR = 3;
const NO_HANDLER = 5;
const RATES = [10, 20, 40, 60, 80, 100, 200];
/** Answers that a wait for an acknowledgement passes over. */
const MAX_PASSED = 8;

export function pointingDevice(call: BiosCall): Outcome {
  const error = dispatch(call);
  call.ah = error;
  call.carry = error !== 0;
  return 'done';
}

function dispatch(call: BiosCall): number {
  const { bh } = call;
  switch (call.al) {
    case 0x00:
      if (bh > 1) return BAD_INPUT;
      if (bh === 1 && (call.read8(EBDA + EBDA_MOUSE_FLAGS2) & HAS_HANDLER) === 0) return NO_HANDLER;
      return bh === 1 ? enable(call) : disable(call);
    case 0x01: return resetMouse(call);
    case 0x02: return bh < RATES.length ? command(call, [0xf3, RATES[bh]!]) : BAD_INPUT;
    case 0x03: return bh < 4 ? command(call, [0xe8, bh]) : BAD_INPUT;
    case 0x04: return deviceType(call);
    case 0x05: return initialise(call);
    case 0x06: return status(call);
    case 0x07: return setHandler(call);
    default: return BAD_FUNCTION;
  }
}

/** While the BIOS talks to the mouse itself, interrupts of the controller are off. */
function talk(call: BiosCall, act: () => number): number {
  call.out8(COMMAND, 0x20);
  const before = call.in8(DATA);
  writeCommandByte(call, before & ~0x03 & ~0x20);
  const result = act();
  writeCommandByte(call, (before & ~0x20) | 0x02);
  return result;
}

function writeCommandByte(call: BiosCall, value: number): void {
  call.out8(COMMAND, 0x60);
  call.out8(DATA, value);
}

function send(call: BiosCall, byte: number): boolean {
  call.out8(COMMAND, 0xd4);
  call.out8(DATA, byte);
  for (let n = 0; n < MAX_PASSED; n++) {
    const answer = receive(call);
    if (answer === ACKNOWLEDGE) return true;
    if (answer === RESEND || answer === undefined) return answer === RESEND ? false : n > 0;
  }
  return false;
}

function receive(call: BiosCall): number | undefined {
  const state = call.in8(COMMAND);
  return (state & (OUTPUT_FULL | FROM_MOUSE)) === (OUTPUT_FULL | FROM_MOUSE) ? call.in8(DATA) : undefined;
}

function command(call: BiosCall, bytes: readonly number[]): number {
  return talk(call, () => (bytes.every((byte) => send(call, byte)) ? 0 : INTERFACE_ERROR));
}

function enable(call: BiosCall): number {
  call.out8(0x21, call.in8(0x21) & ~0x04);
  call.out8(0xa1, call.in8(0xa1) & ~0x10);
  call.write8(EBDA + EBDA_MOUSE_FLAGS, call.read8(EBDA + EBDA_MOUSE_FLAGS) & 0xf8);
  return command(call, [0xf4]);
}

function disable(call: BiosCall): number {
  return command(call, [0xf5]);
}

function resetMouse(call: BiosCall): number {
  return talk(call, () => {
    if (!send(call, 0xff)) return INTERFACE_ERROR;
    call.bx = 0x00aa;
    for (let n = 0; n < 2; n++) receive(call);
    return 0;
  });
}

function deviceType(call: BiosCall): number {
  return talk(call, () => {
    if (!send(call, 0xf2)) return INTERFACE_ERROR;
    call.bh = receive(call) ?? 0;
    return 0;
  });
}

function initialise(call: BiosCall): number {
  if (call.bh === 0 || call.bh > 8) return BAD_INPUT;
  call.write8(EBDA + EBDA_MOUSE_FLAGS, 0);
  call.write8(EBDA + EBDA_MOUSE_FLAGS2, (call.read8(EBDA + EBDA_MOUSE_FLAGS2) & HAS_HANDLER) | (call.bh - 1));
  return resetMouse(call);
}

function status(call: BiosCall): number {
  if (call.bh === 1 || call.bh === 2) return command(call, [call.bh === 1 ? 0xe6 : 0xe7]);
  if (call.bh !== 0) return BAD_INPUT;
  return talk(call, () => {
    if (!send(call, 0xe9)) return INTERFACE_ERROR;
    call.bl = receive(call) ?? 0;
    call.cl = receive(call) ?? 0;
    call.dl = receive(call) ?? 0;
    return 0;
  });
}

function setHandler(call: BiosCall): number {
  const pointer = (call.selector('es') * 0x1_0000 + call.bx) >>> 0;
  const flags = call.read8(EBDA + EBDA_MOUSE_FLAGS2);
  call.write32(EBDA + EBDA_MOUSE_HANDLER, pointer);
  call.write8(EBDA + EBDA_MOUSE_FLAGS2, pointer === 0 ? flags & ~HAS_HANDLER : flags | HAS_HANDLER);
  return 0;
}

/** IRQ 12. Carry clear: a packet is complete; AX status, BX X, CX Y, DX 0 go to the handler. */
export function mousePacket(call: BiosCall): void {
  call.carry = true;
  const byte = receive(call);
  if (byte === undefined) return;
  const flags = EBDA + EBDA_MOUSE_FLAGS;
  const setup = call.read8(EBDA + EBDA_MOUSE_FLAGS2);
  const index = call.read8(flags) & 7;
  call.write8(EBDA + EBDA_MOUSE_PACKET + index, byte);
  if (index < (setup & 7)) {
    call.write8(flags, (call.read8(flags) & 0xf8) | (index + 1));
    return;
  }
  call.write8(flags, call.read8(flags) & 0xf8);
  if ((setup & HAS_HANDLER) === 0) return;
  call.ax = call.read8(EBDA + EBDA_MOUSE_PACKET);
  call.bx = call.read8(EBDA + EBDA_MOUSE_PACKET + 1);
  call.cx = call.read8(EBDA + EBDA_MOUSE_PACKET + 2);
  call.dx = 0;
  call.carry = false;
}
