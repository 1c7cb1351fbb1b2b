// The stages on which random programs play: a mode with its tables, a code, a data and a stack area, and handlers
// that stop at every exception so that the runner can look and skip the instruction.
// Reference: Intel SDM vol. 3A 2.2 (modes), 4.3 and 4.5 (paging), 6.11 and 6.14 (gates), 7.2 and 7.7 (TSS).

import type { CpuContext } from '../../../src-main/engine/x86/helpers/cpu-context.ts';
import {
  CR0_ET,
  CR0_MP,
  CR0_NE,
  CR0_PE,
  CR0_PG,
  CR0_WP,
  CR4_OSFXSR,
  CR4_OSXMMEXCPT,
  CR4_PAE,
  EFER_LMA,
  EFER_LME,
} from '../../../src-main/engine/x86/state/control-bits.ts';
import { GPR_INDEX, SEGMENT_INDEX } from '../../../src-main/engine/x86/state/cpu-state.ts';
import { resetCpu } from '../../../src-main/engine/x86/state/reset.ts';
import { setNullSegment, setSegment } from '../../../src-main/engine/x86/state/segments.ts';
import {
  CODE0,
  CODE3,
  DATA0,
  DATA3,
  GDT,
  IDT,
  setDescriptor,
  setVector,
  TSS,
  TSS_SELECTOR,
} from '../../support/descriptor-tables.ts';

export interface Scene {
  readonly name: string;
  readonly codeBits: 16 | 32 | 64;
  readonly cpl: 0 | 3;
  readonly paging: boolean;
  /** Bases of CS, DS, ES and SS; the areas' linear addresses are the same in all scenes. */
  readonly codeBase: number;
  readonly dataBase: number;
  readonly extraBase: number;
  readonly stackBase: number;
  /** Whether the machine without IR, TLB and WebAssembly can play here too. */
  readonly oracle: boolean;
}

const flat = { codeBase: 0, dataBase: 0, extraBase: 0, stackBase: 0 };
const based = { codeBase: 0x1_0000, dataBase: 0x2_0000, extraBase: 0x2_0100, stackBase: 0x3_0000 };

export const SCENES: readonly Scene[] = [
  { name: 'real mode', codeBits: 16, cpl: 0, paging: false, ...based, oracle: true },
  { name: 'flat 32-bit', codeBits: 32, cpl: 0, paging: false, ...flat, oracle: true },
  { name: '32-bit with bases and limits', codeBits: 32, cpl: 0, paging: false, ...based, oracle: true },
  { name: '16-bit protected', codeBits: 16, cpl: 3, paging: false, ...based, oracle: false },
  { name: 'paged 32-bit', codeBits: 32, cpl: 0, paging: true, ...flat, oracle: true },
  { name: 'paged 32-bit user', codeBits: 32, cpl: 3, paging: true, ...flat, oracle: false },
  { name: '64-bit', codeBits: 64, cpl: 0, paging: true, ...flat, oracle: true },
  { name: '64-bit user', codeBits: 64, cpl: 3, paging: true, ...flat, oracle: false },
];

export const RAM_BYTES = 0x4_0000;
/** Linear areas. */
export const CODE = 0x1_0000;
export const DATA = 0x2_0000;
export const STACK = 0x3_0000;
export const STACK_TOP = STACK + 0x4000;
const KERNEL_STACK_TOP = STACK + 0x8000;
/** In the data area: two pages that are not neighbours in memory, an unmapped one, a read-only one, and this. */
export const DATA_BYTES = 0x5000;
export const HIDDEN_DATA = DATA + 0x4000;
/** Handlers, sixteen bytes each: they halt, drop the error code and return. */
export const HANDLERS = 0x4000;
export const HANDLER_BYTES = 16;
export const HANDLER_COUNT = 48;
const PAGE_TABLES = 0x6000;
const PAGE_TABLE_BYTES = 0x4000;
/** Beyond the selectors of `descriptor-tables.ts`. */
const EXTRA = 0x60;
const STACK_SELECTOR = 0x68;
const HANDLER_CODE = 0x70;
const FLAT_DATA = 0x78;

/** Exceptions that push an error code. */
export const WITH_ERROR_CODE: ReadonlySet<number> = new Set([8, 10, 11, 12, 13, 14, 17]);

export interface Machine {
  readonly cpu: CpuContext;
  readonly memory: Uint8Array;
}

