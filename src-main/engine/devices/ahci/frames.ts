// The frames that a device sends to its port's receive area. Reference: Serial ATA AHCI 1.3.1, 4.2.1 (received FIS);
// Serial ATA 2.6, 10.3 (frame types).

import { writeU16, writeU32 } from '../../base/bytes.ts';
import type { UnitState } from '../ide/state.ts';

/** Offsets in the receive area. */
export const PIO_SETUP = 0x20;
export const DEVICE_TO_HOST = 0x40;
export const DEVICE_BITS = 0x58;

const INTERRUPT = 0x40;
const TO_HOST = 0x20;

function taskFile(type: number, flags: number, unit: UnitState, device: number): Uint8Array {
  const { status, error, low, mid, high, count, previous } = unit;
  return Uint8Array.of(
    ...[type, flags, status, error, low, mid, high, device],
    ...[previous[2]!, previous[3]!, previous[4]!, 0, count, previous[1]!, 0, 0, 0, 0, 0, 0],
  );
}

export function deviceToHost(unit: UnitState, device: number, interrupt: boolean): Uint8Array {
  return taskFile(0x34, interrupt ? INTERRUPT : 0, unit, device);
}

export function pioSetup(unit: UnitState, device: number, toHost: boolean, bytes: number): Uint8Array {
  const frame = taskFile(0x5f, INTERRUPT | (toHost ? TO_HOST : 0), unit, device);
  frame[15] = unit.status;
  writeU16(frame, 16, bytes);
  return frame;
}

/** Native queuing: these commands have ended. */
export function deviceBits(status: number, error: number, ended: number): Uint8Array {
  const frame = Uint8Array.of(0xa1, INTERRUPT, status & 0x77, error, 0, 0, 0, 0);
  writeU32(frame, 4, ended >>> 0);
  return frame;
}
