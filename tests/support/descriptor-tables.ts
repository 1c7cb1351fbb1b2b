// Builders for descriptor tables in the memory of a FakeCpu, and processors that are set up in one of the
// modes: the stage on which tests of gates, privilege and tasks play.
import { CPU_MODELS } from '../../src-main/engine/x86/models/index.ts';
import { SEGMENT_INDEX } from '../../src-main/engine/x86/state/cpu-state.ts';
import { setSegment, setVirtualSegment } from '../../src-main/engine/x86/state/segments.ts';
import { FakeCpu } from './fake-cpu.ts';

export const GDT = 0x1000;
export const IDT = 0x2000;
export const TSS = 0x3000;
export const LDT = 0x3800;
/** Top of the stack in use, and of the one the TSS names for CPL 0. */
export const STACK = 0x9000;
export const STACK0 = 0xa000;

/** Selectors of the standard GDT. */
export const CODE0 = 0x08;
export const DATA0 = 0x10;
export const CODE3 = 0x1b;
export const DATA3 = 0x23;
export const TSS_SELECTOR = 0x28;
/** 16 bytes in long mode. */
export const CODE64 = 0x38;
export const CODE64_USER = 0x43;
export const LDT_SELECTOR = 0x48;
/** From here on the tests place what they want. */
export const FREE = 0x60;

const { es, cs, ss, ds, fs, gs, tr, ldtr } = SEGMENT_INDEX;

/** Memory that tables are written into. */
type TableMemory = Pick<FakeCpu, 'view'>;

export interface SegmentSpec {
  readonly base?: number;
  /** As stored: 20 bits. */
  readonly limit?: number;
  /** Bytes 5 and 6: type, S, DPL, P, and L, D/B, G in bits 13-15. */
  readonly access: number;
}

export function setDescriptor(cpu: TableMemory, selector: number, spec: SegmentSpec): void {
  const { base = 0, limit = 0xfffff, access } = spec;
  const address = (selector & 4 ? LDT : GDT) + (selector & 0xfff8);
  cpu.view.setUint32(address, ((base & 0xffff) << 16) | (limit & 0xffff), true);
  cpu.view.setUint32(
    address + 4,
    (base & 0xff000000) |
      ((access & 0xf000) << 8) |
      (limit & 0xf0000) |
      ((access & 0xff) << 8) |
      ((base >>> 16) & 0xff),
    true,
  );
}

export interface GateSpec {
  readonly type: number;
  readonly dpl?: number;
  readonly present?: boolean;
  readonly selector: number;
  readonly offset: number;
  readonly parameters?: number;
  readonly offsetHigh?: number;
  readonly ist?: number;
}

function setGateAt(cpu: TableMemory, address: number, gate: GateSpec): void {
  const { type, dpl = 0, present = true, selector, offset, parameters = 0, offsetHigh, ist = 0 } = gate;
  cpu.view.setUint32(address, (selector << 16) | (offset & 0xffff), true);
  cpu.view.setUint32(
    address + 4,
    (offset & 0xffff0000) | (present ? 0x8000 : 0) | (dpl << 13) | (type << 8) | parameters | ist,
    true,
  );
  if (offsetHigh === undefined) return;
  cpu.view.setUint32(address + 8, offsetHigh, true);
  cpu.view.setUint32(address + 12, 0, true);
}

/** A call or task gate in the GDT. */
export const setGate = (cpu: TableMemory, selector: number, gate: GateSpec): void =>
  setGateAt(cpu, GDT + (selector & 0xfff8), gate);

/** An IDT entry, of 16 bytes when `offsetHigh` is given. */
export const setVector = (cpu: TableMemory, vector: number, gate: GateSpec): void =>
  setGateAt(cpu, IDT + vector * (gate.offsetHigh === undefined ? 8 : 16), gate);

/** Loads a segment register with a flat segment of a privilege, and RIP, RSP and CPL with it. */
export function enterLevel(cpu: FakeCpu, cpl: 0 | 3): void {
  const dpl = cpl << 5;
  const data = cpl === 0 ? DATA0 : DATA3;
  setSegment(cpu, cs, cpl === 0 ? CODE0 : CODE3, 0xc09b | dpl, 0, 0xffffffff);
  for (const index of [ss, ds, es, fs, gs]) setSegment(cpu, index, data, 0xc093 | dpl, 0, 0xffffffff);
  cpu.set32('cpl', cpl);
  cpu.setHalves('rip', 0x5000, 0);
  cpu.setHalves('gpr', STACK, 0, 4);
  cpu.updateMode();
}

