// WebAssembly in front of `moveSegment`: loads of ES, DS, FS and GS from the GDT in protected mode, as kernels make them
// at each entry and return. Where anything has to be raised, written or translated first, the helper does it all.
// Reference: Intel SDM vol. 2B MOV (protected-mode checks); vol. 3A 3.4.5 (descriptors).

import { createModuleBuilder, type ModuleBuilder } from '../ir/module.ts';
import type { IrFunctionRef, IrValue } from '../ir/types.ts';
import {
  DESCRIPTOR_ACCESSED, DESCRIPTOR_CODE, DESCRIPTOR_G, DESCRIPTOR_P, DESCRIPTOR_S,
} from '../x86/helpers/descriptor.ts';
import { MODE_LONG, MODE_PROTECTED, MODE_VM86, SEGMENT_INDEX } from '../x86/state/cpu-state.ts';
import { ACCESS_DC, ACCESS_RW } from '../x86/state/segments.ts';
import { type EngineImports, IMPORT_MODULE } from './interpreter/engine-imports.ts';
import { probeTlb } from './interpreter/guest-memory.ts';
import type { MemoryLayout } from './layout.ts';
import { tlbTable } from './mmu/tlb.ts';
import { Routine } from './soft-float/routine.ts';

const NAME = 'helper.moveSegment';
const { es, ds, fs, gs } = SEGMENT_INDEX;
/** A bit for each register that data are reached by, without SS, which shadows interrupts. */
const DATA_REGISTERS = (1 << es) | (1 << ds) | (1 << fs) | (1 << gs);
const DONE = 0;

/** What a segment register gets beside its selector. */
interface Segment {
  readonly access: IrValue;
  readonly base: IrValue;
  readonly limit: IrValue;
}

/** The import to put in place of the helper. */
export function createSegmentRoutine(layout: MemoryLayout, imports: EngineImports): EngineImports {
  const module = createModuleBuilder();
  module.importMemory(IMPORT_MODULE, 'memory', { shared: true, initial: layout.pages, maximum: layout.pages });
  new SegmentRoutine(module, layout).define();
  const compiled = new WebAssembly.Module(module.build({ names: true }));
  const { exports } = new WebAssembly.Instance(compiled, { [IMPORT_MODULE]: imports as Record<string, unknown> });
  return exports as Record<string, unknown>;
}

class SegmentRoutine {
  readonly #r: Routine;
  readonly #layout: MemoryLayout;
  readonly #helper: IrFunctionRef;
  readonly #index: IrValue;
  readonly #selector: IrValue;

  constructor(module: ModuleBuilder, layout: MemoryLayout) {
    this.#layout = layout;
    this.#helper = module.importFunction(IMPORT_MODULE, NAME, ['i32', 'i32'], ['i32']);
    const { builder } = module.defineFunction(NAME, ['i32', 'i32'], ['i32'], { export: NAME });
    this.#r = new Routine(builder, layout);
    this.#index = builder.parameter(0);
    this.#selector = this.#r.with32('and', builder.parameter(1), 0xffff);
  }

