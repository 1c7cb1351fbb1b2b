// Binds semantics to a region under translation: operands are constants of the decoded instruction, general
// registers and flags are IR variables, and whatever generated code cannot finish leaves the region with the
// state before the instruction (DECISIONS.md: slow paths leave the region).

import type { FunctionBuilder, IrValue, IrVariable } from '../../ir/types.ts';
import type { DecodedOperand, Instruction } from '../../x86/decode/instruction.ts';
import type { HelperDeclaration, HelperName } from '../../x86/helpers/declarations.ts';
import type { SegmentReference, Shape } from '../../x86/semantics/emitter.ts';
import { CPU_FIELDS, type CpuFieldName, GPR_INDEX, MODE_USER, SEGMENT_INDEX } from '../../x86/state/cpu-state.ts';
import type { Binding, BoundOperand, GuestAccess, GuestUpdate, SegmentForm } from '../emit/binding.ts';
import { whereLeft } from '../emit/left-flags.ts';
import { integerName, irTypeOf } from '../emit/value.ts';
import type { ImportSet, SlowPathName } from '../interpreter/engine-imports.ts';
import { loadHost, MMX_EXPONENT, storeHost } from '../interpreter/guest-memory.ts';
import { valueSlot } from '../mmu/mmu.ts';
import { bindOperands, isFlat, isSegmented, modeShape } from '../interpreter/handler-shape.ts';
import type { MemoryLayout } from '../layout.ts';
import { type CheckControl, type Checked, PageChecks } from './page-checks.ts';
import type { BasicBlock, Placed, Region } from './region.ts';
import { type Pending, RegionFlags } from './region-flags.ts';
import { RegionRegisters } from './region-registers.ts';
import { changesState, RegionSuppositions } from './region-suppositions.ts';
import { isMostlyDoubles, RegionVectors } from './region-vectors.ts';
import type { RegionX87 } from './region-x87.ts';

/** Where control goes when it leaves an instruction. Offsets count from the region's page. */
export interface RegionControl extends CheckControl {
  /**
   * Leaves so that the interpreter carries out the current instruction, of which nothing has been committed. `isTooWide`: whether
   * something was supposed that does not hold, or a check failed only because it was wider than the access.
   */
  slow(isTooWide?: IrValue): void;
  /** Whether the current instruction may suppose nothing; and that it supposes something. */
  isCautious(): boolean;
  supposes(): void;
  /** Leaves after the current instruction, for the run loop to look at the state. */
  leaveAfter(): void;
  /** Goes to a block of the region, or leaves it for that offset. */
  goto(offset: number): void;
  /** A computed target in CS, as wide as rip is here. */
  gotoComputed(target: IrValue, isReturn: boolean): void;
  /** Leaves with rip at the current instruction, between two passes of REP. */
  pause(): void;
  /** Has the CPU block say how many instructions have retired, where time may be taken from that. */
  tellRetired(): void;
}

export interface KnownState {
  readonly held: readonly (IrValue | undefined)[];
  readonly start: IrValue | undefined;
  readonly flags: Pending | undefined;
  readonly checked: readonly Checked[];
}

type RegisterOperand = Extract<DecodedOperand, { kind: 'register' }>;

export class RegionBinding implements Binding {
  readonly registers: RegionRegisters;
  readonly flags: RegionFlags;
  readonly pages: PageChecks;
  readonly vectors: RegionVectors;
  readonly supposed: RegionSuppositions;
  readonly wide: boolean;
  /** Whether the mode word may be another one when the region is left for a place to be looked up. */
  changesMode = false;
  /** x87 registers, where the region keeps them. */
  x87: RegionX87 | undefined;
  shape!: Shape & ReturnType<typeof modeShape> & { segmented: boolean };
  aligned = false;
  suppositions: RegionSuppositions | undefined;
  readonly #f: FunctionBuilder;
  readonly #layout: MemoryLayout;
  readonly #imports: ImportSet;
  readonly #mode: number;
  readonly #modeShape: ReturnType<typeof modeShape>;
  readonly #control: RegionControl;
  /** Where in CS the region was entered, for addresses of operands; exits read it from the CPU block. */
  readonly #start: IrVariable;
  #heldStart: IrValue | undefined;
  readonly #entry: number;
  #instruction!: Instruction;
  #offset = 0;
  #reachesDevice = false;
  readonly #slot: IrValue;

