// Where a region ends and the jump cache leads to another one, that one is called in its place (a tail call, WebAssembly core
// specification 3.0, return_call_indirect), without a way through the dispatch loop.

import type { FunctionBuilder, IrBlock, IrValue } from '../../ir/types.ts';
import { CPU_FIELDS, type CpuFieldName, MODE_LONG64 } from '../../x86/state/cpu-state.ts';
import { JumpLookup } from '../interpreter/jump-lookup.ts';
import type { MemoryLayout } from '../layout.ts';

/**
 * What the dispatch loop does between two regions where nothing is out of the ordinary; else control goes `back`.
 * `rip`: as it stands in the CPU block, which is up to date. `remaining`: instructions that may still retire, signed.
 * `isWide`: a region of 64-bit code, which goes on with such only; others with others.
 */
export function goOnInNextRegion(
  f: FunctionBuilder,
  layout: MemoryLayout,
  { rip, remaining, back, isWide }: { rip: IrValue; remaining: IrValue; back: IrBlock; isWide: boolean },
): void {
  const address = (field: CpuFieldName) => f.constant('i32', layout.cpuBlock + CPU_FIELDS[field].offset);
  const [quiet, inBudget, same, found, go] = [f.block(), f.block(), f.block(), f.block(), f.block()];
  f.branch(f.load('i32.load', address('attention'), 0), back, quiet, false);
  f.enter(quiet);
  f.branch(f.op('i32.gt_s', remaining, f.constant('i32', 0)), inBudget, back, true);
  f.enter(inBudget);
  // A branch instead of a selection, which the look-up would wait for.
  const isLong = f.op('i32.and', f.load('i32.load', address('mode'), 0), f.constant('i32', MODE_LONG64));
  if (isWide) f.branch(isLong, same, back, true);
  else f.branch(isLong, back, same, false);
  f.enter(same);
  const lookup = new JumpLookup(f, layout, rip, 0, isWide);
  const first = lookup.at(0);
  f.branch(first.isHit, found, back, true);
  f.enter(found);
  f.branch(first.slot, go, back, true);
  f.enter(go);
  f.store('i32.store', address('currentRecord'), 0, lookup.take(first));
  f.returnCallIndirect([], ['i32'], first.slot);
}
