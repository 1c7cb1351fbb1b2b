// The emitter over the IR: the arithmetic, control and flag half that interpreter and JIT share. What differs
// between them is behind `Binding`. The commit rule of `x86/semantics/emitter.ts` is enforced here.

import type { FunctionBuilder, IrBlock, IrValue } from '../../ir/types.ts';
import type { ConditionCode } from '../../x86/decode/instruction.ts';
import { HELPERS, type HelperName } from '../../x86/helpers/declarations.ts';
import type { HelperDeclaration } from '../../x86/helpers/declarations.ts';
import type {
  Emitter,
  FlagName,
  FlagSettings,
  Operand,
  SegmentReference,
  Shape,
  Suppositions,
  Value,
  Variable,
} from '../../x86/semantics/emitter.ts';
import { type CpuFieldName, CPU_FIELDS, GPR_INDEX, type GprName } from '../../x86/state/cpu-state.ts';
import type { Binding, BoundOperand, GuestAccess, GuestUpdate } from './binding.ts';
import {
  AF,
  assembleStatus,
  auxOfAdc,
  auxOfAdd,
  auxOfSbb,
  auxOfStep,
  auxOfSub,
  CF,
  extendResult,
  OF,
  readCondition,
  readFlag,
  takeStatus,
} from './flag-arithmetic.ts';
import { GuestArithmetic, SemanticsError } from './guest-arithmetic.ts';
import { integer, irOf, irVariableOf, ofIrType, valueOfVariable, variableOf } from './value.ts';

/** EFLAGS bits kept in `flagResult` and `flagAux`. */
const STATUS_FLAGS = 0x8d5;
const WRITE_DESCRIPTOR = 0x100;

const bound = (operand: Operand): BoundOperand => operand as BoundOperand;

export class IrEmitter extends GuestArithmetic implements Emitter {
  readonly #binding: Binding;
  readonly #updates = new Map<Operand, GuestUpdate>();
  readonly #probes = new Map<Value, Map<number, GuestUpdate>>();
  #committed = false;

  constructor(builder: FunctionBuilder, binding: Binding) {
    super(builder);
    this.#binding = binding;
  }

  get shape(): Shape {
    return this.#binding.shape;
  }

  get suppositions(): Suppositions | undefined {
    const bound = this.#binding.suppositions;
    return bound === undefined
      ? undefined
      : {
          state: (name, mask, value) => {
            this.#mayFault('a supposition');
            bound.state(name, mask, value);
          },
          holds: (condition, otherwise) => {
            this.#mayFault('a supposition');
            bound.holds(irOf(condition), otherwise === undefined ? undefined : () => irOf(otherwise()));
          },
          rangeOf: (number) => bound.ranges.get(irOf(number)),
          setRange: (number, range) => bound.ranges.set(irOf(number), range),
          flagsOrder: (left, right) => {
            this.#committed = true;
            bound.flagsOrder(irOf(left), irOf(right));
          },
        };
  }

