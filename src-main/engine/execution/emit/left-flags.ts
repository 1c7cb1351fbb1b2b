// Flags as regions leave them: the last operation as a word that says what it was, and its operands. Most are never
// looked at, as the next region sets its own. Who looks at them computes the two words of the CPU block first, by the same code whatever
// the operation was: an addition is a sum and two addends, a subtraction the same with the sum on its left, and what is narrower
// than 64 bits stands in the upper bits.

import type { ModuleBuilder } from '../../ir/module.ts';
import type { FunctionBuilder, IrValue } from '../../ir/types.ts';
import { CPU_FIELDS, type CpuFieldName } from '../../x86/state/cpu-state.ts';
import type { MemoryLayout } from '../layout.ts';
import { auxOfAdd } from './flag-arithmetic.ts';

// Of the word, from the lowest bits. Whether there are operands, and within a region, where:
export const PLACE_BITS = 5;
/** `flagResult` and `flagAux` are what they were before, */
export const UNCHANGED = 0;
/** or have been set. */
export const WORDS = 1;
export const OPERANDS = 2;
/** And further places. */
export const FIRST_SHADOWS = 3;
/** The left operand is the sum; else an addend. */
export const IS_SUM = 1 << 5;
/** The result, of which flags tell, is the addend that the right operand was taken from or added to; else the sum. */
export const OF_ADDEND = 1 << 6;
/** How far operands are from the upper end of 64 bits. */
export const SHIFT_AT = 7;
/** The right operand is the rest of the word. */
export const IS_CONSTANT = 1 << 13;
export const CONSTANT_AT = 14;

const addressOf = (f: FunctionBuilder, layout: MemoryLayout, field: CpuFieldName): IrValue =>
  f.constant('i32', layout.cpuBlock + CPU_FIELDS[field].offset);

/** What is to be done where flags have been left as an operation. */
export function whereLeft(f: FunctionBuilder, layout: MemoryLayout, then: (word: IrValue) => void): void {
  const [left, settled] = [f.block(), f.block()];
  const word = f.load('i32.load', addressOf(f, layout, 'leftFlags'), 0);
  f.branch(f.op('i32.gt_u', word, f.constant('i32', WORDS)), left, settled);
  f.enter(left);
  then(word);
  f.jump(settled);
  f.enter(settled);
}

/** Has the CPU block say what flags are. */
export function settleFlags(f: FunctionBuilder, layout: MemoryLayout): void {
  const at = (field: CpuFieldName) => addressOf(f, layout, field);
  whereLeft(f, layout, (word) => {
    const { result, aux } = computed(f, word, f.load('i64.load', at('flagOperands'), 0), f.load('i64.load', at('flagOperands'), 8));
    f.store('i64.store', at('flagResult'), 0, result);
    f.store('i32.store', at('flagAux'), 0, aux);
    f.store('i32.store', at('leftFlags'), 0, f.constant('i32', UNCHANGED));
  });
}

function computed(f: FunctionBuilder, word: IrValue, left: IrValue, second: IrValue): { readonly result: IrValue; readonly aux: IrValue } {
  const bit = (mask: number) => f.op('i32.and', word, f.constant('i32', mask));
  // As many bits of it count as say how far.
  const shift = f.op('i64.extend_i32_u', f.op('i32.shr_u', word, f.constant('i32', SHIFT_AT)));
  const constant = f.op('i64.extend_i32_s', f.op('i32.shr_s', word, f.constant('i32', CONSTANT_AT)));
  const upper = (value: IrValue) => f.op('i64.shl', value, shift);
  const first = upper(left);
  const right = upper(f.select(bit(IS_CONSTANT), constant, second));
  const isSum = bit(IS_SUM);
  const other = f.select(isSum, f.op('i64.sub', first, right), f.op('i64.add', first, right));
  const addend = f.select(isSum, other, first);
  const sum = f.select(isSum, first, other);
  const result = f.op('i64.shr_s', f.select(bit(OF_ADDEND), addend, sum), shift);
  return { result, aux: auxOfAdd(f, { bits: 64, left: addend, right, result: sum }, shift) };
}

export const SETTLE_FLAGS = 'settleFlags';

/** A function that does so, for regions. */
export function defineSettleFlags(module: ModuleBuilder, layout: MemoryLayout): void {
  const { builder } = module.defineFunction(SETTLE_FLAGS, [], [], { export: SETTLE_FLAGS });
  settleFlags(builder, layout);
  builder.return();
}
