// INT 1Ah but for PCI: ticks, clock, date and alarm; and IRQ 8's work.
// Reference: IBM PS/2 and PC BIOS Interface Technical Reference, INT 1Ah; Motorola MC146818A, registers.

import type { BiosCall } from '../call.ts';
import { BDA_MIDNIGHT, BDA_TICKS, BDA_WAIT_ACTIVE, BDA_WAIT_COUNT, BDA_WAIT_FLAG } from '../data-area.ts';

const INDEX = 0x70;
const DATA = 0x71;
const SECONDS = 0x00;
const SECONDS_ALARM = 0x01;
const MINUTES = 0x02;
const HOURS = 0x04;
const DAY = 0x07;
const MONTH = 0x08;
const YEAR = 0x09;
const STATUS_A = 0x0a;
const STATUS_B = 0x0b;
const STATUS_C = 0x0c;
const CENTURY = 0x32;
const UPDATING = 0x80;
const SET = 0x80;
const PERIODIC = 0x40;
const ALARM = 0x20;
const HOURS_24 = 0x02;
const DAYLIGHT = 0x01;
const TICKS_PER_DAY = 0x1800b0;
/** Of the periodic interrupt at 1024 Hz, in microseconds. */
const PERIOD_US = 976;

const read = (call: BiosCall, register: number): number => {
  call.out8(INDEX, register);
  return call.in8(DATA);
};
const write = (call: BiosCall, register: number, value: number): void => {
  call.out8(INDEX, register);
  call.out8(DATA, value);
};
const fromBcd = (value: number): number => (value >> 4) * 10 + (value & 15);

/** Ticks since midnight by the clock: what POST starts counting from. */
export function initialiseTime(call: BiosCall): void {
  write(call, STATUS_A, 0x26);
  write(call, STATUS_B, HOURS_24);
  read(call, STATUS_C);
  const seconds = fromBcd(read(call, HOURS)) * 3600 + fromBcd(read(call, MINUTES)) * 60 + fromBcd(read(call, SECONDS));
  call.write32(BDA_TICKS, Math.floor((seconds * TICKS_PER_DAY) / 86400) % TICKS_PER_DAY);
}

export function timeService(call: BiosCall): boolean {
  switch (call.ah) {
    case 0x00: {
      const ticks = call.read32(BDA_TICKS);
      call.cx = ticks >>> 16;
      call.dx = ticks & 0xffff;
      call.al = call.read8(BDA_MIDNIGHT);
      call.write8(BDA_MIDNIGHT, 0);
      break;
    }
    case 0x01:
      call.write32(BDA_TICKS, ((call.cx << 16) | call.dx) >>> 0);
      call.write8(BDA_MIDNIGHT, 0);
      break;
    case 0x02: return readTime(call);
    case 0x03: setTime(call); break;
    case 0x04: return readDate(call);
    case 0x05: setDate(call); break;
    case 0x06: return setAlarm(call);
    case 0x07: write(call, STATUS_B, read(call, STATUS_B) & ~ALARM); break;
    default: return false;
  }
  call.carry = false;
  return true;
}

/** While the clock counts on, its registers must not be read: carry says so, as real ones do. */
function isUpdating(call: BiosCall): boolean {
  const busy = (read(call, STATUS_A) & UPDATING) !== 0;
  call.carry = busy;
  return busy;
}

function readTime(call: BiosCall): boolean {
  if (isUpdating(call)) return true;
  call.dh = read(call, SECONDS);
  call.cl = read(call, MINUTES);
  call.ch = read(call, HOURS);
  call.dl = read(call, STATUS_B) & DAYLIGHT;
  call.ah = 0;
  call.al = call.ch;
  return true;
}

function setTime(call: BiosCall): void {
  const status = read(call, STATUS_B);
  write(call, STATUS_B, status | SET);
  write(call, SECONDS, call.dh);
  write(call, MINUTES, call.cl);
  write(call, HOURS, call.ch);
  write(call, STATUS_B, (status & ~(SET | DAYLIGHT)) | HOURS_24 | (call.dl & DAYLIGHT));
  call.ah = 0;
}

function readDate(call: BiosCall): boolean {
  if (isUpdating(call)) return true;
  call.cl = read(call, YEAR);
  call.dh = read(call, MONTH);
  call.dl = read(call, DAY);
  call.ch = read(call, CENTURY);
  call.ah = 0;
  call.al = call.ch;
  return true;
}

function setDate(call: BiosCall): void {
  const status = read(call, STATUS_B);
  write(call, STATUS_B, status | SET);
  write(call, YEAR, call.cl);
  write(call, MONTH, call.dh);
  write(call, DAY, call.dl);
  write(call, CENTURY, call.ch);
  write(call, STATUS_B, status & ~SET);
  call.ah = 0;
}

function setAlarm(call: BiosCall): boolean {
  const status = read(call, STATUS_B);
  call.carry = (status & ALARM) !== 0;
  if ((status & ALARM) !== 0) return true;
  write(call, SECONDS_ALARM, call.dh);
  write(call, SECONDS_ALARM + 2, call.cl);
  write(call, SECONDS_ALARM + 4, call.ch);
  write(call, STATUS_B, (status & ~SET) | ALARM);
  call.out8(0xa1, call.in8(0xa1) & ~1);
  return true;
}

/** IRQ 8: counts INT 15h AH=83h down; AL bit 0 tells of an alarm. */
export function clockTick(call: BiosCall): void {
  const causes = read(call, STATUS_C) & read(call, STATUS_B);
  if ((causes & PERIODIC) !== 0) countDown(call);
  call.al = (causes & ALARM) !== 0 ? 1 : 0;
}

function countDown(call: BiosCall): void {
  if ((call.read8(BDA_WAIT_ACTIVE) & 1) === 0) return;
  const left = call.read32(BDA_WAIT_COUNT) - PERIOD_US;
  if (left > 0) {
    call.write32(BDA_WAIT_COUNT, left);
    return;
  }
  const flag = call.read32(BDA_WAIT_FLAG);
  const at = (flag >>> 16) * 16 + (flag & 0xffff);
  call.write32(BDA_WAIT_COUNT, 0);
  call.write8(BDA_WAIT_ACTIVE, 0);
  write(call, STATUS_B, read(call, STATUS_B) & ~PERIODIC);
  call.write8(at, call.read8(at) | 0x80);
}

/** INT 15h AH=83h: AL=0 starts, AL=1 ends. */
export function eventWait(call: BiosCall): void {
  const active = (call.read8(BDA_WAIT_ACTIVE) & 1) !== 0;
  if (call.al === 1) {
    call.write8(BDA_WAIT_ACTIVE, 0);
    write(call, STATUS_B, read(call, STATUS_B) & ~PERIODIC);
    call.carry = false;
    return;
  }
  call.carry = active;
  if (active) return;
  call.write32(BDA_WAIT_FLAG, call.selector('es') * 0x1_0000 + call.bx);
  call.write32(BDA_WAIT_COUNT, ((call.cx << 16) | call.dx) >>> 0);
  call.write8(BDA_WAIT_ACTIVE, 1);
  write(call, STATUS_B, read(call, STATUS_B) | PERIODIC);
  call.out8(0xa1, call.in8(0xa1) & ~1);
  call.ah = 0;
}
