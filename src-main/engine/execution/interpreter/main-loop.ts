// The dispatch loop: one WebAssembly function that runs records until something has to be looked at outside.
// Measured best on every V8: a `br_table` over the handler number with what the loop does itself inside, the usual
// instructions among it, and the other handlers behind one indirect call.

import { createModuleBuilder } from '../../ir/module.ts';
import type { FunctionBuilder, IrBlock, IrValue, IrVariable } from '../../ir/types.ts';
import {
  CPU_FIELDS,
  type CpuFieldName,
  EXIT_ATTENTION,
  EXIT_FAULT,
  EXIT_HOT,
  EXIT_LOOKUP,
  EXIT_SLOW,
} from '../../x86/state/cpu-state.ts';
import { settleFlags } from '../emit/left-flags.ts';
import type { MemoryLayout } from '../layout.ts';
import { type EngineImports, IMPORT_MODULE, ImportSet } from './engine-imports.ts';
import { emitHandler } from './handler-numbers.ts';
import type { HandlerShape } from './handler-shape.ts';
import { JUMP_PLACES, STEP_KEY } from './jump-cache.ts';
import { JumpLookup } from './jump-lookup.ts';
import { FIELD, HANDLER, HEADER, LEAVE, LOOKUP, RECORD_SIZE, REGION_TYPE, WAY_OUT } from './record.ts';
import type { RecordEnds } from './record-ends.ts';

export interface MainLoopParts {
  readonly layout: MemoryLayout;
  readonly imports: EngineImports;
  /** Shapes that it carries out itself, in the order of their numbers. */
  readonly usual: readonly HandlerShape[];
}

/**
 * The run loop hears of so many failures of regions only once: to come by there takes as long as a thousand instructions. A prime
 * number, so that places that fail by turns are all heard of.
 */
export const FAILURES_HEARD_AS_ONE = 127;

/** Runs from a header record until an exit; the reason is in the CPU block. */
export type MainLoop = (record: number) => void;

export function createMainLoop(parts: MainLoopParts): MainLoop {
  const { layout } = parts;
  const module = createModuleBuilder();
  module.importMemory(IMPORT_MODULE, 'memory', {
    shared: true,
    initial: layout.pages,
    maximum: layout.pages,
  });
  module.importTable(IMPORT_MODULE, 'table', { initial: 0 });
  const { builder } = module.defineFunction('dispatch', ['i32'], [], { export: 'run' });
  new LoopEmitter(builder, parts, new ImportSet(module)).emit();
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.build({ names: true })), {
    [IMPORT_MODULE]: parts.imports as Record<string, unknown>,
  });
  return instance.exports['run'] as MainLoop;
}

class LoopEmitter {
  readonly #f: FunctionBuilder;
  readonly #parts: MainLoopParts;
  readonly #imports: ImportSet;
  readonly #record: IrVariable;
  readonly #next: IrVariable;
  readonly #retired: IrVariable;
  /** Of the region to enter, and where in CS that is. */
  readonly #slot: IrVariable;
  readonly #start: IrVariable;
  readonly #dispatch: IrBlock;
  /** Ends of instructions. */
  readonly #straight: IrBlock;
  readonly #linked: IrBlock;
  readonly #missed: IrBlock;
  readonly #left: IrBlock;
  readonly #lookup: IrBlock;
  readonly #step: IrBlock;
  readonly #failed: IrBlock;
  readonly #region: IrBlock;
  readonly #leave: IrBlock;

  constructor(f: FunctionBuilder, parts: MainLoopParts, imports: ImportSet) {
    this.#f = f;
    this.#parts = parts;
    this.#imports = imports;
    this.#record = f.variable('i32');
    this.#next = f.variable('i32');
    this.#retired = f.variable('i64');
    this.#slot = f.variable('i32');
    this.#start = f.variable('i64');
    this.#dispatch = f.block();
    this.#straight = f.block();
    this.#linked = f.block();
    this.#missed = f.block();
    this.#left = f.block();
    this.#lookup = f.block();
    this.#step = f.block();
    this.#failed = f.block();
    this.#region = f.block();
    this.#leave = f.block();
  }

