// What a region takes for granted about state and values: checked as rarely as possible, and left to the interpreter
// where it does not hold. An instruction of which that happens often is translated anew without (failing-sites.ts).

import type { FunctionBuilder, IrBlock, IrValue, IrVariable } from '../../ir/types.ts';
import type { ExponentRange } from '../../x86/semantics/emitter.ts';
import type { CpuFieldName } from '../../x86/state/cpu-state.ts';
import type { BoundSuppositions } from '../emit/binding.ts';
import type { Region } from './region.ts';
import type { RegionFlags } from './region-flags.ts';

/** What writes MXCSR as a whole; others set its flags only. */
const WRITES_MXCSR: ReadonlySet<string> = new Set(['LDMXCSR', 'FXRSTOR']);

/** Whether a region changes what may be supposed of the state. */
export function changesState({ blocks }: Region): boolean {
  return [...blocks.values()].some(({ instructions }) =>
    instructions.some(({ instruction }) => WRITES_MXCSR.has(instruction.row.mnemonic)),
  );
}

/** Conditions of one place that is left where any of them does not hold. */
export class Guard {
  readonly #f: FunctionBuilder;
  readonly #leave: () => void;
  #out: IrBlock | undefined;

  /** `leave` ends the block that is current when it is called. */
  constructor(f: FunctionBuilder, leave: () => void) {
    this.#f = f;
    this.#leave = leave;
  }

  holds(condition: IrValue, otherwise?: () => IrValue): void {
    const f = this.#f;
    const fine = f.block();
    const known = this.#out;
    const out = known ?? f.block();
    this.#out = out;
    if (otherwise === undefined) f.branch(condition, fine, out, true);
    else {
      const rare = f.block();
      f.branch(condition, fine, rare, true);
      f.enter(rare);
      f.branch(otherwise(), fine, out);
    }
    if (known === undefined) {
      f.enter(out);
      this.#leave();
    }
    f.enter(fine);
  }
}

/** A field of the state under a mask. */
interface SupposedState {
  readonly name: CpuFieldName;
  readonly mask: number;
  readonly value: number;
  /** Whether it is as supposed. */
  readonly holds: IrVariable;
}

export class RegionSuppositions implements BoundSuppositions {
  readonly ranges = new Map<IrValue, ExponentRange>();
  readonly #f: FunctionBuilder;
  readonly #flags: RegionFlags;
  readonly #readState: (name: CpuFieldName) => IrValue;
  readonly #leave: () => void;
  /** Looked at when the region is entered; undefined where the state may change inside. */
  readonly #entryStates: SupposedState[] | undefined;
  readonly #checked = new Set<string>();
  #guard: Guard;

  /** `leave` ends the current block so that the interpreter carries out the current instruction. */
  constructor(
    f: FunctionBuilder,
    parts: { flags: RegionFlags; readState: (name: CpuFieldName) => IrValue; leave: () => void; canStateChange: boolean },
  ) {
    this.#f = f;
    this.#flags = parts.flags;
    this.#readState = parts.readState;
    this.#leave = parts.leave;
    this.#entryStates = parts.canStateChange ? undefined : [];
    this.#guard = new Guard(f, this.#leave);
  }

  begin(): void {
    this.#guard = new Guard(this.#f, this.#leave);
  }

  emitEntry(): void {
    for (const { name, mask, value, holds } of this.#entryStates ?? []) this.#f.set(holds, this.#compare(name, mask, value));
  }

  /** Control forks or joins, or a call may have changed the state. */
  forget(): void {
    if (this.ranges.size > 0) this.ranges.clear();
    if (this.#checked.size > 0) this.#checked.clear();
  }

  state(name: CpuFieldName, mask: number, value: number): void {
    const key = `${name} ${mask} ${value}`;
    if (this.#checked.has(key)) return;
    this.#checked.add(key);
    const states = this.#entryStates;
    if (states === undefined) {
      this.holds(this.#compare(name, mask, value));
      return;
    }
    let known = states.find((one) => one.name === name && one.mask === mask && one.value === value);
    if (known === undefined) states.push((known = { name, mask, value, holds: this.#f.variable('i32') }));
    this.holds(this.#f.get(known.holds));
  }

  #compare(name: CpuFieldName, mask: number, value: number): IrValue {
    const f = this.#f;
    return f.op('i32.eq', f.op('i32.and', this.#readState(name), f.constant('i32', mask)), f.constant('i32', value));
  }

  holds(condition: IrValue, otherwise?: () => IrValue): void {
    this.#guard.holds(condition, otherwise);
  }

  flagsOrder(left: IrValue, right: IrValue): void {
    this.#flags.setOrder(left, right);
  }
}
