// IN and OUT: the I/O permission check by IOPL and by the bitmap in the TSS, then the port itself.
// Reference: Intel SDM vol. 1 19.5 (I/O privilege, permission bitmap); vol. 2A IN.

import { CR0_PE, EFLAGS_IOPL, EFLAGS_VM } from '../state/control-bits.ts';
import { CPU_FIELDS as F, SEGMENT_INDEX } from '../state/cpu-state.ts';
import { currentPrivilege } from '../state/modes.ts';
import { segmentBase } from '../state/segments.ts';
import type { CpuContext } from './cpu-context.ts';
import { noteIoBreakpoint } from './debug-register.ts';
import { VECTOR_GP, wrapSystem } from './descriptor.ts';

const TSS_IO_BASE = 0x66;

/** Bits of the bitmap for `width` ports; -1 after a fault. */
function bitmapBits(cpu: CpuContext, port: number, width: number): number {
  const { tr } = SEGMENT_INDEX;
  const limit = cpu.get32(F.segmentLimit, tr);
  const isTss32 = (cpu.get32(F.segmentAccess, tr) & 8) !== 0;
  if (!isTss32 || limit < TSS_IO_BASE + 1) return 1;
  const base = segmentBase(cpu, tr);
  const ioBase = cpu.readLinear(wrapSystem(cpu, base + TSS_IO_BASE), 2, false);
  if (ioBase < 0) return -1;
  const offset = ioBase + (port >>> 3);
  // The processor reads two bytes, so that a last byte of ones has to close the map.
  if (offset + 1 > limit) return 1;
  const bits = cpu.readLinear(wrapSystem(cpu, base + offset), 2, false);
  return bits < 0 ? -1 : (bits >>> (port & 7)) & ((1 << width) - 1);
}

export function checkPort(cpu: CpuContext, portArgument: number, width: number): number {
  if ((cpu.low(F.cr0) & CR0_PE) === 0) return 0;
  const rest = cpu.get32(F.flagRest);
  const isOpen = (rest & EFLAGS_VM) === 0 && currentPrivilege(cpu) <= (rest & EFLAGS_IOPL) >>> 12;
  if (isOpen) return 0;
  const bits = bitmapBits(cpu, portArgument & 0xffff, width);
  if (bits === 0) return 0;
  return bits < 0 ? 1 : cpu.raise(VECTOR_GP, 0);
}

const toWidth = (width: number): 1 | 2 | 4 => (width === 1 ? 1 : width === 2 ? 2 : 4);

export function portIn(cpu: CpuContext, portArgument: number, width: number): number {
  if (checkPort(cpu, portArgument, width) !== 0) return 1;
  const port = portArgument & 0xffff;
  noteIoBreakpoint(cpu, port, width);
  cpu.setHalves(F.scratch, cpu.environment.portRead(port, toWidth(width)), 0, 0);
  return 0;
}

export function portOut(cpu: CpuContext, portArgument: number, width: number, value: number): number {
  if (checkPort(cpu, portArgument, width) !== 0) return 1;
  const port = portArgument & 0xffff;
  const mask = width === 4 ? 0xffffffff : (1 << (width * 8)) - 1;
  noteIoBreakpoint(cpu, port, width);
  cpu.environment.portWrite(port, toWidth(width), (value & mask) >>> 0);
  return 0;
}
