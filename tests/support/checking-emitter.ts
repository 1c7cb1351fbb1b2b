// An emitter that checks the rules of `emitter.ts` and nothing hides from: operand widths, and no fault after a
// commit. Given a CPU it also executes the instruction at once, slowly and obviously (an oracle without IR and
// WebAssembly); without one it walks every path. Integers only: of `op` it knows the 64-bit lanes.
// Reference: src-main/engine/x86/semantics/emitter.ts.

import type { ConditionCode } from '../../src-main/engine/x86/decode/instruction.ts';
import type { HelperName } from '../../src-main/engine/x86/helpers/declarations.ts';
import { HELPERS } from '../../src-main/engine/x86/helpers/declarations.ts';
import type {
  Emitter,
  FlagName,
  FlagSettings,
  IntegerBits,
  Operand,
  SegmentReference,
  Shape,
  Value,
  Variable,
} from '../../src-main/engine/x86/semantics/emitter.ts';
import { CPU_FIELDS, type CpuFieldName, type GprName } from '../../src-main/engine/x86/state/cpu-state.ts';

/** What executing needs; all numbers are unsigned bit patterns. */
export interface Backend {
  readOperand(operand: Operand): bigint;
  /** Faults as a write to a memory operand would. */
  probeOperand(operand: Operand): void;
  writeOperand(operand: Operand, value: bigint): void;
  address(operand: Operand, popped: number): bigint;
  linearAddress(segment: SegmentReference, offset: bigint): bigint;
  registerNumber(operand: Operand): number;
  farSelector(operand: Operand): bigint;
  farOffset(operand: Operand): bigint;
  register(name: GprName, bits: number, high: boolean): bigint;
  setRegister(name: GprName, bits: number, high: boolean, value: bigint): void;
  state(name: CpuFieldName, index: number): bigint;
  setState(name: CpuFieldName, index: number, value: bigint): void;
  load(segment: SegmentReference, offset: bigint, bits: number): bigint;
  store(segment: SegmentReference, offset: bigint, bits: number, value: bigint): void;
  probeStore(segment: SegmentReference, offset: bigint, bits: number): void;
  eflags(): number;
  setEflags(value: number): void;
  fault(vector: number, error: number): never;
  nextInstruction(): bigint;
  thisInstruction(): bigint;
  jump(target: bigint): void;
  checkJump(target: bigint): void;
  endBlock(reason: 'lookup' | 'halt' | 'shadow'): void;
  helper(name: HelperName, operands: readonly bigint[]): bigint;
}

/** Thrown through the semantics when an instruction has left by a jump, a fault or the end of its block. */
export class InstructionEnd extends Error {}

interface Cell {
  type: Value['type'];
  bits: IntegerBits | 128;
  n: bigint;
}

const CF = 0;
const PF = 2;
const AF = 4;
const ZF = 6;
const SF = 7;
const OF = 11;
const FLAG_BIT: Record<FlagName, number> = { cf: CF, pf: PF, af: AF, zf: ZF, sf: SF, of: OF };

const knownBits = (bits: number): IntegerBits | 128 => {
  if (bits === 1 || bits === 8 || bits === 16 || bits === 32 || bits === 64 || bits === 128) return bits;
  throw new Error(`${bits} is not a width of values`);
};

const isEvenParity = (value: bigint): boolean => {
  let ones = 0;
  for (let bit = 0n; bit < 8n; bit++) ones += Number((value >> bit) & 1n);
  return ones % 2 === 0;
};

export class CheckingEmitter implements Emitter {
  readonly shape: Shape;
  readonly suppositions = undefined;
  private readonly backend: Backend | undefined;
  /** Some register, flag or state has changed on this path. */
  private committed = false;
  /** This path has left the instruction. */
  private ended = false;
  private readonly updatable = new Set<Operand>();
  private readonly storable = new Set<Value>();
  private readonly jumpable = new Set<Value | Operand>();

  constructor(shape: Shape, backend?: Backend) {
    this.shape = shape;
    this.backend = backend;
  }

