// A WebAssembly function of the name of a helper that works on segments: descriptors of the GDT read through the TLB, and
// segment registers filled. Where anything has to be raised, written or translated first, the helper does all of it.
// Reference: Intel SDM vol. 3A 3.4.5 (descriptors), 5.5 (privilege levels).

import { createModuleBuilder, type ModuleBuilder } from '../../ir/module.ts';
import type { IrValue } from '../../ir/types.ts';
import {
  DESCRIPTOR_ACCESSED, DESCRIPTOR_CODE, DESCRIPTOR_CONFORMING, DESCRIPTOR_D, DESCRIPTOR_L, DESCRIPTOR_P, DESCRIPTOR_RW,
  DESCRIPTOR_S,
} from '../../x86/helpers/descriptor.ts';
import { type CpuFieldName, MODE_LONG, MODE_USER, SEGMENT_INDEX } from '../../x86/state/cpu-state.ts';
import { type EngineImports, IMPORT_MODULE } from '../interpreter/engine-imports.ts';
import { probeTlb } from '../interpreter/guest-memory.ts';
import type { MemoryLayout } from '../layout.ts';
import { tlbTable } from '../mmu/tlb.ts';
import { Routine } from '../routine.ts';

/** Where a flat segment ends: what `segmentReadTop` and `segmentWriteTop` hold. */
export const FOUR_GIB = 0x1_0000_0000;

const DONE = 0;
/** Base and limit in the second doubleword, and what they are with base 0 and 4 GiB. */
const EXTENT = 0xff8f_00ff | 0;
const FLAT_EXTENT = 0x008f_0000;
const FLAT_LOW = 0xffff;
const KIND =
  DESCRIPTOR_P | DESCRIPTOR_S | DESCRIPTOR_CODE | DESCRIPTOR_CONFORMING | DESCRIPTOR_RW | DESCRIPTOR_ACCESSED |
  DESCRIPTOR_L | DESCRIPTOR_D;
const DPL_SHIFT = 13;

const KINDS = {
  /** Readable, not conforming, 32 and 64 bits. */
  cs: DESCRIPTOR_P | DESCRIPTOR_S | DESCRIPTOR_CODE | DESCRIPTOR_RW | DESCRIPTOR_ACCESSED | DESCRIPTOR_D,
  cs64: DESCRIPTOR_P | DESCRIPTOR_S | DESCRIPTOR_CODE | DESCRIPTOR_RW | DESCRIPTOR_ACCESSED | DESCRIPTOR_L,
  /** Writable, expanding up, 32 bits. */
  ss: DESCRIPTOR_P | DESCRIPTOR_S | DESCRIPTOR_RW | DESCRIPTOR_ACCESSED | DESCRIPTOR_D,
} as const;

export type DefineRoutine = (module: ModuleBuilder, layout: MemoryLayout) => void;

/** The imports to put in place of helpers, which the routines themselves import. */
export function createSegmentRoutines(
  layout: MemoryLayout,
  imports: EngineImports,
  routines: readonly DefineRoutine[],
): EngineImports {
  const instances = routines.map((define) => {
    const module = createModuleBuilder();
    module.importMemory(IMPORT_MODULE, 'memory', { shared: true, initial: layout.pages, maximum: layout.pages });
    define(module, layout);
    const compiled = new WebAssembly.Module(module.build({ names: true }));
    return new WebAssembly.Instance(compiled, { [IMPORT_MODULE]: imports as Record<string, unknown> }).exports;
  });
  return Object.assign({}, ...instances) as Record<string, unknown>;
}

export class SegmentRoutine extends Routine {
  readonly parameters: readonly IrValue[];
  readonly #layout: MemoryLayout;
  readonly #helper: () => IrValue;

  /** `name`: of a helper with so many parameters of 32 bits. */
  constructor(module: ModuleBuilder, layout: MemoryLayout, name: string, count: number) {
    const types = new Array<'i32'>(count).fill('i32');
    const helper = module.importFunction(IMPORT_MODULE, `helper.${name}`, types, ['i32']);
    const { builder } = module.defineFunction(name, types, ['i32'], { export: `helper.${name}` });
    super(builder, layout);
    this.#layout = layout;
    this.parameters = types.map((_, index) => builder.parameter(index));
    this.#helper = () => builder.call(helper, ...this.parameters) as IrValue;
  }