/** Everything of a scene but registers and program: written into memory once and copied from then on. */
export function sceneImage(scene: Scene): Uint8Array {
  const memory = new Uint8Array(RAM_BYTES);
  const target = { memory, view: new DataView(memory.buffer) };
  // A program that runs away comes to a HLT soon.
  memory.fill(0xf4);
  for (const table of [GDT, TSS]) memory.fill(0, table, table + 0x100);
  if (scene.paging) memory.fill(0, PAGE_TABLES, PAGE_TABLES + PAGE_TABLE_BYTES);
  writeHandlers(memory, scene);
  if (isReal(scene)) {
    for (let vector = 0; vector < 256; vector++) target.view.setUint32(vector * 4, handlerOf(vector), true);
    return memory;
  }
  writeDescriptors(target, scene);
  for (let vector = 0; vector < 256; vector++) {
    const dpl = vector === 3 || vector === 4 || vector >= 32 ? 3 : 0;
    const gate = { type: 14, dpl, selector: HANDLER_CODE, offset: handlerOf(vector) };
    setVector(target, vector, scene.codeBits === 64 ? { ...gate, offsetHigh: 0 } : gate);
  }
  if (scene.paging) writePageTables(target.view, scene);
  return memory;
}

const isReal = ({ codeBits, cpl }: Scene): boolean => codeBits === 16 && cpl === 0;
export const isRealMode = isReal;

export const handlerOf = (vector: number): number => HANDLERS + Math.min(vector, HANDLER_COUNT - 1) * HANDLER_BYTES;

function writeHandlers(memory: Uint8Array, scene: Scene): void {
  const [drop, back] =
    isReal(scene) ? [[], [0xcf]]
    : scene.codeBits === 64 ? [[0x48, 0x83, 0xc4, 0x08], [0x48, 0xcf]]
    : [[0x83, 0xc4, 0x04], [0xcf]];
  for (let vector = 0; vector < HANDLER_COUNT; vector++) {
    const code = [0xf4, ...(WITH_ERROR_CODE.has(vector) ? drop : []), ...back];
    memory.set(code, handlerOf(vector));
  }
}

interface Target {
  readonly view: DataView;
}

/** Accessed bits are set, so that nothing but the stack is written at an exception. */
function writeDescriptors(target: Target, scene: Scene): void {
  const big = scene.codeBits === 16 ? 0 : 0xc000;
  const [code, data] = scene.codeBits === 64 ? [0xa0, 0xc0] : [big >> 8, big >> 8];
  const limit = scene.dataBase === 0 ? 0xfffff : 0x7;
  const limitOf = (bytes: number) => (big === 0 ? bytes - 1 : limit);
  for (const dpl of [0, 3] as const) {
    const rights = dpl << 5;
    const codeSpec = { base: scene.codeBase, limit: limitOf(0x8000), access: (code << 8) | 0x9b | rights };
    setDescriptor(target, dpl === 0 ? CODE0 : CODE3, codeSpec);
    const dataSpec = { base: scene.dataBase, limit: limitOf(0x5000), access: (data << 8) | 0x93 | rights };
    setDescriptor(target, dpl === 0 ? DATA0 : DATA3, dataSpec);
  }
  const rights = 0x93 | (scene.cpl << 5);
  setDescriptor(target, EXTRA, { base: scene.extraBase, limit: limitOf(0x4f00), access: (data << 8) | rights });
  setDescriptor(target, STACK_SELECTOR, { base: scene.stackBase, limit: limitOf(0x8000), access: (data << 8) | rights });
  setDescriptor(target, HANDLER_CODE, { limit: 0xfffff, access: (scene.codeBits === 64 ? 0xa000 : 0xc000) | 0x9b });
  setDescriptor(target, FLAT_DATA, { limit: 0xfffff, access: 0xc093 });
  setDescriptor(target, TSS_SELECTOR, { base: TSS, limit: 0x67, access: 0x8b });
  target.view.setUint32(TSS + 4, KERNEL_STACK_TOP, true);
  if (scene.codeBits !== 64) target.view.setUint32(TSS + 8, FLAT_DATA, true);
  target.view.setUint16(TSS + 0x66, 0x68, true);
}

/** The two first data pages change places; the third is missing, the fourth read-only; tables are not mapped. */
function physicalEntry(linear: number): number {
  const page = linear & ~0xfff;
  if (page >= PAGE_TABLES && page < CODE) return 0;
  if (page === DATA) return (DATA + 0x2000) | 7;
  if (page === DATA + 0x2000) return 0;
  if (page === DATA + 0x3000) return page | 5;
  return page < GDT || page >= RAM_BYTES ? 0 : page < CODE ? page | 3 : page | 7;
}