  private fail(message: string): never {
    throw new Error(`${this.shape.mnemonic}: ${message}`);
  }
  private make(bits: number, n: bigint): Value {
    const width = knownBits(bits);
    const type = width === 128 ? 'v128' : (`i${width}` as const);
    const cell: Cell = { type, bits: width, n: BigInt.asUintN(width, n) };
    return cell as unknown as Value;
  }
  private n(value: Value): bigint {
    return (value as unknown as Cell).n;
  }
  private signed(value: Value): bigint {
    return BigInt.asIntN(value.bits, this.n(value));
  }
  private expect(value: Value, bits: number, what: string): void {
    if (value === undefined) this.fail(`${what} has no value`);
    if (value.bits !== bits) this.fail(`${what} has ${value.bits} bits instead of ${bits}`);
  }
  private mayFault(what: string): void {
    if (this.committed && !this.ended) this.fail(`${what} may fault after a commit`);
  }
  private commit(): void {
    if (!this.ended) this.committed = true;
  }
  private leave(): void {
    this.ended = true;
    if (this.backend !== undefined) throw new InstructionEnd();
  }
  private present(operand: Operand | undefined): Operand {
    return operand ?? this.fail('an operand is missing');
  }

  constant(bits: IntegerBits, value: number | bigint): Value {
    return this.make(bits, BigInt(value));
  }
  read(given: Operand): Value {
    const operand = this.present(given);
    if (operand.kind === 'memory') this.mayFault('read of memory');
    if (operand.kind === 'far') this.fail('a far operand is not read');
    return this.make(operand.bits, this.backend?.readOperand(operand) ?? 0n);
  }
  readForUpdate(operand: Operand): Value {
    const present = this.present(operand);
    this.updatable.add(present);
    // An access that will be written faults as a write from the beginning.
    if (present.kind === 'memory') this.backend?.probeOperand(present);
    return this.read(operand);
  }
  write(given: Operand, value: Value): void {
    const operand = this.present(given);
    if (operand.kind === 'immediate') this.fail('an immediate is written');
    this.expect(value, operand.bits, 'written value');
    if (operand.kind !== 'memory') this.commit();
    else if (!this.updatable.has(operand)) this.mayFault('write to memory');
    this.backend?.writeOperand(operand, this.n(value));
  }
  address(operand: Operand, popped = 0): Value {
    if (operand.kind !== 'memory') this.fail(`a ${operand.kind} operand has no address`);
    return this.make(this.shape.addressBits, this.backend?.address(operand, popped) ?? 0n);
  }
  linearAddress(segment: SegmentReference, offset: Value): Value {
    return this.make(64, this.backend?.linearAddress(segment, this.n(offset)) ?? 0n);
  }
  farSelector(operand: Operand): Value {
    return this.make(16, this.backend?.farSelector(operand) ?? 0n);
  }
  farOffset(operand: Operand): Value {
    return this.make(operand.bits, this.backend?.farOffset(operand) ?? 0n);
  }
  registerNumber(operand: Operand): Value {
    if (operand.kind !== 'register') this.fail(`a ${operand.kind} operand has no register number`);
    return this.make(32, BigInt(this.backend?.registerNumber(operand) ?? 0));
  }

  register(name: GprName, bits: 8 | 16 | 32 | 64): Value {
    return this.make(bits, this.backend?.register(name, bits, false) ?? 0n);
  }
  setRegister(name: GprName, value: Value): void {
    this.commit();
    this.backend?.setRegister(name, value.bits, false, this.n(value));
  }
  high8(name: 'rax' | 'rbx' | 'rcx' | 'rdx'): Value {
    return this.make(8, this.backend?.register(name, 8, true) ?? 0n);
  }
  setHigh8(name: 'rax' | 'rbx' | 'rcx' | 'rdx', value: Value): void {
    this.expect(value, 8, 'high byte');
    this.commit();
    this.backend?.setRegister(name, 8, true, this.n(value));
  }
  state(name: CpuFieldName, index = 0): Value {
    return this.make(CPU_FIELDS[name].bits, this.backend?.state(name, index) ?? 0n);
  }
  setState(name: CpuFieldName, value: Value, index = 0): void {
    this.expect(value, CPU_FIELDS[name].bits, name);
    this.commit();
    this.backend?.setState(name, index, this.n(value));
  }

