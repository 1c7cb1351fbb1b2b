// How a region finds guest memory: a check of the TLB covers what the rest of the block is likely to access around it, and
// later accesses there need none. That holds while translations cannot change, which is while a region runs, but for what
// calls may do. A check that fails leaves the region (DECISIONS.md: one check for neighbouring accesses).

import type { FunctionBuilder, IrBlock, IrValue } from '../../ir/types.ts';
import { GPR_INDEX } from '../../x86/state/cpu-state.ts';
import type { GuestAccess } from '../emit/binding.ts';
import { integerName } from '../emit/value.ts';
import { probeTlb } from '../interpreter/guest-memory.ts';
import { GUEST_PAGE, type MemoryLayout, pageOf } from '../layout.ts';
import { tlbTable } from '../mmu/tlb.ts';
import { likelyRange } from './access-range.ts';
import type { BasicBlock, Placed } from './region.ts';
import type { SharedRange } from './repeated-loops.ts';

/** Around an access, counted from its address. */
interface ExpectedAccess {
  readonly before: number;
  readonly behind: number;
}

/** What is remembered of earlier translations, for the current instruction. */
export interface CheckControl {
  /** Whether its check was wider than its access too often in vain. */
  isNarrow(): boolean;
  /** Its check is wider than its access. */
  widened(): void;
}

/** Bytes around a value; around 0 where addresses themselves are known. */
interface Range {
  readonly base: IrValue;
  readonly low: number;
  readonly end: number;
}

/** One that is known to be in one page. */
export interface Checked extends Range {
  readonly write: boolean;
  /** From linear to host addresses. */
  readonly addend: IrValue;
}

const PAGE_BITS = Math.log2(GUEST_PAGE);
/** Of an index with few bits, such as a byte's in a table of words: its table is checked as a whole. */
const MAX_INDEX_RANGE = 1023;

/** Of addresses, end exclusive. */
const isInPage = (low: number, end: number): boolean => pageOf(low) === pageOf(end - 1);

export class PageChecks {
  readonly #f: FunctionBuilder;
  readonly #layout: MemoryLayout;
  readonly #user: boolean;
  readonly #wideTag: boolean;
  readonly #unless: (condition: IrValue, isTooWide?: () => IrValue) => void;
  readonly #control: CheckControl;
  #block!: BasicBlock;
  #at = 0;
  #checked: Checked[] = [];

  constructor(
    f: FunctionBuilder,
    parts: { layout: MemoryLayout; user: boolean; wideTag: boolean; control: CheckControl; unless: (condition: IrValue, isTooWide?: () => IrValue) => void },
  ) {
    this.#f = f;
    this.#layout = parts.layout;
    this.#user = parts.user;
    this.#wideTag = parts.wideTag;
    this.#unless = parts.unless;
    this.#control = parts.control;
  }

  /** Accesses are those of an instruction of a block from now on. */
  begin(block: BasicBlock, at: number): void {
    this.#block = block;
    this.#at = at;
  }

  /** Control forks or joins, or a call may have changed translations. */
  forget(): void {
    this.#checked = [];
  }

