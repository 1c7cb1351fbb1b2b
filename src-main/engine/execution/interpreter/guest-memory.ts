// Guest memory accesses of generated code that stay inside it: the inlined TLB probe, and the call to the MMU
// where it misses, joining again behind. The layout probed is `mmu/tlb.ts`.

import type { FunctionBuilder, IrValue } from '../../ir/types.ts';
import { CPU_FIELDS, SEGMENT_INDEX } from '../../x86/state/cpu-state.ts';
import type { GuestAccess, GuestUpdate } from '../emit/binding.ts';
import { irTypeOf } from '../emit/value.ts';
import { type MemoryLayout, TLB_ENTRIES, TLB_ENTRY_SIZE } from '../layout.ts';
import { DESCRIPTOR_STACK, valueSlot } from '../mmu/mmu.ts';
import type { ImportSet, SlowPathName } from './engine-imports.ts';

const LOADS: Record<number, string> = {
  8: 'i32.load8_u',
  16: 'i32.load16_u',
  32: 'i32.load',
  64: 'i64.load',
  128: 'v128.load',
};
const STORES: Record<number, string> = {
  8: 'i32.store8',
  16: 'i32.store16',
  32: 'i32.store',
  64: 'i64.store',
  128: 'v128.store',
};
const ADDEND_OFFSET = 8;

/** From an MM register to the exponent of its x87 register, which a write sets to all ones (16 bits). */
export const MMX_EXPONENT = CPU_FIELDS.fprExponent.offset - CPU_FIELDS.fprSignificand.offset;

/** Loads a value of a guest width from a host address. */
export function loadHost(f: FunctionBuilder, bits: number, host: IrValue, offset = 0): IrValue {
  return f.load(LOADS[bits] as string, host, offset);
}
export function storeHost(f: FunctionBuilder, bits: number, host: IrValue, value: IrValue, offset = 0): void {
  f.store(STORES[bits] as string, host, offset, value);
}

/** TLB entry of an address and whether it is a hit; the same comparison finds page crossing. */
export function probeTlb(
  f: FunctionBuilder,
  layout: MemoryLayout,
  access: GuestAccess,
  /** `table`: where the table stands, if that is known. */
  options: { write: boolean; wideTag: boolean; table?: number },
): { hit: IrValue; addend: () => IrValue; host: () => IrValue } {
  const { linear, bits } = access;
  const wide = linear.type === 'i64';
  const low = wide ? f.op('i32.wrap_i64', linear) : linear;
  const field = options.write ? CPU_FIELDS.tlbWrite : CPU_FIELDS.tlbRead;
  const table =
    options.table === undefined
      ? f.load('i32.load', f.constant('i32', layout.cpuBlock + field.offset), 0)
      : f.constant('i32', options.table);
  const index = f.op(
    'i32.and',
    f.op('i32.shr_u', low, f.constant('i32', 12 - Math.log2(TLB_ENTRY_SIZE))),
    f.constant('i32', (TLB_ENTRIES - 1) * TLB_ENTRY_SIZE),
  );
  const entry = f.op('i32.add', index, table);
  const last = bits / 8 - 1;
  let hit: IrValue;
  if (wide) {
    const page = f.op(
      'i64.and',
      f.op('i64.add', linear, f.constant('i64', last)),
      f.constant('i64', -0x1000),
    );
    hit = f.op('i64.eq', f.load('i64.load', entry, 0), page);
  } else {
    const page = f.op(
      'i32.and',
      f.op('i32.add', linear, f.constant('i32', last)),
      f.constant('i32', -0x1000),
    );
    // Not compared as i32: V8 would load the tag once for the comparison and once more for nothing.
    const tag = f.load(options.wideTag ? 'i64.load' : 'i64.load32_u', entry, 0);
    hit = f.op('i64.eq', tag, f.op('i64.extend_i32_u', page));
  }
  const addend = () => f.load('i32.load', entry, ADDEND_OFFSET);
  return { hit, addend, host: () => f.op('i32.add', low, addend()) };
}

/** Accesses of interpreter handlers. `leaveWhen` leaves the instruction where a status is not 0. */
export class HandlerMemory {
  readonly #f: FunctionBuilder;
  readonly #layout: MemoryLayout;
  readonly #imports: ImportSet;
  readonly #wideTag: boolean;
  readonly #leaveWhen: (status: IrValue) => void;
  readonly #ownSegment: () => IrValue;
  readonly #slot: IrValue;