  /** The helper's work, from the beginning, where a condition does not hold: nothing may have changed yet. */
  unless(condition: IrValue): void {
    this.when(this.op('i32.eqz', condition), () => this.f.return(this.#helper()));
  }
  done(): void {
    this.f.return(this.i32(DONE));
  }

  isEqual(value: IrValue, constant: number): IrValue {
    return this.with32('eq', value, constant);
  }
  /** Whether the bits of a mask are just these. */
  has(value: IrValue, mask: number, bits: number): IrValue {
    return this.isEqual(this.with32('and', value, mask), bits);
  }
  hasNone(value: IrValue, mask: number): IrValue {
    return this.op('i32.eqz', this.with32('and', value, mask));
  }
  all(...conditions: IrValue[]): IrValue {
    return conditions.reduce((a, b) => this.op('i32.and', a, b));
  }

  /** An address outside long mode comes round at 4 GiB. */
  linear(base: CpuFieldName, index: number, offset: IrValue): IrValue {
    const sum = this.op('i64.add', this.element(base, this.i32(index)), this.op('i64.extend_i32_u', offset));
    const narrow = this.with64('and', sum, 0xffff_ffff);
    return this.f.select(this.with32('and', this.state('mode'), MODE_LONG), sum, narrow);
  }

  /** Host address of bytes that lie in one page and that the supervisor may reach at once. */
  host(linear: IrValue, bytes: number, write = false): IrValue {
    const table = tlbTable(this.#layout.tlb, false, write);
    const access = { linear, bits: bytes * 8, stack: false };
    const { hit, host } = probeTlb(this.f, this.#layout, access, { write, wideTag: true, table });
    this.unless(hit);
    return host();
  }

  /** A descriptor of the GDT, where the selector is not null. */
  descriptor(selector: IrValue): { readonly low: IrValue; readonly high: IrValue } {
    const offset = this.with32('and', selector, 0xfff8);
    const isInside = this.op('i32.le_u', this.with32('or', offset, 7), this.state('gdtrLimit'));
    const isNull = this.hasNone(selector, 0xfffc);
    this.unless(this.all(this.hasNone(selector, 4), isInside, this.op('i32.eqz', isNull)));
    const host = this.host(this.linear('gdtrBase', 0, offset), 8);
    return { low: this.f.load('i32.load', host, 0), high: this.f.load('i32.load', host, 4) };
  }

  /** The access rights of a flat segment that may be loaded at a privilege as CS or SS. */
  flatAccess(kind: keyof typeof KINDS, selector: IrValue, privilege: IrValue): IrValue {
    const { low, high } = this.descriptor(selector);
    const dpl = this.with32('and', this.with32('shr_u', high, DPL_SHIFT), 3);
    this.unless(
      this.all(
        this.isEqual(low, FLAT_LOW),
        this.has(high, EXTENT, FLAT_EXTENT),
        this.has(high, KIND, KINDS[kind]),
        this.op('i32.eq', dpl, privilege),
      ),
    );
    return this.access(high);
  }
  access(high: IrValue): IrValue {
    return this.with32('and', this.with32('shr_u', high, 8), 0xf0ff);
  }

  setFlat(segment: 'cs' | 'ss', selector: IrValue, access: IrValue): void {
    const index = this.i32(SEGMENT_INDEX[segment]);
    this.setElement('segmentSelector', index, selector);
    this.setElement('segmentAccess', index, access);
    this.setElement('segmentBase', index, this.i64(0));
    this.setElement('segmentLimit', index, this.i32(-1));
    this.setElement('segmentReadTop', index, this.i64(FOUR_GIB));
    this.setElement('segmentWriteTop', index, this.i64(segment === 'cs' ? 0 : FOUR_GIB));
  }

  /** CPL and what follows from it, where nothing else of the mode changes. */
  setPrivilege(privilege: 0 | 3): void {
    const mode = this.with32('and', this.state('mode'), ~MODE_USER);
    this.setState('mode', privilege === 3 ? this.with32('or', mode, MODE_USER) : mode);
    this.setState('cpl', this.i32(privilege));
    const tables = privilege === 3 ? 2 : 0;
    this.setState('tlbRead', this.element('tlbTables', this.i32(tables)));
    this.setState('tlbWrite', this.element('tlbTables', this.i32(tables + 1)));
    if (privilege === 3) this.setState('ranUserCode', this.i32(1));
  }
}
