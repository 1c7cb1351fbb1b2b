// Advanced Power Management 1.2: INT 15h AH=53h and the interfaces for protected mode. What it is good for here is
// idling and switching the machine off.
// Reference: APM BIOS Interface Specification 1.2, section 4.

import type { BiosCall } from '../call.ts';
import { APM_STATE } from '../data-area.ts';
import type { Outcome } from '../outcome.ts';
import { SYSTEM_ROM_SEGMENT } from '../rom/system-rom.ts';
import type { SystemServices } from './system.ts';

const PM = 0x504d;
const DISCONNECTED = 0;
const REAL = 1;
const PROTECTED_16 = 2;
const PROTECTED_32 = 3;
const NOT_CONNECTED = 0x03;
const UNKNOWN_DEVICE = 0x09;
const NO_EVENT = 0x80;
const UNSUPPORTED = 0x0c;
const SEGMENT_BYTES = 0xffff;
const STATE_OFF = 3;

type ApmParts = Pick<SystemServices, 'apmEntries' | 'powerOff'>;

export function powerManagement(call: BiosCall, parts: ApmParts): Outcome {
  const error = dispatch(call, parts);
  if (error !== 0) call.ah = error;
  call.carry = error !== 0;
  return 'done';
}

function dispatch(call: BiosCall, parts: ApmParts): number {
  switch (call.al) {
    case 0x00:
      if (call.bx !== 0) return UNKNOWN_DEVICE;
      call.ax = 0x0102;
      call.bx = PM;
      // 16- and 32-bit interfaces.
      call.cx = 0x0003;
      return 0;
    case 0x01: return connect(call, REAL);
    case 0x02: return connect16(call, parts);
    case 0x03: return connect32(call, parts);
    case 0x04: call.write8(APM_STATE, DISCONNECTED); return 0;
    case 0x05: case 0x06: return 0;
    case 0x07: return setState(call, parts);
    case 0x08: case 0x09: case 0x0d: case 0x0f: return 0;
    case 0x0a: return powerStatus(call);
    case 0x0b: return NO_EVENT;
    case 0x0c: call.cx = 0; return 0;
    case 0x0e: call.ax = 0x0102; return 0;
    case 0x10: call.bl = 0; call.cx = 0; return 0;
    default: return UNSUPPORTED;
  }
}

function connect(call: BiosCall, mode: number): number {
  if (call.read8(APM_STATE) !== DISCONNECTED) return mode === REAL ? 0x02 : mode === PROTECTED_16 ? 0x05 : 0x07;
  call.write8(APM_STATE, mode);
  return 0;
}

function connect16(call: BiosCall, { apmEntries }: ApmParts): number {
  const error = connect(call, PROTECTED_16);
  if (error !== 0) return error;
  call.ax = SYSTEM_ROM_SEGMENT;
  call.bx = apmEntries.protected16;
  call.cx = SYSTEM_ROM_SEGMENT;
  call.si = SEGMENT_BYTES;
  call.di = SEGMENT_BYTES;
  return 0;
}

function connect32(call: BiosCall, { apmEntries }: ApmParts): number {
  const error = connect(call, PROTECTED_32);
  if (error !== 0) return error;
  call.ax = SYSTEM_ROM_SEGMENT;
  call.ebx = apmEntries.protected32;
  call.cx = SYSTEM_ROM_SEGMENT;
  call.dx = SYSTEM_ROM_SEGMENT;
  call.set32(6, SEGMENT_BYTES * 0x1_0000 + SEGMENT_BYTES);
  call.di = SEGMENT_BYTES;
  return 0;
}

function setState(call: BiosCall, parts: ApmParts): number {
  if (call.bx !== 0x0001) return call.bx >> 8 === 0 ? UNKNOWN_DEVICE : 0;
  if (call.cx === STATE_OFF) parts.powerOff();
  return call.cx > STATE_OFF ? 0x0a : 0;
}

function powerStatus(call: BiosCall): number {
  if (call.bx !== 0x0001) return UNKNOWN_DEVICE;
  // On line; no battery.
  call.bx = 0x01ff;
  call.cx = 0x80ff;
  call.dx = 0xffff;
  call.si = 0;
  return 0;
}

/** The entry points of protected mode take the same registers; only disconnecting ends them. */
export function protectedPowerManagement(call: BiosCall, parts: ApmParts): Outcome {
  const mode = call.cpu.readLinear(APM_STATE, 1, false);
  if (mode !== PROTECTED_16 && mode !== PROTECTED_32) {
    call.ah = NOT_CONNECTED;
    call.carry = true;
    return 'done';
  }
  return powerManagement(call, parts);
}