  constructor(
    f: FunctionBuilder,
    parts: {
      layout: MemoryLayout;
      imports: ImportSet;
      wideTag: boolean;
      leaveWhen: (status: IrValue) => void;
      /** Number of the segment the instruction addresses its operand through. */
      ownSegment: () => IrValue;
    },
  ) {
    this.#f = f;
    this.#layout = parts.layout;
    this.#imports = parts.imports;
    this.#wideTag = parts.wideTag;
    this.#leaveWhen = parts.leaveWhen;
    this.#ownSegment = parts.ownSegment;
    this.#slot = f.constant('i32', valueSlot(parts.layout));
  }

  #probe(access: GuestAccess, write: boolean) {
    return probeTlb(this.#f, this.#layout, access, { write, wideTag: this.#wideTag });
  }

  /** `DESCRIPTOR_STACK` if the instruction's own segment is SS. */
  #stackBit(): IrValue {
    const f = this.#f;
    const isStack = f.op('i32.eq', this.#ownSegment(), f.constant('i32', SEGMENT_INDEX.ss));
    return f.op('i32.mul', isStack, f.constant('i32', DESCRIPTOR_STACK));
  }

  #slow(name: SlowPathName, { linear, bits, stack }: GuestAccess): IrValue {
    const f = this.#f;
    const fixed = f.constant('i32', (bits / 8) | (stack === true ? DESCRIPTOR_STACK : 0));
    const descriptor = stack === 'operand' ? f.op('i32.or', fixed, this.#stackBit()) : fixed;
    if (linear.type === 'i32')
      return this.#imports.callSlowPath(f, name, linear, f.constant('i32', 0), descriptor);
    const high = f.op('i32.wrap_i64', f.op('i64.shr_u', linear, f.constant('i64', 32)));
    return this.#imports.callSlowPath(f, name, f.op('i32.wrap_i64', linear), high, descriptor);
  }

  load(access: GuestAccess): IrValue {
    const f = this.#f;
    const value = f.variable(irTypeOf(access.bits));
    const { hit, host } = this.#probe(access, false);
    this.#fork(
      hit,
      () => f.set(value, loadHost(f, access.bits, host())),
      () => {
        this.#leaveWhen(this.#slow('slowRead', access));
        f.set(value, loadHost(f, access.bits, this.#slot));
      },
    );
    return f.get(value);
  }

  store(access: GuestAccess, value: IrValue): void {
    const f = this.#f;
    const { hit, host } = this.#probe(access, true);
    this.#fork(
      hit,
      () => storeHost(f, access.bits, host(), value),
      () => {
        storeHost(f, access.bits, this.#slot, value);
        this.#leaveWhen(this.#slow('slowWrite', access));
      },
    );
  }

  update(access: GuestAccess): GuestUpdate {
    const f = this.#f;
    const value = f.variable(irTypeOf(access.bits));
    const hostAddress = f.variable('i32');
    const { hit, host } = this.#probe(access, true);
    this.#fork(
      hit,
      () => {
        const address = host();
        f.set(hostAddress, address);
        f.set(value, loadHost(f, access.bits, address));
      },
      () => {
        this.#leaveWhen(this.#slow('slowUpdate', access));
        f.set(hostAddress, f.constant('i32', 0));
        f.set(value, loadHost(f, access.bits, this.#slot));
      },
    );
    const store = (fresh: IrValue) => {
      const address = f.get(hostAddress);
      this.#fork(
        address,
        () => storeHost(f, access.bits, address, fresh),
        () => {
          storeHost(f, access.bits, this.#slot, fresh);
          this.#slow('slowWrite', access);
        },
      );
    };
    return { value: f.get(value), store };
  }

  /** `condition` is expected to be non-zero. */
  #fork(condition: IrValue, fast: () => void, slow: () => void): void {
    const f = this.#f;
    const yes = f.block();
    const no = f.block();
    const after = f.block();
    f.branch(condition, yes, no, true);
    f.enter(yes);
    fast();
    f.jump(after);
    f.enter(no);
    slow();
    f.jump(after);
    f.enter(after);
  }
}
