// INT 15h but for APM and the mouse: memory, A20, waiting, configuration, keyboard intercept.
// Reference: ACPI 6.5, 15.1 (E820h); IBM PS/2 and PC BIOS Interface Technical Reference, INT 15h.

import type { Dma } from '../../../bus/dma.ts';
import type { BiosCall } from '../call.ts';
import { EBDA_SEGMENT, WAIT_START } from '../data-area.ts';
import { type MemoryRange, splitRam } from '../../memory-map.ts';
import type { Outcome } from '../outcome.ts';
import { SYSTEM_ROM_SEGMENT } from '../rom/system-rom.ts';
import { powerManagement } from './apm.ts';
import { pointingDevice } from './mouse.ts';
import { eventWait } from './time.ts';

const KiB = 1024;
const MiB = 0x10_0000;
const SMAP = 0x534d_4150;
const UNSUPPORTED = 0x86;
const MAX_MOVE = 0x1_0000;

export interface SystemServices {
  readonly ramBytes: number;
  readonly map: readonly MemoryRange[];
  /** Offset of the configuration table in the system ROM. */
  readonly configuration: number;
  readonly memory: Dma;
  readonly apmEntries: { readonly real: number; readonly protected32: number; readonly protected16: number };
  powerOff(): void;
  /** Ends the HLT of a waiting stub at a time of the guest's clock. */
  wakeAt(ns: number): void;
}

export function systemService(call: BiosCall, services: SystemServices): Outcome {
  switch (call.ah) {
    case 0x24: return a20(call);
    case 0x4f: case 0x80: case 0x81: case 0x82: case 0x85: case 0x90: case 0x91: return quiet(call);
    case 0x53: return powerManagement(call, services);
    case 0x83: eventWait(call); return 'done';
    case 0x86: return wait(call, services);
    case 0x87: return moveBlock(call, services);
    case 0x88: return extendedMemory(call, services);
    case 0xc0: return configuration(call, services);
    case 0xc1: call.setRealSegment('es', EBDA_SEGMENT); call.carry = false; return 'done';
    case 0xc2: return pointingDevice(call, services.wakeAt);
    case 0xe8: return bigMemory(call, services);
    default: return refuse(call);
  }
}

function refuse(call: BiosCall): Outcome {
  call.ah = UNSUPPORTED;
  call.carry = true;
  return 'done';
}

/** Hooks for other programs. AH=4Fh leaves carry set, as it was, so that the key is taken. */
function quiet(call: BiosCall): Outcome {
  if (call.ah === 0x4f) return 'done';
  call.ah = 0;
  call.carry = false;
  return 'done';
}

/** AH=24h, by the fast gate at port 92h. */
function a20(call: BiosCall): Outcome {
  const gate = call.in8(0x92);
  switch (call.al) {
    case 0: call.out8(0x92, gate & ~3); break;
    case 1: call.out8(0x92, (gate & ~1) | 2); break;
    case 2: call.al = (gate >> 1) & 1; break;
    case 3: call.bx = 3; break;
    default: return refuse(call);
  }
  call.ah = 0;
  call.carry = false;
  return 'done';
}

/** AH=86h: microseconds in CX:DX. When it began stands in the extended data area; 0: not yet. */
function wait(call: BiosCall, { wakeAt }: SystemServices): Outcome {
  const now = Math.floor(call.cpu.environment.nowNs() / 1000);
  const until = call.read32(WAIT_START) * 2 ** 32 + call.read32(WAIT_START + 4);
  if (until === 0) {
    const end = now + call.cx * 0x1_0000 + call.dx + 1;
    call.write32(WAIT_START, Math.floor(end / 2 ** 32));
    call.write32(WAIT_START + 4, end % 2 ** 32);
    wakeAt(end * 1000);
    return 'wait';
  }
  if (now < until) return 'wait';
  call.write32(WAIT_START, 0);
  call.write32(WAIT_START + 4, 0);
  call.ah = 0;
  call.carry = false;
  return 'done';
}

/** AH=87h: CX words from the third to the fourth segment of the caller's descriptor table at ES:SI. */
function moveBlock(call: BiosCall, { memory }: SystemServices): Outcome {
  const table = call.linear('es', call.si);
  const base = (entry: number): number => {
    const low = call.read32(table + 8 * entry + 2);
    return ((low & 0xff_ffff) | (call.read8(table + 8 * entry + 7) << 24)) >>> 0;
  };
  if (call.cx > 0x8000) {
    call.ah = 0x02;
    call.carry = true;
    return 'done';
  }
  const bytes = new Uint8Array(Math.min(MAX_MOVE, call.cx * 2));
  memory.read(base(2), bytes);
  memory.write(base(3), bytes);
  call.ah = 0;
  call.carry = false;
  return 'done';
}

function extendedMemory(call: BiosCall, { ramBytes }: SystemServices): Outcome {
  // Up to 63 MiB: beyond it old programs take the number for negative.
  call.ax = Math.min(63 * KiB, (splitRam(ramBytes).low - MiB) / KiB);
  call.carry = false;
  return 'done';
}

function configuration(call: BiosCall, services: SystemServices): Outcome {
  call.setRealSegment('es', SYSTEM_ROM_SEGMENT);
  call.bx = services.configuration;
  call.ah = 0;
  call.carry = false;
  return 'done';
}

function bigMemory(call: BiosCall, services: SystemServices): Outcome {
  const { low } = splitRam(services.ramBytes);
  switch (call.al) {
    case 0x01:
      call.ax = call.cx = Math.min(15 * KiB, (low - MiB) / KiB);
      call.bx = call.dx = Math.max(0, (low - 16 * MiB) / (64 * KiB));
      break;
    case 0x20: return memoryRange(call, services);
    case 0x81:
      call.eax = call.ecx = Math.min(15 * KiB, (low - MiB) / KiB);
      call.ebx = call.edx = Math.max(0, (low - 16 * MiB) / (64 * KiB));
      break;
    default: return refuse(call);
  }
  call.carry = false;
  return 'done';
}

/** E820h: EBX is the index of the next range. */
function memoryRange(call: BiosCall, { map }: SystemServices): Outcome {
  const range = map[call.ebx];
  if (call.edx !== SMAP || range === undefined || call.ecx < 20) return refuse(call);
  const entry = new Uint8Array(call.ecx >= 24 ? 24 : 20);
  const view = new DataView(entry.buffer);
  const wide = (at: number, value: number): void => {
    view.setUint32(at, value % 2 ** 32, true);
    view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
  };
  wide(0, range.base);
  wide(8, range.length);
  view.setUint32(16, range.type, true);
  if (entry.length === 24) view.setUint32(20, 1, true);
  call.writeBytes(call.linear('es', call.di), entry);
  call.eax = SMAP;
  call.ecx = entry.length;
  call.ebx = call.ebx + 1 < map.length ? call.ebx + 1 : 0;
  call.carry = false;
  return 'done';
}
