// Region to WebAssembly: one function that loads the guest registers into locals, runs the region's blocks as
// structured control flow, and stores what changed where it leaves. Result: the way out that was taken, with rip set;
// of the last region, where they go on in one another (`next-region.ts`). It names no record and no address of code, so that it is
// the same wherever its code stands.

import type { FunctionBuilder, IrBlock, IrValue, IrVariable } from '../../ir/types.ts';
import { SEMANTICS } from '../../x86/semantics/index.ts';
import type { Operand } from '../../x86/semantics/emitter.ts';
import { CPU_FIELDS, EXIT_ATTENTION } from '../../x86/state/cpu-state.ts';
import { IrEmitter } from '../emit/ir-emitter.ts';
import type { ImportSet } from '../interpreter/engine-imports.ts';
import { FAILED, LEAVE, LOOKUP, STEP, WAY_OUT } from '../interpreter/record.ts';
import type { MemoryLayout } from '../layout.ts';
import { CarriedDoubles } from './carried-doubles.ts';
import { goOnInNextRegion } from './next-region.ts';
import { type BasicBlock, branchTarget, type Placed, type Region } from './region.ts';
import { isRepeated, REPETITIONS, sharedRanges } from './repeated-loops.ts';
import { innerLatches, soleTargets } from './region-loops.ts';
import { type KnownState, RegionBinding, type RegionControl } from './region-binding.ts';
import { isUsualControl, needsX87InMemory, RegionX87, usesX87Variables } from './region-x87.ts';

export interface TranslateOptions {
  readonly layout: MemoryLayout;
  /** Whether checks of the instruction at an offset are to cover its own access only. */
  readonly isNarrow?: (offset: number) => boolean;
  /** Told of instructions whose checks cover more. */
  readonly widened?: (offset: number) => void;
  /** Whether the instruction at an offset may suppose nothing. */
  readonly isCautious?: (offset: number) => boolean;
  /** Told of instructions that suppose something. */
  readonly supposes?: (offset: number) => void;
  /** Whether the instruction at an offset in the page is known to reach devices. */
  readonly reachesDevice?: (offset: number) => boolean;
  /** The x87 control word that a region may be compiled for; undefined: x87 registers stay in memory. */
  readonly fcw?: number;
  /** Told where the region is compiled for `fcw`. */
  readonly supposesControl?: () => void;
  /** Whether it goes on in the next region, see `next-region.ts`. */
  readonly isChained?: boolean;
}

/**
 * Operations after which a region takes in no further instruction, so that compiling it never keeps the guest waiting for
 * long: about 37 KB of code, twenty times what is usual. Only floating point in SSE and what is rarer comes near.
 */
const MAX_OPERATIONS = 4700;

/** Emits a region into a function of `REGION_TYPE`; `imports` are those of its module. */
export function translateRegion(f: FunctionBuilder, region: Region, options: TranslateOptions, imports: ImportSet): void {
  new RegionTranslator(f, region, options, imports).emit();
}

class RegionTranslator implements RegionControl {
  readonly #f: FunctionBuilder;
  readonly #region: Region;
  readonly #options: TranslateOptions;
  readonly #binding: RegionBinding;
  readonly #emitter: IrEmitter;
  readonly #doubles: CarriedDoubles;
  readonly #blocks = new Map<number, IrBlock>();
  readonly #innerLatches: ReadonlySet<number>;
  /** The entry's block for its innermost loop, apart from the one for other ways there. */
  readonly #innerEntry: IrBlock;
  /** The block being emitted, and where it goes on with itself once more. */
  #from = 0;
  #again: IrBlock | undefined;
  #isRepeating = false;
  /** Blocks that control comes to from one place only; what was known there, and instructions not counted yet. */
  readonly #soleTargets: ReadonlySet<number>;
  readonly #before = new Map<number, { readonly count: number; readonly known: KnownState }>();
  readonly #emitted = new Set<number>();
  /** Blocks that are not emitted yet. */
  readonly #waiting: BasicBlock[];
  /** Where ways out come together: those to a known place, which is part of their word, and all of them, with rip. */
  readonly #leaveBlock: IrBlock;
  readonly #leaveForRip: IrBlock;
  readonly #exit: IrVariable;
  readonly #exitRip: IrVariable;
  /** Instructions that may still retire before the region is to be left; below zero once they are more. */
  readonly #remaining: IrVariable;
  /** The instruction being emitted: its offset, that of the next, and how many of its block come before it. */
  #offset = 0;
  #next = 0;
  #count = 0;

