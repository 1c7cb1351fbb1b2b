// Binds semantics to decoded records: operands come from the record's fields, registers and flags from the CPU
// block, and where control goes on is the next record. Field offsets: `record.ts`.

import type { FunctionBuilder, IrValue } from '../../ir/types.ts';
import type { HelperDeclaration } from '../../x86/helpers/declarations.ts';
import type { SegmentReference } from '../../x86/semantics/emitter.ts';
import {
  CPU_FIELDS,
  type CpuFieldName,
  EXIT_FAULT,
  EXIT_HALT,
  EXIT_LOOKUP,
  GPR_INDEX,
  MODE_STEP,
  SEGMENT_INDEX,
  SEGMENT_STRIDE,
} from '../../x86/state/cpu-state.ts';
import type {
  Binding,
  BoundOperand,
  FlagBinding,
  GuestAccess,
  GuestUpdate,
  SegmentForm,
} from '../emit/binding.ts';
import type { MemoryLayout } from '../layout.ts';
import type { ImportSet } from './engine-imports.ts';
import { HandlerMemory, loadHost, MMX_EXPONENT, storeHost } from './guest-memory.ts';
import { type HandlerShape, isFlat } from './handler-shape.ts';
import { FIELD, registerSlot } from './record.ts';
import type { RecordEnds } from './record-ends.ts';

const RSP_OFFSET = CPU_FIELDS.gpr.offset + GPR_INDEX.rsp * 8;
/** Register files whose records hold CPU block offsets; the others hold register numbers. */
const OFFSET_FILES: readonly (string | undefined)[] = ['gpr', 'xmm', 'mmx'];

export interface RecordBindingParts {
  readonly record: IrValue;
  readonly layout: MemoryLayout;
  readonly imports: ImportSet;
  readonly ends: RecordEnds;
}

export class RecordBinding implements Binding {
  /** The semantics asked for the end of the block, on some path at least. */
  endsBlock = false;
  readonly shape: HandlerShape;
  readonly aligned: boolean;
  readonly flags: FlagBinding;
  readonly #f: FunctionBuilder;
  readonly #record: IrValue;
  readonly #block: number;
  readonly #imports: ImportSet;
  readonly #memory: HandlerMemory;
  readonly #ends: RecordEnds;