  #i32(value: number): IrValue {
    return this.#f.constant('i32', value);
  }
  #state(name: CpuFieldName, index = 0): { at: IrValue; wide: boolean } {
    const field = CPU_FIELDS[name];
    return {
      at: this.#i32(this.#parts.layout.cpuBlock + field.offset + index * field.stride),
      wide: field.bits === 64,
    };
  }
  #read(name: CpuFieldName, index = 0): IrValue {
    const { at, wide } = this.#state(name, index);
    return this.#f.load(wide ? 'i64.load' : 'i32.load', at, 0);
  }
  #write(name: CpuFieldName, value: IrValue): void {
    const { at, wide } = this.#state(name);
    this.#f.store(wide ? 'i64.store' : 'i32.store', at, 0, value);
  }
  #rec(): IrValue {
    return this.#f.get(this.#record);
  }
  #goto(next: IrValue): void {
    this.#f.set(this.#record, next);
    this.#f.jump(this.#dispatch);
  }
  #following(): IrValue {
    return this.#f.op('i32.add', this.#rec(), this.#i32(RECORD_SIZE));
  }

  emit(): void {
    const f = this.#f;
    f.set(this.#record, f.parameter(0));
    f.set(this.#retired, this.#read('retired'));
    f.jump(this.#dispatch);

    const own = [
      HANDLER.enter,
      HANDLER.region,
      HANDLER.proceed,
      HANDLER.fault,
      HANDLER.stale,
      HANDLER.spanning,
    ].map(() => f.block());
    const usual = this.#parts.usual.map((shape) => ({ shape, block: f.block() }));
    const outside = f.block();
    f.enter(this.#dispatch);
    f.switch(f.load('i32.load16_u', this.#rec(), FIELD.handler), [...own, ...usual.map(({ block }) => block)], outside);

    const emitters = [
      () => this.#enterBlock(),
      () => this.#enterRegion(),
      () => this.#proceed(),
      () => this.#fault(),
      () => this.#stale(),
      () => this.#enterSpanning(),
    ];
    own.forEach((block, i) => {
      f.enter(block);
      (emitters[i] as () => void)();
    });

    for (const { shape, block } of usual) {
      f.enter(block);
      emitHandler(f, shape, { record: this.#rec(), layout: this.#parts.layout, imports: this.#imports, ends: this.#ends() });
    }
    f.enter(outside);
    this.#callHandler();
    this.#emitEnds();
    f.enter(this.#lookup);
    this.#findJump(0, EXIT_LOOKUP);
    f.enter(this.#step);
    this.#findJump(STEP_KEY, EXIT_SLOW);
    this.#emitFailed();
    this.#emitLeave();
  }

  /** Carries an instruction out by its handler's function, which says what comes next. */
  #callHandler(): void {
    const f = this.#f;
    const handler = f.load('i32.load16_u', this.#rec(), FIELD.handler);
    f.set(this.#next, f.callIndirect(['i32'], ['i32'], handler, this.#rec()) as IrValue);
    const other = f.block();
    const special = f.block();
    f.branch(f.op('i32.eq', f.get(this.#next), this.#following()), this.#straight, other, true);
    f.enter(other);
    f.branch(f.op('i32.gt_u', f.get(this.#next), this.#i32(LOOKUP)), this.#linked, special, true);
    f.enter(special);
    f.branch(f.op('i32.eq', f.get(this.#next), this.#i32(LEAVE)), this.#left, this.#missed, false);
  }

  #ends(): RecordEnds {
    const f = this.#f;
    return {
      following: () => f.jump(this.#straight),
      linked: (header) => {
        f.set(this.#next, header);
        f.jump(this.#linked);
      },
      lookup: () => f.jump(this.#missed),
      leave: () => f.jump(this.#left),
    };
  }

  #emitEnds(): void {
    const f = this.#f;
    f.enter(this.#straight);
    this.#goto(this.#following());
    f.enter(this.#linked);
    this.#retire(1);
    this.#goto(f.get(this.#next));
    f.enter(this.#missed);
    this.#retire(1);
    f.jump(this.#lookup);
    f.enter(this.#left);
    // A faulting instruction does not retire.
    this.#retireCount(f.op('i32.ne', this.#read('exitReason'), this.#i32(EXIT_FAULT)));
    f.jump(this.#leave);
  }

  /** Counts the block's instructions up to the current record, and `more`. */
  #retire(more: number): void {
    this.#retireCount(this.#i32(more));
  }
  #retireCount(more: IrValue): void {
    const f = this.#f;
    const count = f.op('i32.add', f.load('i32.load8_u', this.#rec(), FIELD.count), more);
    f.set(this.#retired, f.op('i64.add', f.get(this.#retired), f.op('i64.extend_i32_u', count)));
  }

  #ripOfRecord(): IrValue {
    const f = this.#f;
    return f.op(
      'i64.add',
      this.#read('codeBase'),
      f.op('i64.extend_i32_u', f.load('i32.load16_u', this.#rec(), FIELD.pageOffset)),
    );
  }

  #enterBlock(): void {
    const f = this.#f;
    this.#pollAttention();
    const left = f.op('i32.sub', f.load('i32.load', this.#rec(), HEADER.countdown), this.#i32(1));
    f.store('i32.store', this.#rec(), HEADER.countdown, left);
    const hot = f.block();
    const cold = f.block();
    f.branch(left, cold, hot, true);
    f.enter(hot);
    this.#leaveAtRecord(EXIT_HOT);
    f.enter(cold);
    this.#goto(this.#following());
  }

  #pollAttention(): void {
    const f = this.#f;
    const quiet = f.block();
    const asked = f.block();
    const inBudget = f.block();
    f.branch(this.#read('attention'), asked, quiet, false);
    f.enter(quiet);
    f.branch(f.op('i64.lt_s', f.get(this.#retired), this.#read('retireLimit')), inBudget, asked, true);
    f.enter(asked);
    this.#leaveAtRecord(EXIT_ATTENTION);
    f.enter(inBudget);
  }

  /** Whether the other pages are still mapped as they were is for the run loop to find out, as with hot blocks. */
  #enterSpanning(): void {
    const f = this.#f;
    this.#pollAttention();
    const sameBase = f.op('i64.eq', f.load('i64.load', this.#rec(), HEADER.checkedBase), this.#read('codeBase'));
    const epoch = f.load('i64.load', f.load('i32.load', this.#rec(), HEADER.epoch), 0);
    const sameEpoch = f.op('i64.eq', f.load('i64.load', this.#rec(), HEADER.checkedEpoch), epoch);
    const unchecked = f.block();
    this.#setRegionOfRecord();
    f.branch(f.op('i32.and', sameBase, sameEpoch), this.#region, unchecked, true);
    f.enter(unchecked);
    this.#leaveAtRecord(EXIT_HOT);
  }

  #enterRegion(): void {
    const f = this.#f;
    this.#pollAttention();
    this.#setRegionOfRecord();
    f.jump(this.#region);
    f.enter(this.#region);
    this.#write('retired', f.get(this.#retired));
    this.#write('regionStart', f.get(this.#start));
    const remaining = f.op('i32.wrap_i64', f.op('i64.sub', this.#read('retireLimit'), f.get(this.#retired)));
    const { parameters, results } = REGION_TYPE;
    const out = f.callIndirect(parameters, results, f.get(this.#slot), remaining) as IrValue;
    settleFlags(f, this.#parts.layout);
    const left = f.op('i64.extend_i32_s', this.#read('regionRemaining'));
    f.set(this.#retired, f.op('i64.sub', this.#read('retireLimit'), left));
    // They go on in one another (`next-region.ts`): which was the last, `regionStart` tells.
    f.set(this.#record, this.#i32(0));
    const { resultShift, resultBits } = WAY_OUT;
    const result = f.op('i32.and', f.op('i32.shr_u', out, this.#i32(resultShift)), this.#i32(2 ** resultBits - 1));
    f.switch(result, [this.#leave, this.#lookup, this.#step], this.#failed);
  }

  #setRegionOfRecord(): void {
    this.#f.set(this.#slot, this.#f.load('i32.load', this.#rec(), HEADER.regionSlot));
    this.#f.set(this.#start, this.#ripOfRecord());
  }

  /** Block that was looked up: the record's memory is not touched where its region is known, as mostly no cache of the host has it. */
  #enterFound(slot: IrValue): void {
    const f = this.#f;
    const direct = f.block();
    f.set(this.#slot, slot);
    f.set(this.#start, this.#read('rip'));
    f.branch(f.get(this.#slot), direct, this.#dispatch, true);
    f.enter(direct);
    this.#pollAttention();
    f.jump(this.#region);
  }

  #proceed(): void {
    const f = this.#f;
    this.#retire(0);
    const link = f.load('i32.load', this.#rec(), FIELD.link);
    const linked = f.block();
    const unlinked = f.block();
    f.branch(link, linked, unlinked, true);
    f.enter(linked);
    this.#goto(link);
    f.enter(unlinked);
    this.#write('rip', this.#ripOfRecord());
    f.jump(this.#lookup);
  }

  #stale(): void {
    this.#retire(0);
    this.#leaveAtRecord(EXIT_LOOKUP);
  }

  #leaveAtRecord(reason: number): void {
    this.#write('rip', this.#ripOfRecord());
    this.#write('exitReason', this.#i32(reason));
    this.#f.jump(this.#leave);
  }

  #fault(): void {
    const f = this.#f;
    this.#retire(0);
    this.#write('faultVector', f.load('i32.load', this.#rec(), FIELD.immediate));
    this.#write('faultError', f.load('i32.load', this.#rec(), FIELD.immediateHigh));
    this.#write('exitReason', this.#i32(EXIT_FAULT));
    f.jump(this.#leave);
  }

  /** Goes to the record that the jump cache has for rip and the mode word with `key`, or leaves for a reason. */
  #findJump(key: 0 | typeof STEP_KEY, missed: number): void {
    const f = this.#f;
    const lookup = new JumpLookup(f, this.#parts.layout, this.#read('rip'), { key });
    for (let number = 0; number < JUMP_PLACES; number++) {
      const place = lookup.at(number);
      const hit = f.block();
      const other = f.block();
      f.branch(place.isHit(), hit, other, number === 0);
      f.enter(hit);
      f.set(this.#record, lookup.take(place));
      if (key === 0) this.#enterFound(place.slot);
      else f.jump(this.#dispatch);
      f.enter(other);
    }
    this.#write('exitReason', this.#i32(missed));
    f.jump(this.#leave);
  }

  #emitFailed(): void {
    const f = this.#f;
    const heard = f.block();
    const place = this.#i32(this.#parts.layout.regionFailures);
    f.enter(this.#failed);
    const failures = f.op('i32.add', f.load('i32.load', place, 0), this.#i32(1));
    f.store('i32.store', place, 0, failures);
    f.branch(f.op('i32.rem_u', failures, this.#i32(FAILURES_HEARD_AS_ONE)), this.#step, heard, true);
    f.enter(heard);
    this.#write('exitReason', this.#i32(EXIT_SLOW));
    f.jump(this.#leave);
  }

  #emitLeave(): void {
    const f = this.#f;
    f.enter(this.#leave);
    this.#write('retired', f.get(this.#retired));
    this.#write('currentRecord', this.#rec());
    f.return();
  }
}