  private checkOffset(segment: SegmentReference, offset: Value): void {
    const { addressBits, stackBits } = this.shape;
    if (offset.bits !== addressBits && (segment !== 'ss' || offset.bits !== stackBits)) {
      this.fail(`an offset of ${offset.bits} bits in ${segment}`);
    }
  }
  load(segment: SegmentReference, offset: Value, bits: 8 | 16 | 32 | 64 | 128): Value {
    this.checkOffset(segment, offset);
    this.mayFault('load');
    return this.make(bits, this.backend?.load(segment, this.n(offset), bits) ?? 0n);
  }
  store(segment: SegmentReference, offset: Value, value: Value): void {
    this.checkOffset(segment, offset);
    if (!this.storable.has(offset)) this.mayFault('store');
    this.backend?.store(segment, this.n(offset), value.bits, this.n(value));
  }
  probeStore(segment: SegmentReference, offset: Value, bits: 8 | 16 | 32 | 64 | 128): void {
    this.checkOffset(segment, offset);
    this.mayFault('probe');
    this.storable.add(offset);
    this.backend?.probeStore(segment, this.n(offset), bits);
  }

  private binary(a: Value, b: Value, compute: (x: bigint, y: bigint) => bigint): Value {
    this.expect(b, a.bits, 'second operand');
    return this.make(a.bits, compute(this.n(a), this.n(b)));
  }
  add = (a: Value, b: Value): Value => this.binary(a, b, (x, y) => x + y);
  sub = (a: Value, b: Value): Value => this.binary(a, b, (x, y) => x - y);
  mul = (a: Value, b: Value): Value => this.binary(a, b, (x, y) => x * y);
  and = (a: Value, b: Value): Value => this.binary(a, b, (x, y) => x & y);
  or = (a: Value, b: Value): Value => this.binary(a, b, (x, y) => x | y);
  xor = (a: Value, b: Value): Value => this.binary(a, b, (x, y) => x ^ y);
  not = (a: Value): Value => this.make(a.bits, ~this.n(a));
  neg = (a: Value): Value => this.make(a.bits, -this.n(a));
  private count(a: Value, count: Value): bigint {
    return this.n(count) & (a.bits === 64 ? 63n : 31n);
  }
  shl = (a: Value, count: Value): Value => this.make(a.bits, this.n(a) << this.count(a, count));
  shr = (a: Value, count: Value): Value => this.make(a.bits, this.n(a) >> this.count(a, count));
  sar = (a: Value, count: Value): Value => this.make(a.bits, this.signed(a) >> this.count(a, count));
  private rotate(a: Value, by: bigint): Value {
    if (a.bits !== 32 && a.bits !== 64) this.fail(`rotate of ${a.bits} bits`);
    const width = BigInt(a.bits);
    const n = ((by % width) + width) % width;
    return this.make(a.bits, (this.n(a) << n) | (this.n(a) >> (width - n)));
  }
  rotl = (a: Value, count: Value): Value => this.rotate(a, this.n(count));
  rotr = (a: Value, count: Value): Value => this.rotate(a, -this.n(count));
  private divide(a: Value, b: Value, compute: (x: bigint, y: bigint) => bigint, isSigned: boolean): Value {
    this.expect(b, a.bits, 'divisor');
    if (this.backend === undefined) return this.make(a.bits, 0n);
    if (this.n(b) === 0n) this.fail('division by zero');
    const [x, y] = isSigned ? [this.signed(a), this.signed(b)] : [this.n(a), this.n(b)];
    const quotient = x / y;
    if (isSigned && BigInt.asIntN(a.bits, quotient) !== quotient) this.fail('quotient does not fit');
    return this.make(a.bits, compute(x, y));
  }
  divU = (a: Value, b: Value): Value => this.divide(a, b, (x, y) => x / y, false);
  divS = (a: Value, b: Value): Value => this.divide(a, b, (x, y) => x / y, true);
  remU = (a: Value, b: Value): Value => this.divide(a, b, (x, y) => x % y, false);
  remS = (a: Value, b: Value): Value => this.divide(a, b, (x, y) => x % y, true);
  private digits(a: Value): string {
    if (a.bits !== 32 && a.bits !== 64) this.fail(`bit count of ${a.bits} bits`);
    return this.n(a).toString(2).padStart(a.bits, '0');
  }
  countLeadingZeros(a: Value): Value {
    const first = this.digits(a).indexOf('1');
    return this.make(a.bits, BigInt(first < 0 ? a.bits : first));
  }
  countTrailingZeros(a: Value): Value {
    const last = this.digits(a).lastIndexOf('1');
    return this.make(a.bits, BigInt(last < 0 ? a.bits : a.bits - 1 - last));
  }
  populationCount(a: Value): Value {
    return this.make(a.bits, BigInt(this.digits(a).replaceAll('0', '').length));
  }