  define(): void {
    const r = this.#r;
    const mode = r.state('mode');
    const isRegister = r.with32('and', r.op('i32.shr_u', r.i32(DATA_REGISTERS), this.#index), 1);
    const isProtected = r.with32('eq', r.with32('and', mode, MODE_PROTECTED | MODE_VM86), MODE_PROTECTED);
    this.#unless(r.op('i32.and', isRegister, isProtected));
    const isNull = r.op('i32.eqz', r.with32('and', this.#selector, 0xfffc));
    r.when(isNull, () => this.#load({ access: r.i32(0), base: r.i32(0), limit: r.i32(0) }));
    const host = this.#descriptor(mode);
    const low = r.f.load('i32.load', host, 0);
    const high = r.f.load('i32.load', host, 4);
    this.#check(high);
    this.#load(this.#decode(low, high));
  }

  /** The helper's work, from the beginning, where a condition does not hold. */
  #unless(condition: IrValue): void {
    const r = this.#r;
    r.when(r.op('i32.eqz', condition), () => r.f.return(r.f.call(this.#helper, this.#index, this.#selector) as IrValue));
  }

  /** Host address of the descriptor. */
  #descriptor(mode: IrValue): IrValue {
    const r = this.#r;
    const offset = r.with32('and', this.#selector, 0xfff8);
    const isInGdt = r.op('i32.eqz', r.with32('and', this.#selector, 4));
    const isInside = r.op('i32.le_u', r.with32('or', offset, 7), r.state('gdtrLimit'));
    this.#unless(r.op('i32.and', isInGdt, isInside));
    const sum = r.op('i64.add', r.state('gdtrBase'), r.op('i64.extend_i32_u', offset));
    const narrow = r.with64('and', sum, 0xffff_ffff);
    const linear = r.f.select(r.with32('and', mode, MODE_LONG), sum, narrow);
    const table = tlbTable(this.#layout.tlb, false, false);
    const access = { linear, bits: 64, stack: false };
    const { hit, host } = probeTlb(r.f, this.#layout, access, { write: false, wideTag: true, table });
    this.#unless(hit);
    return host();
  }

  /** A present data segment that was accessed before, at a privilege that may load it. */
  #check(high: IrValue): void {
    const r = this.#r;
    const kind = DESCRIPTOR_S | DESCRIPTOR_CODE | DESCRIPTOR_P | DESCRIPTOR_ACCESSED;
    const isData = r.with32('eq', r.with32('and', high, kind), kind & ~DESCRIPTOR_CODE);
    const dpl = r.with32('and', r.with32('shr_u', high, 13), 3);
    const forRpl = r.op('i32.le_u', r.with32('and', this.#selector, 3), dpl);
    const forCpl = r.op('i32.le_u', r.state('cpl'), dpl);
    this.#unless(r.op('i32.and', isData, r.op('i32.and', forRpl, forCpl)));
  }

  #decode(low: IrValue, high: IrValue): Segment {
    const r = this.#r;
    const base = r.op(
      'i32.or',
      r.op('i32.or', r.with32('shr_u', low, 16), r.with32('shl', r.with32('and', high, 0xff), 16)),
      r.with32('and', high, 0xff00_0000 | 0),
    );
    const units = r.op('i32.or', r.with32('and', low, 0xffff), r.with32('and', high, 0xf_0000));
    const inPages = r.with32('or', r.with32('shl', units, 12), 0xfff);
    const limit = r.f.select(r.with32('and', high, DESCRIPTOR_G), inPages, units);
    return { access: r.with32('and', r.with32('shr_u', high, 8), 0xf0ff), base, limit };
  }

  /** Ends the routine: nothing of the mode may change by what is loaded. */
  #load({ access, base, limit }: Segment): void {
    const r = this.#r;
    const index = this.#index;
    const end = r.with64('add', r.op('i64.extend_i32_u', limit), 1);
    const isUsable = r.op('i32.ne', access, r.i32(0));
    const isReadable = r.op('i32.and', isUsable, r.op('i32.eqz', r.with32('and', access, ACCESS_DC)));
    const isWritable = r.op('i32.and', isReadable, r.with32('ne', r.with32('and', access, ACCESS_RW), 0));
    const readTop = r.f.select(isReadable, end, r.i64(0));
    const writeTop = r.f.select(isWritable, end, r.i64(0));
    const wideBase = r.op('i64.extend_i32_u', base);
    const isFlat = this.#isFlat(wideBase, writeTop);
    const wasFlat = this.#isFlat(r.element('segmentBase', index), r.element('segmentWriteTop', index));
    // The mode has nothing of FS and GS in it.
    this.#unless(r.op('i32.or', r.op('i32.eq', isFlat, wasFlat), r.op('i32.ge_u', index, r.i32(fs))));
    r.setElement('segmentSelector', index, this.#selector);
    r.setElement('segmentAccess', index, access);
    r.setElement('segmentBase', index, wideBase);
    r.setElement('segmentLimit', index, limit);
    r.setElement('segmentReadTop', index, readTop);
    r.setElement('segmentWriteTop', index, writeTop);
    r.f.return(r.i32(DONE));
  }

  #isFlat(base: IrValue, writeTop: IrValue): IrValue {
    const r = this.#r;
    return r.op('i32.and', r.op('i64.eqz', base), r.op('i64.eq', writeTop, r.i64(0x1_0000_0000)));
  }
}