  /** Called by the JIT before each instruction of a region. */
  beginInstruction(): void {
    this.#committed = false;
    if (this.#updates.size > 0) this.#updates.clear();
    if (this.#probes.size > 0) this.#probes.clear();
  }

  protected override fail(message: string): never {
    throw new SemanticsError(`${this.shape.mnemonic}: ${message}`);
  }
  #mayFault(what: string): void {
    if (this.#committed) this.fail(`${what} may fault after a commit`);
  }
  read(operand: Operand): Value {
    const o = bound(operand);
    switch (o.kind) {
      case 'register':
        return integer(o.bits, this.#binding.readRegister(o));
      case 'memory':
        this.#mayFault('read');
        return integer(o.bits, this.#binding.load(this.#operandAccess(o, false)));
      case 'immediate':
        return integer(o.bits, this.#binding.immediate(o));
      case 'relative':
        return integer(
          this.shape.codeBits === 64 ? 64 : 32,
          this.#cutTarget(this.#binding.relativeTarget(o)),
        );
      default:
        return this.fail('a far operand has no single value');
    }
  }

  readForUpdate(operand: Operand): Value {
    const o = bound(operand);
    if (o.kind !== 'memory') return this.read(o);
    this.#mayFault('readForUpdate');
    const update = this.#binding.update(this.#operandAccess(o, true));
    this.#updates.set(operand, update);
    return integer(o.bits, update.value);
  }

  write(operand: Operand, value: Value): void {
    const o = bound(operand);
    if (o.bits !== value.bits) this.fail(`writes ${value.bits} bits to an operand of ${o.bits}`);
    if (o.kind === 'register') {
      this.#committed = true;
      this.#binding.writeRegister(o, irOf(value));
      return;
    }
    if (o.kind !== 'memory') this.fail(`writes to an operand that is ${o.kind}`);
    const update = this.#updates.get(operand);
    if (update !== undefined) {
      update.store(irOf(value));
      return;
    }
    this.#mayFault('write');
    this.#binding.store(this.#operandAccess(o, true), irOf(value));
  }

  address(operand: Operand, popped = 0): Value {
    const o = bound(operand);
    return integer(this.shape.addressBits, this.#binding.effectiveAddress(o, popped));
  }

  linearAddress(segment: SegmentReference, offset: Value): Value {
    const f = this.f;
    const form = this.#binding.segmentForm(segment);
    const wide = offset.bits === 64 ? irOf(offset) : f.op('i64.extend_i32_u', irOf(offset));
    const sum = form === 'flat' ? wide : f.op('i64.add', wide, this.#binding.segmentBase(segment));
    if (this.shape.codeBits === 64) return integer(64, sum);
    return integer(64, f.op('i64.extend_i32_u', f.op('i32.wrap_i64', sum)));
  }

  farSelector(operand: Operand): Value {
    return integer(16, this.#binding.farSelector(bound(operand)));
  }
  farOffset(operand: Operand): Value {
    return integer(32, this.#binding.farOffset(bound(operand)));
  }
  registerNumber(operand: Operand): Value {
    return integer(32, this.#binding.registerNumber(bound(operand)));
  }

  register(name: GprName, bits: 8 | 16 | 32 | 64): Value {
    return integer(bits, this.#binding.readGpr(GPR_INDEX[name], bits));
  }
  setRegister(name: GprName, value: Value): void {
    this.#committed = true;
    this.#binding.writeGpr(GPR_INDEX[name], value.bits as 8 | 16 | 32 | 64, irOf(value));
  }
  high8(name: 'rax' | 'rbx' | 'rcx' | 'rdx'): Value {
    return integer(8, this.#binding.readHigh8(GPR_INDEX[name]));
  }
  setHigh8(name: 'rax' | 'rbx' | 'rcx' | 'rdx', value: Value): void {
    this.#committed = true;
    this.#binding.writeHigh8(GPR_INDEX[name], irOf(value));
  }
  state(name: CpuFieldName, index = 0): Value {
    return integer(CPU_FIELDS[name].bits, this.#binding.readState(name, index));
  }
  setState(name: CpuFieldName, value: Value, index = 0): void {
    this.#committed = true;
    this.#binding.writeState(name, index, irOf(value));
  }

  // Guest memory.

  #operandAccess(operand: BoundOperand, write: boolean): GuestAccess {
    const offset = integer(this.shape.addressBits, this.#binding.effectiveAddress(operand, 0));
    const access = this.#access('instruction', offset, operand.bits, write);
    if (operand.bits === 128 && this.#binding.aligned) this.#checkAlignment(access.linear);
    return access;
  }

  #checkAlignment(linear: IrValue): void {
    const low = linear.type === 'i64' ? this.f.op('i32.wrap_i64', linear) : linear;
    this.faultWhen(
      integer(1, this.f.op('i32.ne', this.f.op('i32.and', low, this.i32(15)), this.i32(0))),
      13,
      0,
    );
  }

  #access(segment: SegmentReference, offset: Value, bits: number, write: boolean): GuestAccess {
    const f = this.f;
    const binding = this.#binding;
    const form = binding.segmentForm(segment);
    const isOwn = segment === 'instruction' && form === 'flat' && this.shape.codeBits === 64;
    const stack = isOwn ? 'operand' : segment === 'ss';
    let linear = irOf(offset);
    if (this.shape.codeBits === 64) {
      if (offset.bits !== 64) linear = f.op('i64.extend_i32_u', linear);
      if (form !== 'flat') linear = f.op('i64.add', linear, binding.segmentBase(segment));
      return { linear, bits, stack };
    }
    if (form === 'flat') return { linear, bits, stack };
    const end = f.op('i64.add', f.op('i64.extend_i32_u', linear), f.constant('i64', bits / 8));
    const outside = f.op('i64.gt_u', end, binding.segmentTop(segment, write));
    const check = f.block();
    const checked = f.block();
    f.branch(outside, check, checked, false);
    f.enter(check);
    binding.checkSegment(binding.segmentNumber(segment), linear, (bits / 8) | (write ? WRITE_DESCRIPTOR : 0));
    f.jump(checked);
    f.enter(checked);
    const base = f.op('i32.wrap_i64', binding.segmentBase(segment));
    return { linear: f.op('i32.add', linear, base), bits, stack };
  }

  load(segment: SegmentReference, offset: Value, bits: 8 | 16 | 32 | 64 | 128): Value {
    this.#mayFault('load');
    return integer(bits, this.#binding.load(this.#access(segment, offset, bits, false)));
  }
  store(segment: SegmentReference, offset: Value, value: Value): void {
    const probed = this.#probes.get(offset)?.get(value.bits);
    if (probed !== undefined) {
      probed.store(irOf(value));
      return;
    }
    this.#mayFault('store');
    this.#binding.store(this.#access(segment, offset, value.bits, true), irOf(value));
  }
  probeStore(segment: SegmentReference, offset: Value, bits: 8 | 16 | 32 | 64 | 128): void {
    this.#mayFault('probeStore');
    const update = this.#binding.update(this.#access(segment, offset, bits, true));
    const byBits = this.#probes.get(offset) ?? new Map<number, GuestUpdate>();
    byBits.set(bits, update);
    this.#probes.set(offset, byBits);
  }

  op(name: string, ...operands: (Value | number)[]): Value {
    return ofIrType(this.f.op(name, ...operands.map((o) => (typeof o === 'number' ? o : irOf(o)))));
  }
  vectorConstant(bytes: readonly number[]): Value {
    return integer(128, this.f.vectorConstant(bytes));
  }

  // Flags.

  #setFlags(bits: number, result: Value, aux: IrValue): void {
    this.#committed = true;
    this.#binding.flags.set(extendResult(this.f, bits, irOf(result)), aux);
  }
  #operation(left: Value, right: Value, result: Value) {
    const bits = this.sameBits(left, right, 'flags');
    return { bits, left: irOf(left), right: irOf(right), result: irOf(result) };
  }
  flagsAdd(left: Value, right: Value, result: Value): void {
    const o = this.#operation(left, right, result);
    if (this.#binding.flags.setAdd?.(o) !== true) this.#setFlags(o.bits, result, auxOfAdd(this.f, o));
    this.#committed = true;
  }
  flagsSub(left: Value, right: Value, result: Value): void {
    const o = this.#operation(left, right, result);
    if (this.#binding.flags.setSub?.(o) !== true) this.#setFlags(o.bits, result, auxOfSub(this.f, o));
    this.#committed = true;
  }
  flagsAdc(left: Value, right: Value, _carry: Value, result: Value): void {
    const o = this.#operation(left, right, result);
    this.#setFlags(o.bits, result, auxOfAdc(this.f, o));
  }
  flagsSbb(left: Value, right: Value, _borrow: Value, result: Value): void {
    const o = this.#operation(left, right, result);
    this.#setFlags(o.bits, result, auxOfSbb(this.f, o));
  }
  flagsLogic(result: Value): void {
    this.#committed = true;
    if (this.#binding.flags.setLogic?.(result.bits, irOf(result)) === true) return;
    this.#setFlags(result.bits, result, this.i32(0));
  }
  flagsInc(_left: Value, result: Value): void {
    this.#setFlags(
      result.bits,
      result,
      auxOfStep(this.f, result.bits, irOf(result), 1, this.#binding.flags.aux()),
    );
  }
  flagsDec(_left: Value, result: Value): void {
    this.#setFlags(
      result.bits,
      result,
      auxOfStep(this.f, result.bits, irOf(result), -1, this.#binding.flags.aux()),
    );
  }

  flags(settings: FlagSettings): void {
    const f = this.f;
    const { flags } = this.#binding;
    const oldAux = flags.aux();
    const oldResult = flags.result();
    const { result: newResult } = settings;
    const result = newResult === undefined ? oldResult : extendResult(f, newResult.bits, irOf(newResult));
    // A new result brings its own SF and PF, so the deltas of an image loaded by POPF go.
    let kept = newResult === undefined ? ~(CF | AF | OF) : 0;
    let fresh: IrValue = this.i32(0);
    const place = (value: FlagSettings['cf'], mask: number, shift: number) => {
      if (value === undefined || value === 'keep') kept |= mask;
      else if (value !== 'clear')
        fresh = f.op('i32.or', fresh, f.op('i32.shl', irOf(value), this.i32(shift)));
    };
    place(settings.cf, CF, 0);
    place(settings.af, AF, 4);
    place(settings.of, OF, 11);
    let aux = f.op('i32.or', f.op('i32.and', oldAux, this.i32(kept)), fresh);
    this.#committed = true;
    if (settings.enabled === undefined) {
      flags.set(result, aux);
      return;
    }
    const enabled = irOf(settings.enabled);
    aux = f.select(enabled, aux, oldAux);
    flags.set(f.select(enabled, result, oldResult), aux);
  }

  flag(name: FlagName): Value {
    return integer(1, readFlag(this.f, this.#binding.flags, name));
  }
  condition(code: ConditionCode): Value {
    const fused = this.#binding.flags.condition?.(code);
    return integer(1, fused ?? readCondition(this.f, this.#binding.flags, code));
  }
  eflags(): Value {
    const rest = this.#binding.readState('flagRest', 0);
    return integer(32, this.f.op('i32.or', assembleStatus(this.f, this.#binding.flags), rest));
  }
  setEflags(value: Value, mask: number): void {
    const f = this.f;
    this.#committed = true;
    const restMask = mask & ~STATUS_FLAGS;
    if (restMask !== 0) {
      const rest = this.#binding.readState('flagRest', 0);
      const kept = f.op('i32.and', rest, this.i32(~restMask));
      this.#binding.writeState(
        'flagRest',
        0,
        f.op('i32.or', kept, f.op('i32.and', irOf(value), this.i32(restMask))),
      );
    }
    const statusMask = mask & STATUS_FLAGS;
    if (statusMask === 0) return;
    let image = irOf(value);
    if (statusMask !== STATUS_FLAGS) {
      const kept = f.op('i32.and', assembleStatus(f, this.#binding.flags), this.i32(~statusMask));
      image = f.op('i32.or', kept, f.op('i32.and', image, this.i32(statusMask)));
    }
    const taken = takeStatus(f, image);
    this.#binding.flags.set(taken.result, taken.aux);
  }

  // Control.

  variable(initial: Value): Variable {
    const variable = this.f.variable(irOf(initial).type);
    this.f.set(variable, irOf(initial));
    return variableOf(initial, variable);
  }
  get(variable: Variable): Value {
    return valueOfVariable(variable, this.f.get(irVariableOf(variable)));
  }
  set(variable: Variable, value: Value): void {
    if (variable.bits !== value.bits) this.fail(`sets a variable of ${variable.bits} bits to ${value.bits}`);
    this.f.set(irVariableOf(variable), irOf(value));
  }

  when(condition: Value, then: () => void, otherwise?: () => void): void {
    const f = this.f;
    const known = f.constantOf(irOf(condition));
    if (known !== undefined) {
      (known === 0 ? otherwise : then)?.();
      return;
    }
    const yes = f.block();
    const no = f.block();
    const after = otherwise === undefined ? no : f.block();
    this.#split();
    f.branch(irOf(condition), yes, no);
    const before = this.#committed;
    this.#arm(yes, after, then);
    let committed = this.#committed;
    if (otherwise !== undefined) {
      this.#committed = before;
      this.#binding.forget?.();
      this.#arm(no, after, otherwise);
      committed ||= this.#committed;
    }
    this.#committed = committed;
    this.#binding.forget?.();
    f.enter(after);
  }

  #split(): void {
    this.#binding.flags.split?.();
    this.#binding.forget?.();
  }

  #arm(block: IrBlock, after: IrBlock, body: () => void): void {
    const f = this.f;
    f.enter(block);
    body();
    if (!f.open) return;
    this.#split();
    f.jump(after);
  }

  loop(body: () => Value): void {
    const f = this.f;
    const head = f.block();
    const after = f.block();
    this.#split();
    f.jump(head);
    f.enter(head);
    const again = body();
    this.#split();
    f.branch(irOf(again), head, after);
    f.enter(after);
  }

  iterate(body: () => Value): void {
    this.#committed = false;
    this.#binding.iterate(() => {
      this.beginInstruction();
      return irOf(body());
    });
    this.#committed = true;
  }

  // Leaving.

  fault(vector: number, errorCode?: number | Value): void {
    this.#mayFault('fault');
    this.#raise(vector, errorCode);
    this.f.enter(this.f.block());
  }
  #raise(vector: number, errorCode: number | Value | undefined): void {
    const error =
      errorCode === undefined
        ? this.i32(-1)
        : typeof errorCode === 'number'
          ? this.i32(errorCode)
          : irOf(errorCode);
    this.#binding.fault(vector, error);
  }
  faultWhen(condition: Value, vector: number, errorCode?: number | Value): void {
    this.#mayFault('faultWhen');
    const f = this.f;
    const faulting = f.block();
    const fine = f.block();
    f.branch(irOf(condition), faulting, fine, false);
    f.enter(faulting);
    this.#raise(vector, errorCode);
    f.enter(fine);
  }

  nextInstruction(): Value {
    return integer(this.shape.codeBits === 64 ? 64 : 32, this.#binding.nextInstruction());
  }
  thisInstruction(): Value {
    return integer(this.shape.codeBits === 64 ? 64 : 32, this.#binding.thisInstruction());
  }

  #cutTarget(target: IrValue): IrValue {
    if (this.shape.operandBits !== 16) return target;
    return target.type === 'i64'
      ? this.f.op('i64.and', target, this.f.constant('i64', 0xffff))
      : this.f.op('i32.and', target, this.i32(0xffff));
  }
  /** An offset in CS as wide as rip is in this code. */
  #target(target: Value | Operand): IrValue {
    if ('kind' in target) return this.#cutTarget(this.#binding.relativeTarget(bound(target)));
    if (this.shape.codeBits === 64) return irOf(this.zeroExtend(target, 64));
    return irOf(target.bits === 64 ? this.truncate(target, 32) : target);
  }

  jump(target: Value | Operand): void {
    this.checkJump(target);
    if ('kind' in target) this.#binding.jumpRelative(bound(target));
    else this.#binding.jump(this.#target(target));
    this.f.enter(this.f.block());
  }
  jumpWhen(condition: Value, target: Operand): void {
    const { codeBits } = this.shape;
    // LOOP checks before it commits its count.
    if (!this.#committed && codeBits !== 64 && this.#binding.segmentForm('cs') !== 'flat') {
      const taken = this.#outsideCode(target);
      this.faultWhen(integer(1, this.f.op('i32.and', irOf(condition), irOf(taken))), 13, 0);
    }
    this.#binding.jumpRelativeWhen(irOf(condition), bound(target));
    this.f.enter(this.f.block());
  }
  #outsideCode(target: Value | Operand): Value {
    const limit = this.#binding.readState('segmentLimit', 1);
    return integer(1, this.f.op('i32.gt_u', this.#target(target), limit));
  }
  checkJump(target: Value | Operand): void {
    if (this.shape.codeBits === 64) {
      if ('kind' in target) return;
      const ir = this.#target(target);
      const f = this.f;
      const extended = f.op('i64.shr_s', f.op('i64.shl', ir, f.constant('i64', 16)), f.constant('i64', 16));
      this.#guard(integer(1, f.op('i64.ne', extended, ir)));
      return;
    }
    if (this.#binding.segmentForm('cs') === 'flat') return;
    this.#guard(this.#outsideCode(target));
  }
  /** A jump after its own pushes was checked before them: the second check can not fail any more. */
  #guard(outside: Value): void {
    if (!this.#committed) this.faultWhen(outside, 13, 0);
  }
  endBlock(reason: 'lookup' | 'halt' | 'shadow'): void {
    this.#binding.endBlock(reason);
    this.f.enter(this.f.block());
  }

  helper(name: HelperName, ...operands: Value[]): Value {
    const declaration: HelperDeclaration = HELPERS[name];
    if (declaration.mayFault) this.#mayFault(`helper ${name}`);
    if (operands.length !== declaration.parameters.length)
      this.fail(`calls ${name} with ${operands.length} operands`);
    const passed: IrValue[] = [];
    const values = declaration.parameters.map((type, position) => {
      const operand = operands[position] as Value;
      if (type === 'i64') return irOf(this.zeroExtend(operand, 64));
      return irOf(operand.bits === 64 ? this.truncate(operand, 32) : operand);
    });
    const inline = this.#binding.inlineHelper?.(name, values);
    if (inline !== undefined) return integer(declaration.result === 'i64' ? 64 : 32, inline);
    declaration.parameters.forEach((type, position) => {
      const value = values[position] as IrValue;
      if (type === 'i32') passed.push(value);
      else this.#binding.writeState('scratch', position, value);
    });
    const result = this.#binding.callHelper(name, declaration, passed);
    if (declaration.writesRegisters) this.#committed = true;
    if (declaration.endsBlock !== undefined) this.f.enter(this.f.block());
    if (declaration.result === 'none') return integer(32, this.i32(0));
    if (declaration.result === 'i32' && !declaration.mayFault) return integer(32, result as IrValue);
    const scratch = this.#binding.readState('scratch', 0);
    return declaration.result === 'i64'
      ? integer(64, scratch)
      : integer(32, this.f.op('i32.wrap_i64', scratch));
  }
}