  private compare(a: Value, b: Value, isTrue: boolean): Value {
    this.expect(b, a.bits, 'right side of a comparison');
    return this.make(1, isTrue ? 1n : 0n);
  }
  equal = (a: Value, b: Value): Value => this.compare(a, b, this.n(a) === this.n(b));
  notEqual = (a: Value, b: Value): Value => this.compare(a, b, this.n(a) !== this.n(b));
  isZero = (a: Value): Value => this.make(1, this.n(a) === 0n ? 1n : 0n);
  lessU = (a: Value, b: Value): Value => this.compare(a, b, this.n(a) < this.n(b));
  lessS = (a: Value, b: Value): Value => this.compare(a, b, this.signed(a) < this.signed(b));

  private widen(a: Value, bits: number, n: bigint): Value {
    if (bits < a.bits) this.fail(`extension of ${a.bits} to ${bits} bits`);
    return this.make(bits, n);
  }
  zeroExtend = (a: Value, bits: IntegerBits): Value => this.widen(a, bits, this.n(a));
  signExtend = (a: Value, bits: IntegerBits): Value => this.widen(a, bits, this.signed(a));
  truncate(a: Value, bits: IntegerBits): Value {
    if (bits > a.bits) this.fail(`truncation of ${a.bits} to ${bits} bits`);
    return this.make(bits, this.n(a));
  }
  bit(a: Value, n: number): Value {
    if (!Number.isInteger(n) || n < 0 || n >= a.bits) this.fail(`bit ${n} of ${a.bits}`);
    return this.make(1, this.n(a) >> BigInt(n));
  }
  select(condition: Value, ifTrue: Value, ifFalse: Value): Value {
    this.expect(condition, 1, 'condition');
    this.expect(ifFalse, ifTrue.bits, 'second choice');
    return this.make(ifTrue.bits, this.n(condition) === 1n ? this.n(ifTrue) : this.n(ifFalse));
  }
  op(name: string, ...operands: (Value | number)[]): Value {
    const lane = typeof operands[0] === 'number' ? BigInt(operands[0]) : 0n;
    const [first, second] = operands.filter((operand) => typeof operand !== 'number').map((v) => this.n(v));
    const low = (1n << 64n) - 1n;
    switch (name) {
      case 'i64x2.extract_lane':
        return this.make(64, (first ?? 0n) >> (64n * lane));
      case 'i64x2.replace_lane':
        return this.make(128, ((first ?? 0n) & ~(low << (64n * lane))) | ((second ?? 0n) << (64n * lane)));
      case 'i64x2.splat':
        return this.make(128, ((first ?? 0n) << 64n) | (first ?? 0n));
      default:
        return this.fail(`${name} is not for integers`);
    }
  }
  vectorConstant(): Value {
    return this.fail('vectors are not for integers');
  }

