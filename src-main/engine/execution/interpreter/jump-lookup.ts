// The jump cache as generated code looks rip up in it: the dispatch loop, and regions that go on in the next one.
// TypeScript's side of the cache is `jump-cache.ts`.

import type { FunctionBuilder, IrValue } from '../../ir/types.ts';
import { CPU_FIELDS, type CpuFieldName, MODE_LONG64, SEGMENT_INDEX } from '../../x86/state/cpu-state.ts';
import { JUMP_CACHE_ENTRY_SIZE, type MemoryLayout } from '../layout.ts';
import { FIRST_REGION_SLOT, REGION_SLOTS } from './handler-numbers.ts';
import { modeShape } from './handler-shape.ts';
import { jumpCacheOffset, jumpCacheSlot, jumpCacheWord, type STEP_KEY } from './jump-cache.ts';

/** One of an address' places. */
export interface JumpPlace {
  /** Whether what stands there is for the address, the mode and the key. */
  isHit(): IrValue;
  /** Whether the address in the mode leads to a region from there: its slot is only good where this is so. */
  hasRegion(): IrValue;
  readonly slot: IrValue;
  /** Address of the entry. */
  readonly entry: IrValue;
}

export class JumpLookup {
  readonly #f: FunctionBuilder;
  readonly #layout: MemoryLayout;
  readonly #rip: IrValue;
  readonly #linear: IrValue;
  readonly #sought: IrValue;
  readonly #first: IrValue;
  readonly #key: () => IrValue;

  /** `rip`: i64, in the mode and the code segment of the CPU block. `known.mode`: that mode, where it is known. */
  constructor(f: FunctionBuilder, layout: MemoryLayout, rip: IrValue, known: { readonly key?: 0 | typeof STEP_KEY; readonly mode?: number | undefined }) {
    this.#f = f;
    this.#layout = layout;
    this.#rip = rip;
    const { key = 0 } = known;
    const mode = known.mode === undefined ? f.load('i32.load', this.#address('mode'), 0) : f.constant('i32', known.mode);
    this.#linear = known.mode !== undefined && modeShape(known.mode).flatCode ? rip : this.#linearOf(rip, mode);
    this.#sought = jumpCacheWord(f, this.#linear, mode);
    this.#key = () => f.op('i32.or', mode, f.constant('i32', key));
    const offset = jumpCacheOffset(f, f.op('i32.wrap_i64', this.#linear), key);
    this.#first = f.op('i32.add', f.constant('i32', layout.jumpCache), offset);
  }

  #linearOf(rip: IrValue, mode: IrValue): IrValue {
    const f = this.#f;
    const based = f.op('i64.add', rip, f.load('i64.load', this.#address('segmentBase', SEGMENT_INDEX.cs), 0));
    const narrow = f.op('i64.and', based, f.constant('i64', 0xffff_ffff));
    return f.select(f.op('i32.and', mode, f.constant('i32', MODE_LONG64)), rip, narrow);
  }

  #address(field: CpuFieldName, index = 0): IrValue {
    const { offset, stride } = CPU_FIELDS[field];
    return this.#f.constant('i32', this.#layout.cpuBlock + offset + index * stride);
  }

  /** `place`: from 0, see `JUMP_PLACES`. */
  at(place: number): JumpPlace {
    const f = this.#f;
    const entry =
      place === 0
        ? this.#first
        : f.op('i32.xor', this.#first, f.constant('i32', place * JUMP_CACHE_ENTRY_SIZE));
    const slot = jumpCacheSlot(f, f.load('i64.load', entry, 0), this.#sought);
    const isBelow = (value: IrValue, end: number) => f.op('i64.lt_u', value, f.constant('i64', end));
    return {
      isHit: () => f.op('i32.and', isBelow(slot, FIRST_REGION_SLOT + REGION_SLOTS), f.op('i32.eq', f.load('i32.load', entry, 8), this.#key())),
      hasRegion: () => isBelow(f.op('i64.sub', slot, f.constant('i64', FIRST_REGION_SLOT)), REGION_SLOTS),
      slot: f.op('i32.wrap_i64', slot),
      entry,
    };
  }

  /** Control goes to a place that is a hit: sets the code base; gives its header record. */
  take({ entry }: JumpPlace): IrValue {
    const f = this.#f;
    const offset = f.op('i64.and', this.#linear, f.constant('i64', 0xfff));
    f.store('i64.store', this.#address('codeBase'), 0, f.op('i64.sub', this.#rip, offset));
    return f.load('i32.load', entry, 12);
  }
}