  constructor(f: FunctionBuilder, shape: HandlerShape, parts: RecordBindingParts) {
    this.#f = f;
    this.shape = shape;
    this.aligned = shape.aligned;
    this.#record = parts.record;
    this.#block = parts.layout.cpuBlock;
    this.#imports = parts.imports;
    this.#ends = parts.ends;
    this.#memory = new HandlerMemory(f, {
      layout: parts.layout,
      imports: parts.imports,
      wideTag: shape.longMode,
      leaveWhen: (status) => this.#leaveWhen(status),
      ownSegment: () => this.segmentNumber('instruction'),
    });
    this.flags = {
      result: () => this.readState('flagResult', 0),
      aux: () => this.readState('flagAux', 0),
      set: (result, aux) => {
        this.writeState('flagResult', 0, result);
        this.writeState('flagAux', 0, aux);
      },
    };
  }

  #i32(value: number): IrValue {
    return this.#f.constant('i32', value);
  }
  #u16(field: number): IrValue {
    return this.#f.load('i32.load16_u', this.#record, field);
  }
  #word(field: number): IrValue {
    return this.#f.load('i32.load', this.#record, field);
  }
  /** Leaves the handler where a status is not 0; the exit reason has been set. */
  #leaveWhen(status: IrValue): void {
    const f = this.#f;
    const leave = f.block();
    const fine = f.block();
    f.branch(status, leave, fine, false);
    f.enter(leave);
    this.#ends.leave();
    f.enter(fine);
  }

  // Operands.

  #registerField(operand: BoundOperand): IrValue {
    return this.#u16(registerSlot(operand.slot));
  }
  /** Address of a register operand as a base for an access at offset `cpuBlock`. */
  readRegister(operand: BoundOperand): IrValue {
    const field = this.#registerField(operand);
    if (OFFSET_FILES.includes(operand.file)) return loadHost(this.#f, operand.bits, field, this.#block);
    if (operand.file !== 'segment')
      throw new Error(`${this.shape.mnemonic} reads a ${operand.file} register as a value`);
    const at = this.#f.op('i32.mul', field, this.#i32(SEGMENT_STRIDE));
    const selector = this.#f.load('i32.load', at, this.#block + CPU_FIELDS.segmentSelector.offset);
    return operand.bits === 16 ? this.#f.op('i32.and', selector, this.#i32(0xffff)) : selector;
  }
  writeRegister(operand: BoundOperand, value: IrValue): void {
    const f = this.#f;
    const field = this.#registerField(operand);
    if (!OFFSET_FILES.includes(operand.file))
      throw new Error(`${this.shape.mnemonic} writes a ${operand.file} register`);
    if (operand.file === 'gpr' && operand.bits === 32)
      f.store('i64.store', field, this.#block, f.op('i64.extend_i32_u', value));
    else storeHost(f, operand.bits, field, value, this.#block);
    if (operand.file === 'mmx') f.store('i32.store', field, this.#block + MMX_EXPONENT, this.#i32(0xffff));
  }
  registerNumber(operand: BoundOperand): IrValue {
    const field = this.#registerField(operand);
    if (!OFFSET_FILES.includes(operand.file)) return field;
    const [base, shift] =
      operand.file === 'gpr'
        ? [CPU_FIELDS.gpr.offset, 3]
        : operand.file === 'xmm'
          ? [CPU_FIELDS.xmm.offset, 5]
          : [CPU_FIELDS.fprSignificand.offset, 4];
    return this.#f.op('i32.shr_u', this.#f.op('i32.sub', field, this.#i32(base)), this.#i32(shift));
  }
  immediate(operand: BoundOperand): IrValue {
    const f = this.#f;
    const word = this.#word(operand.slot === 0 ? FIELD.immediate : FIELD.immediateHigh);
    if (operand.bits === 64) return this.#pair(FIELD.immediate);
    if (operand.bits === 32) return word;
    return f.op('i32.and', word, this.#i32(2 ** operand.bits - 1));
  }
  #pair(field: number): IrValue {
    const f = this.#f;
    const low = f.op('i64.extend_i32_u', this.#word(field));
    const high = f.op('i64.extend_i32_u', this.#word(FIELD.immediateHigh));
    return f.op('i64.or', low, f.op('i64.shl', high, f.constant('i64', 32)));
  }
  relativeTarget(_operand: BoundOperand): IrValue {
    const f = this.#f;
    const next = this.nextInstruction();
    const displacement = this.#word(FIELD.immediate);
    if (next.type === 'i32') return f.op('i32.add', next, displacement);
    return f.op('i64.add', next, f.op('i64.extend_i32_s', displacement));
  }
  farSelector(_operand: BoundOperand): IrValue {
    return this.#word(FIELD.immediateHigh);
  }
  farOffset(_operand: BoundOperand): IrValue {
    return this.#word(FIELD.immediate);
  }

  effectiveAddress(_operand: BoundOperand, popped: number): IrValue {
    const { memory, addressBits } = this.shape;
    if (memory === undefined) throw new Error(`${this.shape.mnemonic} has no memory operand`);
    return addressBits === 64 ? this.#address64(popped) : this.#address32(popped);
  }
  #address64(popped: number): IrValue {
    const f = this.#f;
    const memory = this.shape.memory as NonNullable<HandlerShape['memory']>;
    if (memory.wide)
      return f.op(
        'i64.or',
        f.op('i64.extend_i32_u', this.#word(FIELD.displacement)),
        f.op('i64.shl', f.op('i64.extend_i32_u', this.#word(FIELD.immediateHigh)), f.constant('i64', 32)),
      );
    let sum = f.op('i64.extend_i32_s', this.#word(FIELD.displacement));
    if (memory.ripRelative) sum = f.op('i64.add', sum, this.nextInstruction());
    if (memory.hasBase) {
      const field = this.#u16(FIELD.base);
      sum = f.op('i64.add', sum, f.load('i64.load', field, this.#block));
      if (popped !== 0) sum = f.op('i64.add', sum, f.op('i64.extend_i32_u', this.#poppedPart(field, popped)));
    }
    if (memory.hasIndex) {
      const scaled = f.op(
        'i64.shl',
        f.load('i64.load', this.#u16(FIELD.index), this.#block),
        f.op('i64.extend_i32_u', this.#scale()),
      );
      sum = f.op('i64.add', sum, scaled);
    }
    return sum;
  }
  #address32(popped: number): IrValue {
    const f = this.#f;
    const memory = this.shape.memory as NonNullable<HandlerShape['memory']>;
    let sum = this.#word(FIELD.displacement);
    if (memory.ripRelative) sum = f.op('i32.add', sum, f.op('i32.wrap_i64', this.nextInstruction()));
    if (memory.hasBase) {
      const field = this.#u16(FIELD.base);
      sum = f.op('i32.add', sum, f.load('i32.load', field, this.#block));
      if (popped !== 0) sum = f.op('i32.add', sum, this.#poppedPart(field, popped));
    }
    if (memory.hasIndex) {
      sum = f.op(
        'i32.add',
        sum,
        f.op('i32.shl', f.load('i32.load', this.#u16(FIELD.index), this.#block), this.#scale()),
      );
    }
    return this.shape.addressBits === 16 ? f.op('i32.and', sum, this.#i32(0xffff)) : sum;
  }
  #poppedPart(baseField: IrValue, popped: number): IrValue {
    return this.#f.select(
      this.#f.op('i32.eq', baseField, this.#i32(RSP_OFFSET)),
      this.#i32(popped),
      this.#i32(0),
    );
  }
  #scale(): IrValue {
    return this.#f.op(
      'i32.shr_u',
      this.#f.load('i32.load8_u', this.#record, FIELD.lengthScale),
      this.#i32(4),
    );
  }

  // Registers and state.

  #gprAddress(index: number): number {
    return this.#block + CPU_FIELDS.gpr.offset + index * 8;
  }
  readGpr(index: number, bits: 8 | 16 | 32 | 64): IrValue {
    return loadHost(this.#f, bits, this.#i32(this.#gprAddress(index)));
  }
  writeGpr(index: number, bits: 8 | 16 | 32 | 64, value: IrValue): void {
    const f = this.#f;
    const at = this.#i32(this.#gprAddress(index));
    if (bits === 32) f.store('i64.store', at, 0, f.op('i64.extend_i32_u', value));
    else storeHost(f, bits, at, value);
  }
  readHigh8(index: number): IrValue {
    return this.#f.load('i32.load8_u', this.#i32(this.#gprAddress(index) + 1), 0);
  }
  writeHigh8(index: number, value: IrValue): void {
    this.#f.store('i32.store8', this.#i32(this.#gprAddress(index) + 1), 0, value);
  }
  #stateAddress(name: CpuFieldName, index: number): IrValue {
    const field = CPU_FIELDS[name];
    return this.#i32(this.#block + field.offset + index * field.stride);
  }
  readState(name: CpuFieldName, index: number): IrValue {
    return loadHost(this.#f, CPU_FIELDS[name].bits, this.#stateAddress(name, index));
  }
  writeState(name: CpuFieldName, index: number, value: IrValue): void {
    storeHost(this.#f, CPU_FIELDS[name].bits, this.#stateAddress(name, index), value);
  }

  // Segments. The instruction's own one is named by the record, as an offset in the CPU block.

  segmentForm(segment: SegmentReference): SegmentForm {
    if (isFlat(segment, this.shape)) return 'flat';
    return this.shape.codeBits === 64 ? 'base' : 'checked';
  }
  #segmentField(
    segment: SegmentReference,
    name: 'segmentBase' | 'segmentReadTop' | 'segmentWriteTop',
  ): IrValue {
    const { offset } = CPU_FIELDS[name];
    if (segment !== 'instruction') return this.readState(name, SEGMENT_INDEX[segment]);
    return this.#f.load(
      'i64.load',
      this.#u16(FIELD.segment),
      this.#block + offset - CPU_FIELDS.segmentSelector.offset,
    );
  }
  segmentBase(segment: SegmentReference): IrValue {
    return this.#segmentField(segment, 'segmentBase');
  }
  segmentTop(segment: SegmentReference, write: boolean): IrValue {
    return this.#segmentField(segment, write ? 'segmentWriteTop' : 'segmentReadTop');
  }
  segmentNumber(segment: SegmentReference): IrValue {
    if (segment !== 'instruction') return this.#i32(SEGMENT_INDEX[segment]);
    const offset = this.#f.op(
      'i32.sub',
      this.#u16(FIELD.segment),
      this.#i32(CPU_FIELDS.segmentSelector.offset),
    );
    return this.#f.op('i32.shr_u', offset, this.#i32(Math.log2(SEGMENT_STRIDE)));
  }
  checkSegment(segment: IrValue, offset: IrValue, descriptor: number): void {
    this.#leaveWhen(
      this.#imports.callSlowPath(this.#f, 'checkSegment', segment, offset, this.#i32(descriptor)),
    );
  }

  // Guest memory.

  load(access: GuestAccess): IrValue {
    return this.#memory.load(access);
  }
  store(access: GuestAccess, value: IrValue): void {
    this.#memory.store(access, value);
  }
  update(access: GuestAccess): GuestUpdate {
    return this.#memory.update(access);
  }

  // Leaving.

  fault(vector: number, errorCode: IrValue): void {
    this.writeState('faultVector', 0, this.#i32(vector));
    this.writeState('faultError', 0, errorCode);
    this.#leave(EXIT_FAULT);
  }
  #leave(reason: number): void {
    this.writeState('exitReason', 0, this.#i32(reason));
    this.#ends.leave();
  }
  thisInstruction(): IrValue {
    return this.#ripPlus(this.#u16(FIELD.pageOffset));
  }
  nextInstruction(): IrValue {
    const f = this.#f;
    const length = f.op('i32.and', f.load('i32.load8_u', this.#record, FIELD.lengthScale), this.#i32(15));
    return this.#ripPlus(f.op('i32.add', this.#u16(FIELD.pageOffset), length));
  }
  #ripPlus(offset: IrValue): IrValue {
    const f = this.#f;
    const base = this.readState('codeBase', 0);
    if (this.shape.codeBits === 64) return f.op('i64.add', base, f.op('i64.extend_i32_u', offset));
    return f.op('i32.add', f.op('i32.wrap_i64', base), offset);
  }
  #setRip(rip: IrValue): void {
    this.writeState('rip', 0, rip.type === 'i64' ? rip : this.#f.op('i64.extend_i32_u', rip));
  }
  jump(target: IrValue): void {
    this.#setRip(target);
    this.#ends.lookup();
  }
  jumpRelative(operand: BoundOperand): void {
    const f = this.#f;
    const link = this.#word(FIELD.link);
    const linked = f.block();
    const unlinked = f.block();
    f.branch(link, linked, unlinked, true);
    f.enter(unlinked);
    let target = this.relativeTarget(operand);
    if (this.shape.operandBits === 16) {
      target =
        target.type === 'i64'
          ? f.op('i64.and', target, f.constant('i64', 0xffff))
          : f.op('i32.and', target, this.#i32(0xffff));
    }
    this.jump(target);
    f.enter(linked);
    this.#ends.linked(link);
  }
  jumpRelativeWhen(condition: IrValue, operand: BoundOperand): void {
    const f = this.#f;
    const taken = f.block();
    const passed = f.block();
    f.branch(condition, taken, passed);
    f.enter(taken);
    this.jumpRelative(operand);
    f.enter(passed);
    this.proceed();
  }
  /** The instruction is over; the next record follows. */
  proceed(): void {
    this.#ends.following();
  }
  endBlock(reason: 'lookup' | 'halt' | 'shadow'): void {
    this.endsBlock = true;
    this.#setRip(this.nextInstruction());
    if (reason === 'shadow') this.writeState('interruptShadow', 0, this.#i32(1));
    this.#leave(reason === 'halt' ? EXIT_HALT : EXIT_LOOKUP);
  }

  iterate(body: () => IrValue): void {
    const f = this.#f;
    const again = f.block();
    const after = f.block();
    const restart = f.block();
    const head = f.block();
    f.jump(head);
    f.enter(head);
    const more = body();
    f.branch(more, again, after);
    f.enter(again);
    const attention = f.load('i32.load', this.#i32(this.#block + CPU_FIELDS.attention.offset), 0);
    f.branch(attention, restart, head, false);
    f.enter(restart);
    this.#setRip(this.thisInstruction());
    this.#leave(EXIT_LOOKUP);
    f.enter(after);
  }

  callHelper(
    name: string,
    declaration: HelperDeclaration,
    operands: readonly IrValue[],
  ): IrValue | undefined {
    const result = this.#imports.callHelper(this.#f, name, operands);
    if (declaration.mayFault) this.#leaveWhen(result);
    if (declaration.endsBlock === 'next') this.#setRip(this.nextInstruction());
    if (declaration.endsBlock !== undefined) this.#goOn();
    return result;
  }
  /** After a helper that changed rip or what code depends on: the run loop is needed only where an event may wait. */
  #goOn(): void {
    const f = this.#f;
    this.endsBlock = true;
    const stepped = f.op('i32.and', this.readState('mode', 0), this.#i32(MODE_STEP));
    const leave = f.block();
    const stay = f.block();
    f.branch(f.op('i32.or', stepped, this.readState('interruptPending', 0)), leave, stay, false);
    f.enter(leave);
    this.#leave(EXIT_LOOKUP);
    f.enter(stay);
    this.#ends.lookup();
  }
}
