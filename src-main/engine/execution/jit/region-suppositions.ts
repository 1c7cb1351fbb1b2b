// What a region takes for granted about state and values: checked as rarely as possible, and left to the interpreter
// where it does not hold. An instruction of which that happens often is translated anew without (failing-sites.ts).

import type { FunctionBuilder, IrBlock, IrValue } from '../../ir/types.ts';
import type { ExponentRange } from '../../x86/semantics/emitter.ts';
import type { CpuFieldName } from '../../x86/state/cpu-state.ts';
import type { BoundSuppositions } from '../emit/binding.ts';
import type { RegionFlags } from './region-flags.ts';

export class RegionSuppositions implements BoundSuppositions {
  readonly ranges = new Map<IrValue, ExponentRange>();
  readonly #f: FunctionBuilder;
  readonly #flags: RegionFlags;
  readonly #readState: (name: CpuFieldName) => IrValue;
  readonly #leave: () => void;
  readonly #states = new Set<string>();
  /** Leaves the current instruction, for all of its suppositions. */
  #slow: IrBlock | undefined;

  /** `leave` ends the current block so that the interpreter carries out the current instruction. */
  constructor(
    f: FunctionBuilder,
    parts: { flags: RegionFlags; readState: (name: CpuFieldName) => IrValue; leave: () => void },
  ) {
    this.#f = f;
    this.#flags = parts.flags;
    this.#readState = parts.readState;
    this.#leave = parts.leave;
  }

  begin(): void {
    this.#slow = undefined;
  }

  /** Control forks or joins, or a call may have changed the state. */
  forget(): void {
    this.ranges.clear();
    this.#states.clear();
  }

  state(name: CpuFieldName, mask: number, value: number): void {
    const f = this.#f;
    const key = `${name} ${mask} ${value}`;
    if (this.#states.has(key)) return;
    this.#states.add(key);
    this.holds(f.op('i32.eq', f.op('i32.and', this.#readState(name), f.constant('i32', mask)), f.constant('i32', value)));
  }

  holds(condition: IrValue, otherwise?: () => IrValue): void {
    const f = this.#f;
    const fine = f.block();
    const known = this.#slow;
    const slow = known ?? f.block();
    this.#slow = slow;
    if (otherwise === undefined) f.branch(condition, fine, slow, true);
    else {
      const rare = f.block();
      f.branch(condition, fine, rare, true);
      f.enter(rare);
      f.branch(otherwise(), fine, slow);
    }
    if (known === undefined) {
      f.enter(slow);
      this.#leave();
    }
    f.enter(fine);
  }

  flagsOrder(left: IrValue, right: IrValue): void {
    this.#flags.setOrder(left, right);
  }
}
