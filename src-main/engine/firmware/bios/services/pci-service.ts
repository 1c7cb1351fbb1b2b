// PCI BIOS: INT 1Ah AH=B1h and the same functions called in 32-bit code, and the BIOS32 directory that leads there.
// Reference: PCI BIOS Specification 2.1, sections 3 and 4.

import type { BiosCall } from '../call.ts';
import { type ConfigWidth, type PciPlace, readConfig, writeConfig } from '../pci-config.ts';

const UNSUPPORTED = 0x81;
const BAD_VENDOR = 0x83;
const NOT_FOUND = 0x86;
const BAD_REGISTER = 0x87;
const BUFFER_TOO_SMALL = 0x89;
const SIGNATURE = 0x20494350;
const FUNCTIONS = 256;
/** "$PCI". */
const PCI_SERVICE = 0x49435024;

export interface BiosWindow {
  readonly base: number;
  readonly bytes: number;
}

/** EAX names a service; EBX=0. Answer: AL, base in EBX, size in ECX, entry in EDX. */
export function bios32(call: BiosCall, window: BiosWindow, entry: number): void {
  if ((call.ebx & 0xff) !== 0) {
    call.al = UNSUPPORTED;
    return;
  }
  if (call.eax !== PCI_SERVICE) {
    call.al = 0x80;
    return;
  }
  call.al = 0;
  call.ebx = window.base;
  call.ecx = window.bytes;
  call.edx = entry;
}

/** `routing`: entries of the $PIR table, for function 0Eh. */
export function pciService(call: BiosCall, routing: Uint8Array, entry: number): void {
  const status = service(call, routing, entry);
  if (status !== undefined) {
    call.ah = status;
    call.carry = status !== 0;
  }
}

function service(call: BiosCall, routing: Uint8Array, entry: number): number {
  switch (call.al & 0x7f) {
    case 0x01:
      call.edx = SIGNATURE;
      call.edi = entry;
      call.bx = 0x0210;
      call.cl = 0;
      call.al = 0x11;
      return 0;
    case 0x02: return findDevice(call);
    case 0x03: return findClass(call);
    case 0x08: case 0x09: case 0x0a: return read(call, (1 << (call.al & 3)) as ConfigWidth);
    case 0x0b: case 0x0c: case 0x0d: return write(call, (1 << ((call.al & 15) - 0x0b)) as ConfigWidth);
    case 0x0e: return routingOptions(call, routing);
    case 0x0f: return 0;
    default: return UNSUPPORTED;
  }
}

function find(call: BiosCall, matches: (place: PciPlace) => boolean): number {
  let index = call.si;
  for (let fn = 0; fn < FUNCTIONS; fn++) {
    const place = { bus: 0, function: fn };
    if (!matches(place) || index-- > 0) continue;
    call.bh = 0;
    call.bl = fn;
    return 0;
  }
  return NOT_FOUND;
}

function findDevice(call: BiosCall): number {
  if (call.dx === 0xffff) return BAD_VENDOR;
  const id = ((call.cx << 16) | call.dx) >>> 0;
  return find(call, (place) => readConfig(call.cpu.environment, place, 0, 4) === id);
}

function findClass(call: BiosCall): number {
  const wanted = call.ecx & 0xff_ffff;
  return find(call, (place) => readConfig(call.cpu.environment, place, 0, 2) !== 0xffff && readConfig(call.cpu.environment, place, 8, 4) >>> 8 === wanted);
}

const placeOf = (call: BiosCall): PciPlace => ({ bus: call.bh, function: call.bl });

function read(call: BiosCall, width: ConfigWidth): number {
  if (call.di > 0xff || call.di % width !== 0) return BAD_REGISTER;
  const value = readConfig(call.cpu.environment, placeOf(call), call.di, width);
  if (width === 4) call.ecx = value;
  else if (width === 2) call.cx = value;
  else call.cl = value;
  return 0;
}

function write(call: BiosCall, width: ConfigWidth): number {
  if (call.di > 0xff || call.di % width !== 0) return BAD_REGISTER;
  const value = width === 4 ? call.ecx : width === 2 ? call.cx : call.cl;
  writeConfig(call.cpu.environment, placeOf(call), call.di, width, value);
  return 0;
}

/** ES:DI: size and far pointer of the caller's buffer. BX: interrupts kept for PCI. */
function routingOptions(call: BiosCall, routing: Uint8Array): number {
  const header = call.linear('es', call.di);
  const room = call.read16(header);
  call.write16(header, routing.length);
  if (room < routing.length) return BUFFER_TOO_SMALL;
  const pointer = call.read32(header + 2);
  call.writeBytes((pointer >>> 16) * 16 + (pointer & 0xffff), routing);
  call.bx = 0x0c00;
  return 0;
}
