// Where a region ends and the jump cache leads to another one, that one is called in its place (a tail call, WebAssembly core
// specification 3.0, return_call_indirect), without a way through the dispatch loop.

import type { FunctionBuilder, IrBlock, IrValue } from '../../ir/types.ts';
import { CPU_FIELDS, type CpuFieldName } from '../../x86/state/cpu-state.ts';
import { JumpLookup } from '../interpreter/jump-lookup.ts';
import { REGION_TYPE } from '../interpreter/record.ts';
import type { MemoryLayout } from '../layout.ts';

/**
 * What the dispatch loop does between two regions where nothing is out of the ordinary; else control goes `back`.
 * The CPU block is up to date but for rip and `regionRemaining`, which the last of these regions stores, and for flags, which may
 * have been left as an operation.
 * `remaining`: instructions that may still retire, signed.
 * `mode`: the mode word, where the region has not changed it.
 */
export function goOnInNextRegion(
  f: FunctionBuilder,
  layout: MemoryLayout,
  { rip, remaining, back, mode }: { rip: IrValue; remaining: IrValue; back: IrBlock; mode: number | undefined },
): void {
  const address = (field: CpuFieldName) => f.constant('i32', layout.cpuBlock + CPU_FIELDS[field].offset);
  const [quiet, inBudget, go] = [f.block(), f.block(), f.block()];
  f.branch(f.load('i32.load', address('attention'), 0), back, quiet, false);
  f.enter(quiet);
  f.branch(f.op('i32.gt_s', remaining, f.constant('i32', 0)), inBudget, back, true);
  f.enter(inBudget);
  const first = new JumpLookup(f, layout, rip, { mode }).at(0);
  f.branch(first.hasRegion(), go, back, true);
  f.enter(go);
  f.store('i64.store', address('regionStart'), 0, rip);
  f.returnCallIndirect(REGION_TYPE.parameters, REGION_TYPE.results, first.slot, remaining);
}