  private setFlags(mask: number, bits: number): void {
    this.commit();
    if (this.backend === undefined) return;
    this.backend.setEflags(((this.backend.eflags() & ~mask) | (bits & mask)) >>> 0);
  }
  private resultFlags(result: Value): number {
    const n = this.n(result);
    const sign = n >> BigInt(result.bits - 1);
    return (n === 0n ? 1 << ZF : 0) | (Number(sign) << SF) | (isEvenParity(n) ? 1 << PF : 0);
  }
  private arithmetic(left: Value, right: Value, entering: bigint, result: Value, subtract: boolean): void {
    this.expect(right, left.bits, 'right operand of flags');
    this.expect(result, left.bits, 'result of flags');
    const compute = (x: bigint, y: bigint): bigint => (subtract ? x - y - entering : x + y + entering);
    const full = compute(this.n(left), this.n(right));
    const exact = compute(this.signed(left), this.signed(right));
    const low = compute(this.n(left) & 15n, this.n(right) & 15n);
    let bits = this.resultFlags(result);
    if (full < 0n || full >> BigInt(left.bits) !== 0n) bits |= 1 << CF;
    if (BigInt.asIntN(left.bits, exact) !== exact) bits |= 1 << OF;
    if (low < 0n || low > 15n) bits |= 1 << AF;
    this.setFlags(0x8d5, bits);
  }
  flagsAdd = (left: Value, right: Value, result: Value): void =>
    this.arithmetic(left, right, 0n, result, false);
  flagsSub = (left: Value, right: Value, result: Value): void =>
    this.arithmetic(left, right, 0n, result, true);
  flagsAdc(left: Value, right: Value, carry: Value, result: Value): void {
    this.expect(carry, 1, 'carry');
    this.arithmetic(left, right, this.n(carry), result, false);
  }
  flagsSbb(left: Value, right: Value, borrow: Value, result: Value): void {
    this.expect(borrow, 1, 'borrow');
    this.arithmetic(left, right, this.n(borrow), result, true);
  }
  flagsLogic(result: Value): void {
    this.setFlags(0x8d5, this.resultFlags(result));
  }
  private step(left: Value, result: Value, subtract: boolean): void {
    const carry = (this.backend?.eflags() ?? 0) & 1;
    this.arithmetic(left, this.make(left.bits, 1n), 0n, result, subtract);
    this.setFlags(1, carry);
  }
  flagsInc = (left: Value, result: Value): void => this.step(left, result, false);
  flagsDec = (left: Value, result: Value): void => this.step(left, result, true);
  flags(settings: FlagSettings): void {
    let mask = 0;
    let bits = 0;
    if (settings.enabled !== undefined) this.expect(settings.enabled, 1, 'enabled');
    if (settings.result !== undefined) {
      mask |= (1 << ZF) | (1 << SF) | (1 << PF);
      bits |= this.resultFlags(settings.result);
    }
    for (const name of ['cf', 'of', 'af'] as const) {
      const setting = settings[name];
      if (setting === undefined || setting === 'keep') continue;
      mask |= 1 << FLAG_BIT[name];
      if (setting === 'clear') continue;
      this.expect(setting, 1, name);
      bits |= Number(this.n(setting)) << FLAG_BIT[name];
    }
    if (settings.enabled === undefined || this.n(settings.enabled) === 1n) this.setFlags(mask, bits);
    else this.commit();
  }
  flag(name: FlagName): Value {
    return this.make(1, BigInt(((this.backend?.eflags() ?? 0) >> FLAG_BIT[name]) & 1));
  }
  condition(code: ConditionCode): Value {
    const has = (bit: number): boolean => (((this.backend?.eflags() ?? 0) >> bit) & 1) === 1;
    const less = has(SF) !== has(OF);
    const base = [has(OF), has(CF), has(ZF), has(CF) || has(ZF), has(SF), has(PF), less, less || has(ZF)];
    return this.make(1, base[code >> 1] !== ((code & 1) === 1) ? 1n : 0n);
  }
  eflags(): Value {
    return this.make(32, BigInt(this.backend?.eflags() ?? 2));
  }
  setEflags(value: Value, mask: number): void {
    this.expect(value, 32, 'EFLAGS');
    this.setFlags(mask, Number(this.n(value)));
  }