  constructor(f: FunctionBuilder, region: Region, options: TranslateOptions, imports: ImportSet) {
    this.#f = f;
    this.#region = region;
    this.#options = options;
    this.#binding = new RegionBinding(f, {
      layout: options.layout,
      imports,
      region,
      control: this,
    });
    const { fcw } = options;
    if (fcw !== undefined && isUsualControl(fcw) && usesX87Variables(region)) {
      options.supposesControl?.();
      const parts = { region, fcw, wide: this.#binding.wide, slow: () => this.slow() };
      this.#binding.x87 = new RegionX87(f, options.layout, parts);
    }
    this.#emitter = new IrEmitter(f, this.#binding);
    this.#leaveBlock = f.block();
    this.#leaveForRip = f.block();
    this.#exit = f.variable('i64');
    this.#exitRip = f.variable('i64');
    this.#remaining = f.variable('i32');
    const { vectors, supposed } = this.#binding;
    this.#doubles = new CarriedDoubles(f, { region, emitter: this.#emitter, vectors, suppositions: supposed });
    for (const offset of region.blocks.keys()) this.#blocks.set(offset, f.block());
    this.#waiting = [...region.blocks.values()];
    this.#innerLatches = innerLatches(region);
    this.#soleTargets = soleTargets(region);
    this.#innerEntry = f.block();
  }

  #i32(value: number): IrValue {
    return this.#f.constant('i32', value);
  }

  emit(): void {
    const f = this.#f;
    const entry = f.block();
    f.jump(entry);
    for (let next = this.#nextBlock(); next !== undefined; next = this.#nextBlock()) this.#emitBlock(next);
    this.#emitLeave();
    f.enter(entry);
    this.#binding.emitEntry();
    const { x87 } = this.#binding;
    f.set(this.#remaining, f.parameter(0));
    const { entry: first } = this.#region;
    this.#binding.flags.forget();
    this.#binding.forget();
    x87?.checkEntry(() => this.#leaveBefore(first));
    this.#ensureDoubles(first);
    f.jump(this.#blockAt(first));
  }

  /** Those first of which a way to them is known. */
  #nextBlock(): BasicBlock | undefined {
    const { x87 } = this.#binding;
    const reached = x87 === undefined ? 0 : this.#waiting.findIndex(({ offset }) => x87.isReached(offset));
    return this.#waiting.splice(Math.max(0, reached), 1)[0];
  }

  /** What a block was compiled for is not the case: the interpreter carries out its first instruction. */
  #leaveBefore(block: number, count = 0): void {
    this.#leaveAt(block, FAILED, count);
  }

  #state(name: 'attention' | 'retired' | 'retireLimit' | 'regionRemaining' | 'exitReason' | 'rip'): IrValue {
    return this.#i32(this.#options.layout.cpuBlock + CPU_FIELDS[name].offset);
  }

  #blockAt(offset: number): IrBlock {
    return this.#blocks.get(offset) as IrBlock;
  }

  #emitBlock(block: BasicBlock): void {
    const f = this.#f;
    f.enter(this.#blockAt(block.offset));
    if (block.offset === this.#region.entry && this.#innerLatches.size > 0) {
      f.jump(this.#innerEntry, true);
      f.enter(this.#innerEntry);
    }
    this.#from = block.offset;
    this.#emitted.add(block.offset);
    const before = this.#before.get(block.offset);
    this.#count = before?.count ?? 0;
    if (before === undefined) this.#forget();
    else this.#binding.recall(before.known);
    if (this.#isRepeatedHere(block)) this.#emitRepeated(block);
    else {
      this.#binding.x87?.enterBlock(block.offset);
      if (!this.#isCautiousAt(block.offset)) this.#doubles.assume(block.offset);
      this.#emitInstructions(block);
    }
  }

  #forget(): void {
    this.#binding.flags.forget();
    this.#binding.forget();
  }

  #isRepeatedHere(block: BasicBlock): boolean {
    if (this.#binding.x87 !== undefined || this.#f.mark() > MAX_OPERATIONS / 2 || !isRepeated(block)) return false;
    return block.instructions.every(({ offset }) => this.#options.reachesDevice?.(offset) !== true);
  }

  /** A loop several times in a row, each knowing what the ones before have checked; or once where checks for all fail. */
  #emitRepeated(block: BasicBlock): void {
    const f = this.#f;
    const { pages, wide } = this.#binding;
    const bits = wide ? 64 : 32;
    const once = f.block();
    const ranges = sharedRanges(block, this.#region.mode, bits);
    for (const range of ranges) pages.share(this.#binding.readGpr(range.register, bits), range, once);
    this.#isRepeating = true;
    for (let left = REPETITIONS - 1; left >= 0; left--) {
      const again = left === 0 ? undefined : f.block();
      this.#again = again;
      this.#emitInstructions(block);
      if (again !== undefined) f.enter(again);
    }
    if (ranges.length > 0) {
      f.enter(once);
      this.#forget();
      this.#count = 0;
      // Not cut short: were it left before its first instruction, the loop would come back to it for ever.
      this.#emitInstructions(block, true);
    }
    this.#isRepeating = false;
  }

  /** `isBounded`: what there is of them is known to be little. */
  #emitInstructions(block: BasicBlock, isBounded = false): void {
    const f = this.#f;
    for (const [at, { offset, instruction }] of block.instructions.entries()) {
      this.#offset = offset;
      this.#next = offset + instruction.length;
      if (!isBounded && f.mark() > MAX_OPERATIONS) {
        this.pause();
        return;
      }
      const reachesDevice = this.#options.reachesDevice?.(offset) === true;
      const operands = this.#binding.begin(block, at, reachesDevice);
      if (this.#binding.x87 !== undefined && needsX87InMemory(instruction)) {
        this.slow();
        return;
      }
      this.#emitter.beginInstruction();
      const semantics = SEMANTICS[instruction.row.mnemonic];
      if (semantics === undefined) throw new Error(`no semantics for ${instruction.row.mnemonic}`);
      semantics(this.#emitter, ...(operands as unknown as [Operand, Operand, Operand, Operand]));
      this.#count++;
    }
    const { offset, instruction } = block.instructions.at(-1) as Placed;
    if (instruction.row.ends === true || branchTarget({ offset, instruction }) !== undefined) f.unreachable();
    else this.#goOn(block.next);
  }

  /** A block ends because the next one begins there; `goto` counts the instruction it belongs to. */
  #goOn(offset: number): void {
    this.#count--;
    this.#offset = offset;
    this.goto(offset);
    this.#count++;
  }

  // RegionControl.

  slow(isTooWide?: IrValue): void {
    const exit = (result: number) => this.#exitWord(this.#offset, result, this.#count);
    this.#leaveWith(isTooWide === undefined ? exit(STEP) : this.#f.select(isTooWide, exit(FAILED), exit(STEP)));
  }
  leaveAfter(): void {
    this.#f.store('i32.store', this.#state('exitReason'), 0, this.#i32(EXIT_ATTENTION));
    this.#leaveAt(this.#next, LEAVE, this.#count + 1);
  }
  pause(): void {
    this.#leaveAt(this.#offset, LOOKUP, this.#count);
  }
  tellRetired(): void {
    const f = this.#f;
    const remaining = f.op('i32.sub', f.get(this.#remaining), this.#i32(this.#count));
    const limit = f.load('i64.load', this.#state('retireLimit'), 0);
    f.store('i64.store', this.#state('retired'), 0, f.op('i64.sub', limit, f.op('i64.extend_i32_s', remaining)));
  }

  isNarrow(): boolean {
    return this.#options.isNarrow?.(this.#offset) === true;
  }
  widened(): void {
    this.#options.widened?.(this.#offset);
  }
  isCautious(): boolean {
    return this.#isCautiousAt(this.#offset);
  }
  #isCautiousAt(offset: number): boolean {
    return this.#options.isCautious?.(offset) === true;
  }
  supposes(): void {
    this.#options.supposes?.(this.#offset);
  }

  goto(offset: number): void {
    const f = this.#f;
    if (!f.open) return;
    if (this.#again !== undefined && offset === this.#from) {
      f.jump(this.#again);
      return;
    }
    const target = this.#blocks.get(offset);
    const { x87 } = this.#binding;
    const leave = () => this.#leaveAt(offset, LOOKUP, this.#count + 1);
    if (target === undefined || x87?.mayGoTo(offset) === false) {
      leave();
      return;
    }
    x87?.confirmControl(leave);
    const count = this.#count + 1;
    const isOnlyWay = this.#soleTargets.has(offset) && !this.#emitted.has(offset) && !this.#isRepeating;
    if (!isOnlyWay) this.#retire(count);
    if (this.#emitted.has(offset)) this.#backEdge(offset);
    this.#ensureDoubles(offset, isOnlyWay ? count : 0);
    if (isOnlyWay) this.#before.set(offset, { count, known: this.#binding.known() });
    else this.#binding.flags.materialize();
    x87?.materialize();
    const isInner = offset === this.#region.entry && this.#innerLatches.has(this.#from);
    f.jump(isInner ? this.#innerEntry : target);
  }

  /** What a block takes for granted, or out. */
  #ensureDoubles(block: number, count = 0): void {
    if (this.#isCautiousAt(block)) return;
    this.#doubles.ensure(block, () => {
      this.#options.supposes?.(block);
      this.#leaveBefore(block, count);
    });
  }

  gotoComputed(target: IrValue, isReturn: boolean): void {
    const f = this.#f;
    const wide = this.#binding.wide ? target : f.op('i64.extend_i32_u', target);
    if (isReturn) for (const site of this.#region.returnSites) this.#gotoIfEqual(wide, site);
    else this.#gotoTarget(wide, this.#region.jumpTargets.get(this.#offset) ?? []);
    this.#binding.leave();
    f.set(this.#exitRip, wide);
    f.set(this.#exit, this.#exitWord(this.#region.entry, LOOKUP, this.#count + 1));
    f.jump(this.#leaveForRip);
  }

  /** Looks for a target among known ones, in ascending order, by halves; goes on behind where it is none of them. */
  #gotoTarget(target: IrValue, known: readonly number[]): void {
    const f = this.#f;
    if (known.length === 0) return;
    // What every path would do.
    this.#binding.flags.split();
    const none = f.block();
    const look = (offsets: readonly number[]): void => {
      if (offsets.length <= 2) {
        for (const offset of offsets) this.#gotoIfEqual(target, offset);
        f.jump(none);
        return;
      }
      const middle = offsets.length >> 1;
      const [below, above] = [f.block(), f.block()];
      f.branch(f.op('i64.lt_u', target, this.#binding.ripAt(offsets[middle] as number)), below, above);
      f.enter(below);
      look(offsets.slice(0, middle));
      f.enter(above);
      look(offsets.slice(middle));
    };
    look(known);
    f.enter(none);
  }

  #gotoIfEqual(target: IrValue, site: number): void {
    const f = this.#f;
    const here = f.block();
    const elsewhere = f.block();
    f.branch(f.op('i64.eq', target, this.#binding.ripAt(site)), here, elsewhere);
    f.enter(here);
    this.goto(site);
    f.enter(elsewhere);
  }

  /** A jump back: other threads may want attention, and the budget may be spent. */
  #backEdge(offset: number): void {
    const f = this.#f;
    const leave = f.block();
    const quiet = f.block();
    f.branch(f.load('i32.load', this.#state('attention'), 0), leave, quiet, false);
    f.enter(quiet);
    const stay = f.block();
    f.branch(f.op('i32.gt_s', f.get(this.#remaining), this.#i32(0)), stay, leave, true);
    f.enter(leave);
    this.#leaveAt(offset, LOOKUP, 0);
    f.enter(stay);
  }

  #retire(count: number): void {
    const f = this.#f;
    if (count !== 0) f.set(this.#remaining, f.op('i32.sub', f.get(this.#remaining), this.#i32(count)));
  }

  #leaveAt(offset: number, result: number, count: number): void {
    this.#leaveWith(this.#exitWord(offset, result, count));
  }
  #leaveWith(exit: IrValue): void {
    this.#binding.leave();
    this.#f.set(this.#exit, exit);
    this.#f.jump(this.#leaveBlock);
  }
  /** All that ways out tell apart in one constant, since there are many of them and few are ever taken. */
  #exitWord(offset: number, result: number, count: number): IrValue {
    const { resultShift, distanceShift } = WAY_OUT;
    if (count >= 2 ** resultShift) throw new Error(`${count} instructions are too many for a way out`);
    const distance = offset - this.#region.entry;
    return this.#f.constant('i64', distance * 2 ** distanceShift + result * 2 ** resultShift + count);
  }

  #emitLeave(): void {
    const f = this.#f;
    f.enter(this.#leaveBlock);
    f.set(this.#exitRip, this.#binding.ripBehind(f.op('i64.shr_s', f.get(this.#exit), f.constant('i64', WAY_OUT.distanceShift))));
    f.jump(this.#leaveForRip);
    f.enter(this.#leaveForRip);
    this.#binding.emitStores();
    const exit = f.variable('i32');
    f.set(exit, f.op('i32.wrap_i64', f.get(this.#exit)));
    const remaining = f.variable('i32');
    const count = f.op('i32.and', f.get(exit), this.#i32(2 ** WAY_OUT.resultShift - 1));
    f.set(remaining, f.op('i32.sub', f.get(this.#remaining), count));
    const { layout, isChained } = this.#options;
    if (isChained === true) {
      const away = f.block();
      const back = f.block();
      f.branch(f.op('i32.and', f.get(exit), this.#i32(LOOKUP << WAY_OUT.resultShift)), away, back, true);
      f.enter(away);
      const mode = this.#binding.changesMode ? undefined : this.#region.mode;
      goOnInNextRegion(f, layout, { rip: f.get(this.#exitRip), remaining: f.get(remaining), back, mode });
      f.enter(back);
    }
    f.store('i64.store', this.#state('rip'), 0, f.get(this.#exitRip));
    f.store('i32.store', this.#state('regionRemaining'), 0, f.get(remaining));
    f.return(f.get(exit));
  }
}