  constructor(
    f: FunctionBuilder,
    parts: { layout: MemoryLayout; imports: ImportSet; region: Region; control: RegionControl },
  ) {
    this.#f = f;
    this.#layout = parts.layout;
    this.#imports = parts.imports;
    const { mode } = parts.region;
    this.#mode = mode;
    this.#control = parts.control;
    this.#modeShape = modeShape(mode);
    this.wide = this.#modeShape.codeBits === 64;
    this.registers = new RegionRegisters(f, this.wide, (index) => this.#stateAddress('gpr', index));
    this.flags = new RegionFlags(f, this.wide, this.registers.held);
    this.pages = new PageChecks(f, {
      layout: parts.layout,
      user: (mode & MODE_USER) !== 0,
      wideTag: this.#modeShape.longMode,
      control: parts.control,
      unless: (condition, isTooWide) => this.#unless(condition, isTooWide),
    });
    this.vectors = new RegionVectors(f, {
      addressOf: (index) => this.#stateAddress('xmm', index),
      isSplit: isMostlyDoubles(parts.region),
    });
    this.supposed = new RegionSuppositions(f, {
      flags: this.flags,
      readState: (name) => this.readState(name, 0),
      leave: () => {
        this.#control.supposes();
        this.#control.slow(this.#i32(1));
      },
      canStateChange: changesState(parts.region),
    });
    this.#start = f.variable('i64');
    this.#entry = parts.region.entry;
    this.#slot = f.constant('i32', valueSlot(parts.layout));
  }

  /** Makes an instruction current; its operands as semantics take them. */
  begin(block: BasicBlock, at: number, reachesDevice = false): BoundOperand[] {
    const { offset, instruction } = block.instructions[at] as Placed;
    this.pages.begin(block, at);
    this.#instruction = instruction;
    this.#offset = offset;
    this.#reachesDevice = reachesDevice;
    this.flags.begin();
    this.supposed.begin();
    this.suppositions = this.#control.isCautious() ? undefined : this.supposed;
    const { row, operandBits, addressBits, repeat, lock } = instruction;
    this.aligned = row.aligned === true;
    // Not spread: that takes several times as long, for each instruction.
    const mode = this.#modeShape;
    this.shape = {
      mnemonic: row.mnemonic,
      condition: row.condition,
      operandBits,
      addressBits,
      repeat,
      lock,
      segmented: isSegmented(instruction.segment, this.#mode),
      codeBits: mode.codeBits,
      stackBits: mode.stackBits,
      protectedMode: mode.protectedMode,
      virtual8086: mode.virtual8086,
      longMode: mode.longMode,
      flatData: mode.flatData,
      flatCode: mode.flatCode,
    };
    return bindOperands(instruction.operands);
  }

  /** Control forks or joins: nothing is known any more but the variables. */
  forget(): void {
    this.registers.forget();
    this.#heldStart = undefined;
    this.vectors.forget();
    this.supposed.forget();
    this.pages.forget();
  }

  /** What is known here, of which registers in vectors are left out. */
  known(): KnownState {
    const { registers, flags, pages } = this;
    return { held: [...registers.held], start: this.#heldStart, flags: flags.known(), checked: pages.known() };
  }
  /** Control comes from where that was known, and from nowhere else. */
  recall({ held, start, flags, checked }: KnownState): void {
    this.forget();
    this.registers.recall(held);
    this.#heldStart = start;
    this.flags.recall(flags);
    this.pages.recall(checked);
  }

  // Entry and exit of the region.

  /** Loads what the region uses; to be emitted when everything else is. */
  emitEntry(): void {
    const f = this.#f;
    this.registers.emitEntry();
    this.vectors.emitEntry();
    this.supposed.emitEntry();
    f.set(this.#start, this.readState('regionStart', 0));
    this.x87?.emitEntry();
    if (this.flags.isRead) whereLeft(f, this.#layout, () => this.#imports.settleFlags(f));
    this.flags.emitEntry(this.readState('flagResult', 0), this.readState('flagAux', 0));
  }

  /** Stores what the region may have changed. */
  emitStores(): void {
    const f = this.#f;
    this.registers.emitStores();
    this.vectors.emitStores();
    this.x87?.emitStores();
    this.flags.emitStores({
      word: (word) => this.writeState('leftFlags', 0, word),
      operand: (at, value) => this.writeState('flagOperands', at, this.wide ? value : f.op('i64.extend_i32_u', value)),
      words: (result, aux) => {
        this.writeState('flagResult', 0, result);
        this.writeState('flagAux', 0, aux);
      },
    });
  }

  /** On the way out of the region. */
  leave(): void {
    this.flags.leave();
    this.x87?.leave();
  }

  /** Offset in CS of a place in the page, as 64 bits. */
  ripAt(offset: number): IrValue {
    return this.ripBehind(this.#distance(offset));
  }
  /** The same of what is so far from where the region was entered. */
  ripBehind(distance: IrValue): IrValue {
    const place = this.#placeBehind(distance);
    return this.wide ? place : this.#f.op('i64.extend_i32_u', place);
  }

  #i32(value: number): IrValue {
    return this.#f.constant('i32', value);
  }

  // General registers.

  readGpr(index: number, bits: 8 | 16 | 32 | 64): IrValue {
    return this.registers.read(index, bits);
  }
  writeGpr(index: number, bits: 8 | 16 | 32 | 64, value: IrValue): void {
    this.registers.write(index, bits, value);
  }
  readHigh8(index: number): IrValue {
    return this.registers.readHigh8(index);
  }
  writeHigh8(index: number, value: IrValue): void {
    this.registers.writeHigh8(index, value);
  }

  // Operands.

  #decoded(operand: BoundOperand, kind: DecodedOperand['kind']): DecodedOperand {
    let seen = 0;
    for (const decoded of this.#instruction.operands) {
      if (decoded.kind !== kind) continue;
      if (seen++ === operand.slot) return decoded;
    }
    throw new Error(`${this.shape.mnemonic} has no ${kind} operand ${operand.slot}`);
  }
  #register(operand: BoundOperand): RegisterOperand {
    return this.#decoded(operand, 'register') as RegisterOperand;
  }
  #blockAddress({ index }: RegisterOperand): IrValue {
    const field = CPU_FIELDS.fprSignificand;
    return this.#i32(this.#layout.cpuBlock + field.offset + index * field.stride);
  }
  readRegister(operand: BoundOperand): IrValue {
    const register = this.#register(operand);
    const { file, index, high8 } = register;
    if (file === 'gpr')
      return high8 ? this.readHigh8(index) : this.readGpr(index, operand.bits as 8 | 16 | 32 | 64);
    if (file === 'xmm') return this.vectors.read(index, operand.bits);
    if (file === 'mmx') return loadHost(this.#f, operand.bits, this.#blockAddress(register));
    if (file !== 'segment') throw new Error(`${this.shape.mnemonic} reads a ${file} register as a value`);
    const selector = this.readState('segmentSelector', index);
    return operand.bits === 16 ? this.#f.op('i32.and', selector, this.#i32(0xffff)) : selector;
  }
  writeRegister(operand: BoundOperand, value: IrValue): void {
    const register = this.#register(operand);
    const { file, index, high8 } = register;
    if (file === 'gpr') {
      if (high8) this.writeHigh8(index, value);
      else this.writeGpr(index, operand.bits as 8 | 16 | 32 | 64, value);
    } else if (file === 'xmm') this.vectors.write(index, operand.bits, value);
    else if (file === 'mmx') {
      const address = this.#blockAddress(register);
      storeHost(this.#f, operand.bits, address, value);
      // The exponent of a register that MMX writes becomes all ones.
      this.#f.store('i32.store', address, MMX_EXPONENT, this.#i32(0xffff));
    } else throw new Error(`${this.shape.mnemonic} writes a ${file} register`);
  }
  registerNumber(operand: BoundOperand): IrValue {
    return this.#i32(this.#register(operand).index);
  }
  immediate(operand: BoundOperand): IrValue {
    const decoded = this.#decoded(operand, 'immediate');
    if (decoded.kind !== 'immediate') throw new Error('not an immediate');
    if (operand.bits === 64) {
      return this.#f.constant('i64', (BigInt(decoded.high) << 32n) | BigInt(decoded.low >>> 0));
    }
    return this.#i32(operand.bits === 32 ? decoded.low : decoded.low & (2 ** operand.bits - 1));
  }
  #relative(operand: BoundOperand): number {
    const decoded = this.#decoded(operand, 'relative');
    return decoded.kind === 'relative' ? decoded.displacement : 0;
  }
  relativeTarget(operand: BoundOperand): IrValue {
    return this.#place(this.#offset + this.#instruction.length + this.#relative(operand));
  }
  #place(offset: number): IrValue {
    return this.#placeBehind(this.#distance(offset));
  }
  #distance(offset: number): IrValue {
    return this.#f.constant('i64', offset - this.#entry);
  }
  #placeBehind(distance: IrValue): IrValue {
    const rip = this.#f.op('i64.add', this.readState('regionStart', 0), distance);
    return this.wide ? rip : this.#f.op('i32.wrap_i64', rip);
  }
  farSelector(operand: BoundOperand): IrValue {
    const decoded = this.#decoded(operand, 'far');
    return this.#i32(decoded.kind === 'far' ? decoded.selector : 0);
  }
  farOffset(operand: BoundOperand): IrValue {
    const decoded = this.#decoded(operand, 'far');
    return this.#i32(decoded.kind === 'far' ? decoded.offset : 0);
  }