/** Flat 32-bit protected mode without paging: GDT, IDT of 256 entries, a 32-bit TSS, an LDT. */
export function protectedCpu(cpl: 0 | 3 = 0): FakeCpu {
  const cpu = new FakeCpu();
  cpu.setHalves('cr0', 0x11, 0);
  cpu.setHalves('gdtrBase', GDT, 0);
  cpu.set32('gdtrLimit', 0x1ff);
  cpu.setHalves('idtrBase', IDT, 0);
  cpu.set32('idtrLimit', 0x7ff);
  setDescriptor(cpu, CODE0, { access: 0xc09b });
  setDescriptor(cpu, DATA0, { access: 0xc093 });
  setDescriptor(cpu, CODE3, { access: 0xc0fb });
  setDescriptor(cpu, DATA3, { access: 0xc0f3 });
  setDescriptor(cpu, TSS_SELECTOR, { base: TSS, limit: 0x67, access: 0x8b });
  setDescriptor(cpu, LDT_SELECTOR, { base: LDT, limit: 0xff, access: 0x82 });
  setSegment(cpu, tr, TSS_SELECTOR, 0x8b, TSS, 0x67);
  setSegment(cpu, ldtr, LDT_SELECTOR, 0x82, LDT, 0xff);
  cpu.view.setUint32(TSS + 4, STACK0, true);
  cpu.view.setUint32(TSS + 8, DATA0, true);
  // No I/O permission bitmap.
  cpu.view.setUint16(TSS + 0x66, 0x68, true);
  cpu.writeFlags(2);
  enterLevel(cpu, cpl);
  return cpu;
}

/** Virtual-8086 mode at CS:IP 0800:0000 with a stack at 0900:1000. */
export function virtualCpu(iopl: 0 | 3): FakeCpu {
  const cpu = protectedCpu(3);
  cpu.writeFlags(0x20002 | (iopl << 12));
  for (const index of [es, ds, fs, gs]) setVirtualSegment(cpu, index, 0x700 + index);
  setVirtualSegment(cpu, cs, 0x800);
  setVirtualSegment(cpu, ss, 0x900);
  cpu.setHalves('gpr', 0x1000, 0, 4);
  cpu.setHalves('rip', 0, 0);
  cpu.updateMode();
  return cpu;
}

/**
 * 64-bit mode at CPL 0 or 3 with an identity map of the first 2 MiB, which is also mapped at the top of the
 * address space (-2 GiB).
 */
export function longCpu(cpl: 0 | 3 = 0): FakeCpu {
  const cpu = new FakeCpu(CPU_MODELS['x86-64-v2']);
  const map = (address: number, value: number): void => cpu.view.setUint32(address, value, true);
  const PML4 = 0x10000;
  map(PML4, 0x11007);
  map(PML4 + 511 * 8, 0x11007);
  map(0x11000, 0x12007);
  map(0x11000 + 510 * 8, 0x12007);
  map(0x12000, 0x87);
  for (const [name, low] of [
    ['cr0', 0x80010011],
    ['cr4', 0x20],
    ['cr3', PML4],
    ['efer', 0xd01],
  ] as const) {
    cpu.setHalves(name, low, 0);
  }
  cpu.setHalves('gdtrBase', GDT, 0);
  cpu.set32('gdtrLimit', 0x1ff);
  cpu.setHalves('idtrBase', IDT, 0);
  cpu.set32('idtrLimit', 0xfff);
  setDescriptor(cpu, CODE0, { access: 0xc09b });
  setDescriptor(cpu, DATA0, { access: 0xc093 });
  setDescriptor(cpu, CODE3, { access: 0xc0fb });
  setDescriptor(cpu, DATA3, { access: 0xc0f3 });
  setDescriptor(cpu, TSS_SELECTOR, { base: TSS, limit: 0x67, access: 0x8b });
  setDescriptor(cpu, CODE64, { access: 0xa09b });
  setDescriptor(cpu, CODE64_USER, { access: 0xa0fb });
  setSegment(cpu, tr, TSS_SELECTOR, 0x8b, TSS, 0x67);
  cpu.view.setUint32(TSS + 4, STACK0, true);
  cpu.writeFlags(2);
  enterLevel(cpu, cpl);
  setSegment(cpu, cs, cpl === 0 ? CODE64 : CODE64_USER, 0xa09b | (cpl << 5), 0, 0xffffffff);
  cpu.updateMode();
  return cpu;
}

/** Words above a stack pointer, as a handler finds them. */
export const stackWords = (cpu: FakeCpu, linear: number, count: number, bytes: 2 | 4 | 8 = 4): number[] =>
  Array.from({ length: count }, (_, i) =>
    bytes === 2
      ? cpu.view.getUint16(linear + i * 2, true)
      : bytes === 4
        ? cpu.view.getUint32(linear + i * 4, true)
        : Number(cpu.view.getBigInt64(linear + i * 8, true)),
  );

export const selectorOf = (cpu: FakeCpu, index: number): number => cpu.get32('segmentSelector', index);