  variable(initial: Value): Variable {
    return { ...(initial as unknown as Cell) } as unknown as Variable;
  }
  get(variable: Variable): Value {
    const cell = variable as unknown as Cell;
    return this.make(cell.bits, cell.n);
  }
  set(variable: Variable, value: Value): void {
    this.expect(value, variable.bits, 'variable');
    (variable as unknown as Cell).n = this.n(value);
  }
  when(condition: Value, then: () => void, otherwise?: () => void): void {
    this.expect(condition, 1, 'condition of when');
    if (this.backend !== undefined) {
      if (this.n(condition) === 1n) then();
      else otherwise?.();
      return;
    }
    const before = { committed: this.committed, ended: this.ended };
    then();
    const first = { committed: this.committed, ended: this.ended };
    this.committed = before.committed;
    this.ended = before.ended;
    otherwise?.();
    this.committed = (first.committed && !first.ended) || (this.committed && !this.ended);
    this.ended = first.ended && this.ended;
  }
  loop(body: () => Value): void {
    let again: boolean;
    do {
      const more = body();
      this.expect(more, 1, 'condition of loop');
      again = this.backend !== undefined && this.n(more) === 1n;
    } while (again);
  }
  iterate(body: () => Value): void {
    let again: boolean;
    do {
      this.committed = false;
      const more = body();
      this.expect(more, 1, 'condition of iterate');
      again = this.backend !== undefined && this.n(more) === 1n;
    } while (again);
  }

  fault(vector: number, errorCode?: number | Value): void {
    this.mayFault('fault');
    const error = typeof errorCode === 'object' ? Number(this.n(errorCode)) : (errorCode ?? -1);
    this.backend?.fault(vector, error);
    this.leave();
  }
  faultWhen(condition: Value, vector: number, errorCode?: number | Value): void {
    this.when(condition, () => this.fault(vector, errorCode));
  }
  nextInstruction(): Value {
    return this.make(this.shape.codeBits === 64 ? 64 : 32, this.backend?.nextInstruction() ?? 0n);
  }
  thisInstruction(): Value {
    return this.make(this.shape.codeBits === 64 ? 64 : 32, this.backend?.thisInstruction() ?? 0n);
  }
  private target(target: Value | Operand): bigint {
    if (!('kind' in target)) return this.n(target);
    if (target.kind !== 'relative') this.fail(`jump to a ${target.kind} operand`);
    return this.backend?.readOperand(target) ?? 0n;
  }
  jump(target: Value | Operand): void {
    if (!this.jumpable.has(target)) this.mayFault('jump');
    if (!('kind' in target)) this.expect(target, this.shape.codeBits === 64 ? 64 : this.shape.operandBits, 'jump target');
    const offset = this.target(target);
    this.backend?.checkJump(offset);
    this.backend?.jump(offset);
    this.leave();
  }
  jumpWhen(condition: Value, target: Operand): void {
    this.when(condition, () => this.jump(target));
  }
  checkJump(target: Value | Operand): void {
    this.mayFault('check of a jump');
    this.jumpable.add(target);
    this.backend?.checkJump(this.target(target));
  }
  endBlock(reason: 'lookup' | 'halt' | 'shadow'): void {
    this.backend?.endBlock(reason);
    this.leave();
  }

  helper(name: HelperName, ...operands: Value[]): Value {
    const declaration = HELPERS[name] as (typeof HELPERS)[HelperName] & { endsBlock?: 'next' | 'rip' };
    const { parameters, mayFault, writesRegisters } = declaration;
    if (operands.length !== parameters.length) this.fail(`${name} takes ${parameters.length} operands`);
    operands.forEach((operand, i) => {
      this.expect(operand, parameters[i] === 'i64' ? 64 : 32, `operand ${i} of ${name}`);
    });
    if (mayFault) this.mayFault(name);
    if (writesRegisters) this.commit();
    const result =
      this.backend?.helper(
        name,
        operands.map((operand) => this.n(operand)),
      ) ?? 0n;
    if (declaration.endsBlock !== undefined) this.leave();
    return this.make(declaration.result === 'i64' ? 64 : 32, result);
  }
}