  effectiveAddress(_operand: BoundOperand, popped: number): IrValue {
    const f = this.#f;
    const { memory, addressBits } = this.#instruction;
    if (memory === undefined) throw new Error(`${this.shape.mnemonic} has no memory operand`);
    const type = addressBits === 64 ? 'i64' : 'i32';
    const bits = addressBits === 64 ? 64 : 32;
    let sum = memory.base >= 0 ? this.readGpr(memory.base, bits) : undefined;
    const plus = (term: IrValue): IrValue => (sum === undefined ? term : f.op(integerName(type, 'add'), sum, term));
    if (memory.index >= 0) {
      const shift = f.constant(type, Math.log2(memory.scale));
      sum = plus(f.op(integerName(type, 'shl'), this.readGpr(memory.index, bits), shift));
    }
    if (memory.ripRelative) {
      // Addresses with one base share checks.
      this.#heldStart ??= f.get(this.#start);
      const next = f.op('i64.add', this.#heldStart, this.#distance(this.#offset + this.#instruction.length));
      sum = plus(type === 'i32' ? f.op('i32.wrap_i64', next) : next);
    }
    const extra = memory.base === GPR_INDEX.rsp ? popped : 0;
    const isShort = memory.displacementHigh === memory.displacement >> 31;
    const displacement = isShort ? memory.displacement : (BigInt(memory.displacementHigh) << 32n) | BigInt(memory.displacement >>> 0);
    const constant = typeof displacement === 'number' || type === 'i32' ? memory.displacement + extra : displacement + BigInt(extra);
    sum = plus(f.constant(type, constant));
    return addressBits === 16 ? f.op('i32.and', sum, this.#i32(0xffff)) : sum;
  }

  // State and segments.

  #stateAddress(name: CpuFieldName, index: number): IrValue {
    const field = CPU_FIELDS[name];
    return this.#i32(this.#layout.cpuBlock + field.offset + index * field.stride);
  }
  readState(name: CpuFieldName, index: number): IrValue {
    // Part of the mode that the region is compiled for.
    if (name === 'cpl' && this.#mode & MODE_USER) return this.#i32(3);
    if (name === 'xmm') return this.vectors.read(index, 128);
    const kept = this.x87?.readState(name, index);
    return kept ?? loadHost(this.#f, CPU_FIELDS[name].bits, this.#stateAddress(name, index));
  }
  writeState(name: CpuFieldName, index: number, value: IrValue): void {
    this.changesMode ||= name === 'mode';
    if (name === 'xmm') this.vectors.write(index, 128, value);
    else if (this.x87?.writeState(name, value, this.#offset) !== true)
      storeHost(this.#f, CPU_FIELDS[name].bits, this.#stateAddress(name, index), value);
  }

  segmentForm(segment: SegmentReference): SegmentForm {
    if (isFlat(segment, this.shape)) return 'flat';
    return this.wide ? 'base' : 'checked';
  }
  #segmentIndex(segment: SegmentReference): number {
    return segment === 'instruction' ? this.#instruction.segment : SEGMENT_INDEX[segment];
  }
  segmentBase(segment: SegmentReference): IrValue {
    return this.readState('segmentBase', this.#segmentIndex(segment));
  }
  segmentTop(segment: SegmentReference, write: boolean): IrValue {
    return this.readState(write ? 'segmentWriteTop' : 'segmentReadTop', this.#segmentIndex(segment));
  }
  segmentNumber(segment: SegmentReference): IrValue {
    return this.#i32(this.#segmentIndex(segment));
  }
  checkSegment(_segment: IrValue, _offset: IrValue, _descriptor: number): void {
    this.#control.slow();
    this.#f.enter(this.#f.block());
  }

  // Guest memory: a TLB hit or the way out.

  /** Leaves for the interpreter where a condition, expected to be 1, is 0. */
  #unless(condition: IrValue, isTooWide?: () => IrValue): void {
    const f = this.#f;
    const fine = f.block();
    const slow = f.block();
    f.branch(condition, fine, slow, true);
    f.enter(slow);
    this.#control.slow(isTooWide?.());
    f.enter(fine);
  }
  /** With a device behind it, a miss is carried out by the MMU if it knows the page as a device's. */
  #atDevice(access: GuestAccess, write: boolean, cases: { memory(host: IrValue): void; device(): void }): void {
    const f = this.#f;
    const { hit, host } = this.pages.probe(access, write);
    const [memory, device, after] = [f.block(), f.block(), f.block()];
    f.branch(hit, memory, device);
    f.enter(memory);
    cases.memory(host());
    f.jump(after);
    f.enter(device);
    cases.device();
    f.jump(after);
    f.enter(after);
    this.pages.forget();
  }
  #callDevice(name: 'deviceRead' | 'deviceWrite' | 'deviceUpdate', access: GuestAccess): void {
    this.#unless(this.#f.op('i32.eqz', this.#callMmu(name, access)));
  }
  #callMmu(name: SlowPathName, { linear, bits }: GuestAccess): IrValue {
    const f = this.#f;
    this.#control.tellRetired();
    const wide = linear.type === 'i64';
    const low = wide ? f.op('i32.wrap_i64', linear) : linear;
    const high = wide ? f.op('i32.wrap_i64', f.op('i64.shr_u', linear, f.constant('i64', 32))) : this.#i32(0);
    return this.#imports.callSlowPath(f, name, low, high, this.#i32(bits / 8));
  }
  #loadAtDevice(access: GuestAccess): IrValue {
    const f = this.#f;
    const value = f.variable(irTypeOf(access.bits));
    this.#atDevice(access, false, {
      memory: (host) => f.set(value, loadHost(f, access.bits, host)),
      device: () => {
        this.#callDevice('deviceRead', access);
        f.set(value, loadHost(f, access.bits, this.#slot));
      },
    });
    return f.get(value);
  }

  load(access: GuestAccess): IrValue {
    if (this.#reachesDevice) return this.#loadAtDevice(access);
    return loadHost(this.#f, access.bits, this.pages.translated(access, false));
  }
  store(access: GuestAccess, value: IrValue): void {
    if (this.#reachesDevice) {
      this.#atDevice(access, true, {
        memory: (host) => storeHost(this.#f, access.bits, host, value),
        device: () => {
          storeHost(this.#f, access.bits, this.#slot, value);
          this.#callDevice('deviceWrite', access);
        },
      });
      return;
    }
    storeHost(this.#f, access.bits, this.pages.translated(access, true), value);
  }
  #updateAtDevice(access: GuestAccess): GuestUpdate {
    const f = this.#f;
    const value = f.variable(irTypeOf(access.bits));
    const kept = f.variable('i32');
    this.#atDevice(access, true, {
      memory: (host) => {
        f.set(kept, host);
        f.set(value, loadHost(f, access.bits, host));
      },
      device: () => {
        this.#callDevice('deviceUpdate', access);
        f.set(kept, this.#i32(0));
        f.set(value, loadHost(f, access.bits, this.#slot));
      },
    });
    const store = (fresh: IrValue) => {
      const [memory, device, after] = [f.block(), f.block(), f.block()];
      const host = f.get(kept);
      f.branch(host, memory, device);
      f.enter(memory);
      storeHost(f, access.bits, host, fresh);
      f.jump(after);
      f.enter(device);
      storeHost(f, access.bits, this.#slot, fresh);
      this.#callMmu('slowWrite', access);
      f.jump(after);
      f.enter(after);
      this.pages.forget();
    };
    return { value: f.get(value), store };
  }
  update(access: GuestAccess): GuestUpdate {
    if (this.#reachesDevice) return this.#updateAtDevice(access);
    const f = this.#f;
    const host = this.pages.translated(access, true);
    const kept = f.variable('i32');
    f.set(kept, host);
    const old = f.variable(irTypeOf(access.bits));
    f.set(old, loadHost(f, access.bits, host));
    return { value: f.get(old), store: (value) => storeHost(f, access.bits, f.get(kept), value) };
  }

  // Leaving.

  /** The interpreter meets the same fault and raises it. */
  fault(_vector: number, _errorCode: IrValue): void {
    this.#control.slow();
  }
  thisInstruction(): IrValue {
    return this.#place(this.#offset);
  }
  nextInstruction(): IrValue {
    return this.#place(this.#offset + this.#instruction.length);
  }
  jump(target: IrValue): void {
    this.#control.gotoComputed(target, this.shape.mnemonic === 'RET');
  }
  jumpRelative(operand: BoundOperand): void {
    const offset = this.#offset + this.#instruction.length + this.#relative(operand);
    if (this.shape.operandBits === 16) this.#wrap(offset);
    this.#control.goto(offset);
  }
  /** A 16-bit jump beyond FFFFh comes back at 0, which only the running code's place in its segment tells. */
  #wrap(offset: number): void {
    const f = this.#f;
    const target = this.#place(offset);
    const wraps = f.block();
    const stays = f.block();
    f.branch(f.op('i32.shr_u', target, this.#i32(16)), wraps, stays, false);
    f.enter(wraps);
    this.#control.gotoComputed(f.op('i32.and', target, this.#i32(0xffff)), false);
    f.enter(stays);
  }
  jumpRelativeWhen(condition: IrValue, operand: BoundOperand): void {
    const f = this.#f;
    const taken = f.block();
    const passed = f.block();
    f.branch(condition, taken, passed);
    f.enter(taken);
    this.jumpRelative(operand);
    f.enter(passed);
    this.#control.goto(this.#offset + this.#instruction.length);
  }
  /** Its instruction has commits behind it: only HLT, which has none, may be left to the interpreter. */
  endBlock(reason: 'lookup' | 'halt' | 'shadow'): void {
    if (reason === 'halt') {
      this.#control.slow();
      return;
    }
    if (reason === 'shadow') this.writeState('interruptShadow', 0, this.#i32(1));
    this.#control.leaveAfter();
  }

  iterate(body: () => IrValue): void {
    const f = this.#f;
    const head = f.block();
    const again = f.block();
    const after = f.block();
    const pause = f.block();
    this.flags.split();
    this.forget();
    f.jump(head);
    f.enter(head);
    const more = body();
    this.flags.split();
    this.forget();
    f.branch(more, again, after);
    f.enter(again);
    f.branch(this.readState('attention', 0), pause, head, false);
    f.enter(pause);
    this.#control.pause();
    f.enter(after);
  }

  inlineHelper(name: HelperName, operands: readonly IrValue[]): IrValue | undefined {
    return this.x87?.call(name, operands);
  }
  callHelper(name: string, declaration: HelperDeclaration, operands: readonly IrValue[]): IrValue | undefined {
    // Registers stand in variables here: what reads or writes them elsewhere is the interpreter's.
    if (declaration.endsBlock !== undefined || declaration.readsRegisters || declaration.writesRegisters) {
      const nothing = this.#i32(0);
      this.#control.slow();
      // Behind a helper that ends the block the emitter opens the next one.
      if (declaration.endsBlock === undefined) this.#f.enter(this.#f.block());
      return nothing;
    }
    if (declaration.readsTime) this.#control.tellRetired();
    const result = this.#imports.callHelper(this.#f, name, operands);
    this.pages.forget();
    this.supposed.forget();
    if (declaration.mayFault) this.#unless(this.#f.op('i32.eqz', result));
    return result;
  }
}