function writePageTables(view: DataView, { codeBits }: Scene): void {
  const wide = codeBits === 64;
  const top = PAGE_TABLES;
  const levels = wide ? 3 : 1;
  for (let level = 0; level < levels; level++) view.setUint32(top + level * 0x1000, (top + (level + 1) * 0x1000) | 7, true);
  const table = top + levels * 0x1000;
  for (let linear = 0; linear < RAM_BYTES; linear += 0x1000) {
    view.setUint32(table + (linear >> 12) * (wide ? 8 : 4), physicalEntry(linear), true);
  }
}

/** Whether a byte of memory is the first of an entry. */
export const isPageEntry = ({ paging, codeBits }: Scene, at: number): boolean =>
  paging && at >= PAGE_TABLES && at < PAGE_TABLES + PAGE_TABLE_BYTES && at % (codeBits === 64 ? 8 : 4) === 0;

/** Where linear addresses of the data area stand in memory. */
export const physicalOf = (scene: Scene, linear: number): number =>
  scene.paging ? (physicalEntry(linear) & ~0xfff) + (linear & 0xfff) : linear;

/** Puts a processor into the scene, with a stack and rip at the code area. Memory holds the scene's image. */
export function enterScene(cpu: CpuContext, scene: Scene, rip: number): void {
  resetCpu(cpu, 'power-on');
  cpu.setHalves('cr4', CR4_OSFXSR | CR4_OSXMMEXCPT | (scene.codeBits === 64 ? CR4_PAE : 0), 0);
  const modeBits = (isReal(scene) ? 0 : CR0_PE) | (scene.paging ? CR0_PG | CR0_WP : 0);
  cpu.setHalves('cr0', (CR0_ET | CR0_NE | CR0_MP | modeBits) >>> 0, 0);
  if (scene.paging) cpu.setHalves('cr3', PAGE_TABLES, 0);
  if (scene.codeBits === 64) cpu.setHalves('efer', EFER_LME | EFER_LMA, 0);
  cpu.set32('fcw', 0x37f);
  cpu.set32('ftag', 0);
  cpu.setHalves('gpr', STACK_TOP - scene.stackBase, 0, GPR_INDEX.rsp);
  cpu.setHalves('rip', rip, 0);
  if (isReal(scene)) enterRealSegments(cpu, scene);
  else enterProtectedSegments(cpu, scene);
  cpu.flushTlb('all');
  cpu.updateMode();
}

function enterRealSegments(cpu: CpuContext, scene: Scene): void {
  const { es, cs, ss, ds, fs, gs } = SEGMENT_INDEX;
  for (const [index, base] of [
    [es, scene.extraBase], [cs, scene.codeBase], [ss, scene.stackBase], [ds, scene.dataBase], [fs, scene.dataBase], [gs, scene.extraBase],
  ] as const) {
    setSegment(cpu, index, base >> 4, 0x93, base, 0xffff);
  }
  cpu.set32('idtrLimit', 0x3ff);
}

function enterProtectedSegments(cpu: CpuContext, scene: Scene): void {
  const { es, cs, ss, ds, fs, gs, tr, ldtr } = SEGMENT_INDEX;
  const { cpl } = scene;
  const big = scene.codeBits === 16 ? 0 : 0xc000;
  const limitOf = (bytes: number) => (big === 0 ? bytes - 1 : scene.dataBase === 0 ? 0xffffffff : 0x7fff);
  const dataAccess = big | 0x93 | (cpl << 5);
  setSegment(cpu, cs, cpl === 0 ? CODE0 : CODE3, (scene.codeBits === 64 ? 0xa000 : big) | 0x9b | (cpl << 5), scene.codeBase, limitOf(0x8000));
  const dataSelector = cpl === 0 ? DATA0 : DATA3;
  for (const index of [ds, fs]) setSegment(cpu, index, dataSelector, dataAccess, scene.dataBase, limitOf(0x5000));
  for (const index of [es, gs]) setSegment(cpu, index, EXTRA | cpl, dataAccess, scene.extraBase, limitOf(0x4f00));
  setSegment(cpu, ss, STACK_SELECTOR | cpl, dataAccess, scene.stackBase, limitOf(0x8000));
  setSegment(cpu, tr, TSS_SELECTOR, 0x8b, TSS, 0x67);
  setNullSegment(cpu, ldtr, 0);
  cpu.set32('cpl', cpl);
  cpu.setHalves('gdtrBase', GDT, 0);
  cpu.set32('gdtrLimit', 0x7f);
  cpu.setHalves('idtrBase', IDT, 0);
  cpu.set32('idtrLimit', 0xfff);
}