  /** What has been checked. */
  known(): readonly Checked[] {
    return [...this.#checked];
  }
  recall(known: readonly Checked[]): void {
    this.#checked = [...known];
  }

  /** Entry of the table for an access. The mode says whose table it is. */
  probe(access: GuestAccess, write: boolean): ReturnType<typeof probeTlb> {
    const table = tlbTable(this.#layout.tlb, this.#user, write);
    return probeTlb(this.#f, this.#layout, access, { write, wideTag: this.#wideTag, table });
  }

  /** Host address of an access. */
  translated(access: GuestAccess, write: boolean): IrValue {
    const place = this.#place(access);
    const bytes = access.bits / 8;
    const low = place.low;
    const end = place.high + bytes;
    const known = this.#checked.find(
      (one) => one.base === place.base && low >= one.low && end <= one.end && (one.write || !write),
    );
    const { addend } = known ?? this.#check(access, write, this.#extended(access, { ...place, end }));
    return this.#host(access.linear, addend);
  }

  /** Probes for what comes later by a register; where that is not in one page, or not there, control goes elsewhere. */
  share(base: IrValue, { low, end, write }: SharedRange, otherwise: IrBlock): void {
    const found = this.probe({ linear: this.#shifted(base, low), bits: (end - low) * 8, stack: false }, write);
    const fine = this.#f.block();
    this.#f.branch(found.hit, fine, otherwise, true);
    this.#f.enter(fine);
    this.#checked.push({ base, low, end, write, addend: found.addend() });
  }

  /** Probes for a whole range, which is in one page or leaves the region. */
  #check(access: GuestAccess, write: boolean, { base, low, end }: Range): Checked {
    const isWide = end - low > access.bits / 8;
    const linear = this.#shifted(base, low);
    const found = this.probe({ ...access, linear, bits: (end - low) * 8 }, write);
    const canCross = isWide && this.#f.constantOf(linear) === undefined;
    if (canCross) this.#control.widened();
    this.#unless(found.hit, canCross ? () => this.#crosses(linear, end - low) : undefined);
    const checked = { base, low, end, write, addend: found.addend() };
    this.#checked.push(checked);
    return checked;
  }

  /** Where an access may begin, as far as the values tell. */
  #place({ linear, bits }: GuestAccess): { readonly base: IrValue; readonly low: number; readonly high: number } {
    const f = this.#f;
    const zero = f.constant(linear.type as 'i32', 0);
    const known = f.constantOf(linear);
    if (known !== undefined) {
      const at = linear.type === 'i32' ? Number(known) >>> 0 : Number(known);
      if (Number.isSafeInteger(at)) return { base: zero, low: at, high: at };
    }
    const { base, addend } = f.sumOf(linear);
    const largest = this.#largest(base);
    const low = linear.type === 'i32' ? addend >>> 0 : addend;
    if (largest !== undefined && isInPage(low, low + largest + bits / 8)) return { base: zero, low, high: low + largest };
    if (!this.#control.isNarrow()) {
      const [left, right] = f.termsOf(base) ?? [base, base];
      for (const [one, other] of [[left, right], [right, left]] as const) {
        const range = one === other ? undefined : this.#largest(other);
        if (range !== undefined && range <= MAX_INDEX_RANGE) return { base: one, low: addend, high: addend + range };
      }
    }
    return { base, low: addend, high: addend };
  }

  #largest(value: IrValue): number | undefined {
    const bits = this.#f.significantBits(value);
    return bits < PAGE_BITS ? 2 ** bits - 1 : undefined;
  }

  /** What one check is to cover: of a page that is known everything, as it costs no more. */
  #extended(access: GuestAccess, place: Range & { readonly high: number }): Range {
    const { base, low, high, end } = place;
    if (this.#f.constantOf(base) !== undefined && isInPage(low, end)) {
      const page = pageOf(low) * GUEST_PAGE;
      return { base, low: page, end: page + GUEST_PAGE };
    }
    const expected = low === high ? this.#expected(access) : undefined;
    if (expected === undefined) return { base, low, end };
    return { base, low: low - Math.max(0, expected.before), end: Math.max(end, low + expected.behind) };
  }

  #host(linear: IrValue, addend: IrValue): IrValue {
    const f = this.#f;
    return f.op('i32.add', linear.type === 'i64' ? f.op('i32.wrap_i64', linear) : linear, addend);
  }
  #shifted(linear: IrValue, by: number): IrValue {
    const { type } = linear;
    return by === 0 ? linear : this.#f.op(integerName(type as 'i32', 'add'), linear, this.#f.constant(type as 'i32', by));
  }

  /** Whether so many bytes lie in two pages. */
  #crosses(linear: IrValue, bytes: number): IrValue {
    const f = this.#f;
    const low = linear.type === 'i64' ? f.op('i32.wrap_i64', linear) : linear;
    const last = f.op('i32.add', low, f.constant('i32', bytes - 1));
    return f.op('i32.ne', f.op('i32.shr_u', f.op('i32.xor', low, last), f.constant('i32', 12)), f.constant('i32', 0));
  }

  /** The register that tells where an access is, or -1. */
  #register({ stack }: GuestAccess): number {
    const { memory } = (this.#block.instructions[this.#at] as Placed).instruction;
    if (stack === true) return GPR_INDEX.rsp;
    return memory === undefined || memory.index >= 0 ? -1 : memory.base;
  }

  /** What the rest of the block is likely to access by the same register. */
  #expected(access: GuestAccess): ExpectedAccess | undefined {
    const register = this.#register(access);
    if (register < 0 || this.#control.isNarrow()) return undefined;
    const { memory, row } = (this.#block.instructions[this.#at] as Placed).instruction;
    const wordBytes = access.linear.type === 'i64' ? 8 : 4;
    const range = likelyRange(this.#block.instructions, this.#at, register, wordBytes);
    if (range === undefined) return undefined;
    const grows = row.mnemonic === 'PUSH' || row.mnemonic === 'CALL';
    const own = access.stack !== true ? (memory?.displacement ?? 0) : grows ? -access.bits / 8 : 0;
    return { before: own - range.low, behind: range.end - own };
  }
}
