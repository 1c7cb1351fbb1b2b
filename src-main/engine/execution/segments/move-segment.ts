// WebAssembly in front of `moveSegment`: loads of ES, DS, FS and GS from the GDT in protected mode, as kernels make them
// at each entry and return. Reference: Intel SDM vol. 2B MOV (protected-mode checks); vol. 3A 3.4.5 (descriptors).

import type { ModuleBuilder } from '../../ir/module.ts';
import type { IrValue } from '../../ir/types.ts';
import {
  DESCRIPTOR_ACCESSED, DESCRIPTOR_CODE, DESCRIPTOR_G, DESCRIPTOR_P, DESCRIPTOR_S,
} from '../../x86/helpers/descriptor.ts';
import { MODE_PROTECTED, MODE_VM86, SEGMENT_INDEX } from '../../x86/state/cpu-state.ts';
import { ACCESS_DC, ACCESS_RW } from '../../x86/state/segments.ts';
import type { MemoryLayout } from '../layout.ts';
import { FOUR_GIB, SegmentRoutine } from './segment-routine.ts';

const { es, ds, fs, gs } = SEGMENT_INDEX;
/** A bit for each register that data are reached by, without SS, which shadows interrupts. */
const DATA_REGISTERS = (1 << es) | (1 << ds) | (1 << fs) | (1 << gs);
const DATA = DESCRIPTOR_S | DESCRIPTOR_P | DESCRIPTOR_ACCESSED;

/** What a segment register gets beside its selector. */
interface Segment {
  readonly access: IrValue;
  readonly base: IrValue;
  readonly limit: IrValue;
}

export function defineMoveSegment(module: ModuleBuilder, layout: MemoryLayout): void {
  const r = new SegmentRoutine(module, layout, 'moveSegment', 2);
  const [index, whole] = r.parameters as [IrValue, IrValue];
  const selector = r.with32('and', whole, 0xffff);
  const isRegister = r.with32('and', r.op('i32.shr_u', r.i32(DATA_REGISTERS), index), 1);
  r.unless(r.all(isRegister, r.has(r.state('mode'), MODE_PROTECTED | MODE_VM86, MODE_PROTECTED)));
  const zero = r.i32(0);
  r.when(r.hasNone(selector, 0xfffc), () => load(r, index, selector, { access: zero, base: zero, limit: zero }));
  const { low, high } = r.descriptor(selector);
  check(r, selector, high);
  load(r, index, selector, decode(r, low, high));
}

/** A present data segment that was accessed before, at a privilege that may load it. */
function check(r: SegmentRoutine, selector: IrValue, high: IrValue): void {
  const dpl = r.with32('and', r.with32('shr_u', high, 13), 3);
  const forRpl = r.op('i32.le_u', r.with32('and', selector, 3), dpl);
  const forCpl = r.op('i32.le_u', r.state('cpl'), dpl);
  r.unless(r.all(r.has(high, DATA | DESCRIPTOR_CODE, DATA), forRpl, forCpl));
}

function decode(r: SegmentRoutine, low: IrValue, high: IrValue): Segment {
  const middle = r.with32('shl', r.with32('and', high, 0xff), 16);
  const upper = r.with32('and', high, 0xff00_0000 | 0);
  const base = r.op('i32.or', r.op('i32.or', r.with32('shr_u', low, 16), middle), upper);
  const units = r.op('i32.or', r.with32('and', low, 0xffff), r.with32('and', high, 0xf_0000));
  const inPages = r.with32('or', r.with32('shl', units, 12), 0xfff);
  const limit = r.f.select(r.with32('and', high, DESCRIPTOR_G), inPages, units);
  return { access: r.access(high), base, limit };
}

/** Ends the routine: nothing of the mode may change by what is loaded. */
function load(r: SegmentRoutine, index: IrValue, selector: IrValue, { access, base, limit }: Segment): void {
  const end = r.with64('add', r.op('i64.extend_i32_u', limit), 1);
  const isReadable = r.all(r.with32('ne', access, 0), r.hasNone(access, ACCESS_DC));
  const isWritable = r.all(isReadable, r.has(access, ACCESS_RW, ACCESS_RW));
  const readTop = r.f.select(isReadable, end, r.i64(0));
  const writeTop = r.f.select(isWritable, end, r.i64(0));
  const wideBase = r.op('i64.extend_i32_u', base);
  const wasFlat = isFlat(r, r.element('segmentBase', index), r.element('segmentWriteTop', index));
  // The mode has nothing of FS and GS in it.
  const keepsMode = r.op('i32.eq', isFlat(r, wideBase, writeTop), wasFlat);
  r.unless(r.op('i32.or', keepsMode, r.op('i32.ge_u', index, r.i32(fs))));
  r.setElement('segmentSelector', index, selector);
  r.setElement('segmentAccess', index, access);
  r.setElement('segmentBase', index, wideBase);
  r.setElement('segmentLimit', index, limit);
  r.setElement('segmentReadTop', index, readTop);
  r.setElement('segmentWriteTop', index, writeTop);
  r.done();
}

const isFlat = (r: SegmentRoutine, base: IrValue, writeTop: IrValue): IrValue =>
  r.all(r.op('i64.eqz', base), r.op('i64.eq', writeTop, r.i64(FOUR_GIB)));
