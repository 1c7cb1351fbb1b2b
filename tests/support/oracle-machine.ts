// A whole small computer on the checking emitter: decoder, semantics and helpers over plain arrays, without IR,
// WebAssembly or TLB. Slow; it says what the tiers of the engine have to say. Flat RAM, segments without
// expand-down, no privilege checks of rows (it serves real-mode and flat tests).

import { decode } from '../../src-main/engine/x86/decode/decoder.ts';
import type {
  DecodedOperand,
  Instruction,
  MemoryAddress,
} from '../../src-main/engine/x86/decode/instruction.ts';
import { losePendingDebug, takeDebugTrap } from '../../src-main/engine/x86/helpers/debug-register.ts';
import type { HelperName } from '../../src-main/engine/x86/helpers/declarations.ts';
import { HELPERS } from '../../src-main/engine/x86/helpers/declarations.ts';
import { FLOAT_HELPER_IMPLEMENTATIONS } from '../../src-main/engine/x86/helpers/float-helpers.ts';
import {
  deliverException,
  type HelperFunction,
  SYSTEM_IMPLEMENTATIONS,
} from '../../src-main/engine/x86/helpers/index.ts';
import type { CpuModel } from '../../src-main/engine/x86/models/cpu-model.ts';
import type { Operand, SegmentReference, Shape } from '../../src-main/engine/x86/semantics/emitter.ts';
import { SEMANTICS } from '../../src-main/engine/x86/semantics/index.ts';
import { EFLAGS_RF, EFLAGS_TF } from '../../src-main/engine/x86/state/control-bits.ts';
import {
  CPU_FIELDS,
  type CpuFieldName,
  GPR_INDEX,
  type GprName,
  SEGMENT_INDEX,
  upperHalf,
} from '../../src-main/engine/x86/state/cpu-state.ts';
import {
  isLong64,
  isLongMode,
  isProtected,
  isVirtual8086,
  stackBits,
} from '../../src-main/engine/x86/state/modes.ts';
import { ACCESS_DB } from '../../src-main/engine/x86/state/segments.ts';
import { type Backend, CheckingEmitter, InstructionEnd } from './checking-emitter.ts';
import { FakeCpu } from './fake-cpu.ts';

const IMPLEMENTATIONS: Readonly<Record<HelperName, HelperFunction>> = {
  ...SYSTEM_IMPLEMENTATIONS,
  ...FLOAT_HELPER_IMPLEMENTATIONS,
};

interface BoundOperand extends Operand {
  readonly decoded: DecodedOperand;
}

const GENERAL_PROTECTION = 13;
const STACK_FAULT = 12;

/** The program has come, by changing itself, to what the oracle cannot say anything about. */
export class BeyondOracle extends Error {}

/** More accesses than one instruction makes that ends in good time: a repeated one whose count has become large. */
export const MANY_ACCESSES = 1_000_000;

export class OracleMachine implements Backend {
  readonly cpu: FakeCpu;
  halted = false;
  /** It stopped for good, after a triple fault. */
  shutDown = false;
  /** The last exception delivered. */
  exception = -1;
  /** Addresses of bytes stored since the last `forgetWrites`. */
  private written: number[] = [];
  /** By the present instruction. */
  private accesses = 0;
  private instruction!: Instruction;
  private readonly addresses = new Map<Operand, bigint>();
  private start = 0n;
  private next = 0n;

  constructor(model: CpuModel, ramBytes: number) {
    this.cpu = new FakeCpu(model, ramBytes);
    const read = this.cpu.readLinear.bind(this.cpu);
    this.cpu.readLinear = (address, bytes, user) => {
      this.count();
      return read(address, bytes, user);
    };
    const write = this.cpu.writeLinear.bind(this.cpu);
    this.cpu.writeLinear = (address, bytes, value, user) => {
      this.count();
      for (let i = 0; i < bytes; i++) this.written.push(address + i);
      return write(address, bytes, value, user);
    };
  }

  private count(): void {
    if (++this.accesses > MANY_ACCESSES) throw new BeyondOracle('it goes on too long');
  }

  /** Zeroes every byte stored since the last call. */
  forgetWrites(): void {
    for (const address of this.written) this.cpu.memory[address] = 0;
    this.written = [];
  }

  private codeBits(): 16 | 32 | 64 {
    if (isLong64(this.cpu)) return 64;
    return this.cpu.get32('segmentAccess', SEGMENT_INDEX.cs) & ACCESS_DB ? 32 : 16;
  }
  private get isUser(): boolean {
    return this.cpu.get32('cpl') === 3;
  }

  private fetch(): Instruction {
    const bits = this.codeBits();
    this.start = this.cpu.get64('rip');
    const bytes = new Uint8Array(15);
    const top = bits === 64 ? 1n << 48n : BigInt(this.cpu.get32('segmentLimit', SEGMENT_INDEX.cs)) + 1n;
    const isProtectedMode = isProtected(this.cpu) && !isVirtual8086(this.cpu);
    for (let end = 0; end < 15; ) {
      // No further than needed: a fetch leaves traces in page tables.
      if (this.start + BigInt(end) >= top) break;
      const linear = this.linearAddress(
        'cs',
        BigInt.asUintN(bits === 64 ? 64 : 32, this.start + BigInt(end)),
      );
      const byte = this.cpu.readLinear(Number(BigInt.asIntN(64, linear)), 1, this.isUser);
      if (byte < 0) throw new InstructionEnd();
      bytes[end++] = byte;
      const result = decode(bytes, 0, end, { codeBits: bits }, this.cpu.model.features, isProtectedMode);
      if (result.ok) return result.instruction;
      if (result.fault === 6) this.fault(6, -1);
    }
    return this.fault(GENERAL_PROTECTION, 0);
  }

  private shape(instruction: Instruction): Shape {
    const virtual8086 = isProtected(this.cpu) && isVirtual8086(this.cpu);
    return {
      mnemonic: instruction.row.mnemonic,
      codeBits: this.codeBits(),
      operandBits: instruction.operandBits,
      addressBits: instruction.addressBits,
      stackBits: stackBits(this.cpu),
      condition: instruction.row.condition,
      repeat: instruction.repeat,
      lock: instruction.lock,
      protectedMode: isProtected(this.cpu) && !virtual8086,
      virtual8086,
      longMode: isLongMode(this.cpu),
    };
  }

  /** One instruction (all passes of a repeated one), or the delivery of its exception. */
  step(): void {
    this.accesses = 0;
    this.cpu.set32('interruptShadow', 0);
    this.start = this.cpu.get64('rip');
    const traced = (this.cpu.readFlags() & EFLAGS_TF) !== 0;
    // Before it, not behind it: RF is for one instruction, unless that one loads it. SDM vol. 3B 17.3.1.1.
    this.cpu.set32('flagRest', this.cpu.get32('flagRest') & ~EFLAGS_RF);
    try {
      this.execute();
    } catch (error) {
      if (!(error instanceof InstructionEnd)) throw error;
    }
    const fault = this.cpu.takeFault();
    if (fault !== undefined) {
      losePendingDebug(this.cpu);
      this.cpu.set64('rip', this.start);
      this.deliver(fault.vector, fault.errorCode);
    } else if (this.cpu.get32('interruptShadow') === 0 && takeDebugTrap(this.cpu, traced)) this.deliver(1, -1);
  }
  private deliver(vector: number, errorCode: number): void {
    this.exception = vector;
    this.shutDown = deliverException(this.cpu, vector, errorCode) === 'shutdown';
    this.halted = this.shutDown;
    this.cpu.takeFault();
  }

  private execute(): void {
    this.instruction = this.fetch();
    this.addresses.clear();
    const { row, operands, length } = this.instruction;
    if (row.unit === 'mmx' || row.unit === 'sse') throw new BeyondOracle(`${row.mnemonic} computes with vectors`);
    const meaning = SEMANTICS[row.mnemonic];
    if (meaning === undefined) throw new Error(`${row.mnemonic} has no semantics`);
    this.next = BigInt.asUintN(this.codeBits() === 64 ? 64 : 32, this.start + BigInt(length));
    const bound = operands.map((decoded): BoundOperand => {
      const file = decoded.kind === 'register' ? decoded.file : undefined;
      return { kind: decoded.kind, bits: decoded.bits, file, decoded };
    });
    const emitter = new CheckingEmitter(this.shape(this.instruction), this);
    this.cpu.set64('rip', this.next);
    const [a, b, c, d] = bound as readonly Operand[] as [Operand, Operand, Operand, Operand];
    meaning(emitter, a, b, c, d);
  }

  /** Steps until HLT has executed; false when it did not within so many instructions. */
  runToHalt(limit: number): boolean {
    for (let count = 0; count < limit && !this.halted; count++) this.step();
    return this.halted;
  }

  private decoded(operand: Operand): DecodedOperand {
    return (operand as BoundOperand).decoded;
  }
  readOperand(operand: Operand): bigint {
    const decoded = this.decoded(operand);
    switch (decoded.kind) {
      case 'register':
        if (decoded.file === 'segment') return BigInt(this.cpu.get32('segmentSelector', decoded.index));
        return this.readGpr(decoded.index, decoded.bits, decoded.high8);
      case 'memory':
        return this.load('instruction', this.address(operand, 0), operand.bits);
      case 'immediate':
        return (BigInt(decoded.high) << 32n) | BigInt(decoded.low >>> 0);
      case 'relative':
        return BigInt.asUintN(decoded.bits, this.next + BigInt(decoded.displacement));
      case 'far':
        throw new Error('A far operand has two parts');
    }
  }
  probeOperand(operand: Operand): void {
    this.probeStore('instruction', this.address(operand, 0), operand.bits);
  }
  writeOperand(operand: Operand, value: bigint): void {
    const decoded = this.decoded(operand);
    if (decoded.kind === 'register') this.writeGpr(decoded.index, decoded.bits, decoded.high8, value);
    else this.store('instruction', this.address(operand, 0), operand.bits, value);
  }
  private readGpr(index: number, bits: number, high: boolean): bigint {
    const whole = this.cpu.get64('gpr', index);
    return BigInt.asUintN(bits, high ? whole >> 8n : whole);
  }
  private writeGpr(index: number, bits: number, high: boolean, value: bigint): void {
    const whole = this.cpu.get64('gpr', index);
    const mask = ((1n << BigInt(bits)) - 1n) << (high ? 8n : 0n);
    const placed = high ? value << 8n : value;
    this.cpu.set64('gpr', bits === 32 ? value : (whole & ~mask) | placed, index);
  }
  /** Computed once an instruction: XADD changes a register that the address may be made of before its store. */
  address(operand: Operand, popped: number): bigint {
    const known = popped === 0 ? this.addresses.get(operand) : undefined;
    const address = known ?? this.effectiveAddress(popped);
    if (popped === 0) this.addresses.set(operand, address);
    return address;
  }
  private effectiveAddress(popped: number): bigint {
    const { memory, addressBits } = this.instruction;
    if (memory === undefined) throw new Error('No address');
    const displacement = (BigInt(memory.displacementHigh) << 32n) | BigInt(memory.displacement >>> 0);
    const base = memory.ripRelative ? this.next : this.addressRegister(memory, popped);
    return BigInt.asUintN(addressBits, base + displacement);
  }
  private addressRegister(memory: MemoryAddress, popped: number): bigint {
    let sum = 0n;
    if (memory.base >= 0) sum += this.cpu.get64('gpr', memory.base);
    if (memory.base === GPR_INDEX.rsp) sum += BigInt(popped);
    if (memory.index >= 0) sum += this.cpu.get64('gpr', memory.index) * BigInt(memory.scale);
    return sum;
  }
  private segmentOf(segment: SegmentReference): number {
    return segment === 'instruction' ? this.instruction.segment : SEGMENT_INDEX[segment];
  }
  linearAddress(segment: SegmentReference, offset: bigint): bigint {
    const base = this.cpu.get64('segmentBase', this.segmentOf(segment));
    return BigInt.asUintN(this.codeBits() === 64 ? 64 : 32, base + offset);
  }
  registerNumber(operand: Operand): number {
    const decoded = this.decoded(operand);
    return decoded.kind === 'register' ? decoded.index : 0;
  }
  farSelector(operand: Operand): bigint {
    const decoded = this.decoded(operand);
    return decoded.kind === 'far' ? BigInt(decoded.selector) : 0n;
  }
  farOffset(operand: Operand): bigint {
    const decoded = this.decoded(operand);
    return decoded.kind === 'far' ? BigInt(decoded.offset) : 0n;
  }
  register(name: GprName, bits: number, high: boolean): bigint {
    return this.readGpr(GPR_INDEX[name], bits, high);
  }
  setRegister(name: GprName, bits: number, high: boolean, value: bigint): void {
    this.writeGpr(GPR_INDEX[name], bits, high, value);
  }
  state(name: CpuFieldName, index: number): bigint {
    const { bits } = CPU_FIELDS[name];
    if (bits === 32) return BigInt(this.cpu.get32(name, index));
    const high = bits === 128 ? this.cpu.get64(upperHalf(name), index) : 0n;
    return (high << 64n) | this.cpu.get64(name, index);
  }
  setState(name: CpuFieldName, index: number, value: bigint): void {
    const { bits } = CPU_FIELDS[name];
    if (bits === 32) this.cpu.set32(name, Number(value), index);
    else this.cpu.set64(name, BigInt.asUintN(64, value), index);
    if (bits === 128) this.cpu.set64(upperHalf(name), value >> 64n, index);
  }

  /** Linear address of an access, after the limit check (by the tops, which real and flat segments have). */
  private checked(
    segment: SegmentReference,
    offset: bigint,
    bits: number,
    top: 'segmentReadTop' | 'segmentWriteTop',
  ): number {
    const index = this.segmentOf(segment);
    const limit = this.cpu.get64(top, index);
    // What runs over the end of four gigabytes wraps, as in the flat segments of the engine: the manual allows both.
    const wraps = limit === 1n << 32n;
    if (this.codeBits() !== 64 && !wraps && offset + BigInt(bits / 8) > limit) {
      this.fault(index === SEGMENT_INDEX.ss ? STACK_FAULT : GENERAL_PROTECTION, 0);
    }
    const linear = BigInt.asIntN(64, this.linearAddress(segment, offset));
    // The manual gives no order of this check and the next one: as in the engine.
    if (bits === 128 && this.instruction.row.aligned === true && linear % 16n !== 0n)
      this.fault(GENERAL_PROTECTION, 0);
    if (this.codeBits() === 64 && BigInt.asIntN(48, linear) !== linear) {
      this.fault(index === SEGMENT_INDEX.ss ? STACK_FAULT : GENERAL_PROTECTION, 0);
    }
    return Number(linear);
  }
  load(segment: SegmentReference, offset: bigint, bits: number): bigint {
    const linear = this.checked(segment, offset, bits, 'segmentReadTop');
    let value = 0n;
    for (let at = 0; at < bits / 8; at++) {
      const byte = this.cpu.readLinear(linear + at, 1, this.isUser);
      if (byte < 0) throw new InstructionEnd();
      value |= BigInt(byte) << BigInt(8 * at);
    }
    return value;
  }
  store(segment: SegmentReference, offset: bigint, bits: number, value: bigint): void {
    this.probeStore(segment, offset, bits);
    const linear = this.checked(segment, offset, bits, 'segmentWriteTop');
    for (let at = 0; at < bits / 8; at++) {
      this.cpu.writeLinear(linear + at, 1, Number((value >> BigInt(8 * at)) & 0xffn), this.isUser);
    }
  }
  probeStore(segment: SegmentReference, offset: bigint, bits: number): void {
    const linear = this.checked(segment, offset, bits, 'segmentWriteTop');
    if (!this.cpu.probeWrite(linear, bits / 8, this.isUser)) throw new InstructionEnd();
  }
  eflags(): number {
    return this.cpu.readFlags();
  }
  setEflags(value: number): void {
    this.cpu.writeFlags(value);
  }
  fault(vector: number, error: number): never {
    this.cpu.raise(vector, error);
    throw new InstructionEnd();
  }
  nextInstruction(): bigint {
    return this.next;
  }
  thisInstruction(): bigint {
    return this.start;
  }
  jump(target: bigint): void {
    this.cpu.set64('rip', target);
  }
  checkJump(target: bigint): void {
    if (this.codeBits() === 64) {
      if (BigInt.asIntN(48, target) !== BigInt.asIntN(64, target)) this.fault(GENERAL_PROTECTION, 0);
    } else if (target > BigInt(this.cpu.get32('segmentLimit', SEGMENT_INDEX.cs))) {
      this.fault(GENERAL_PROTECTION, 0);
    }
  }
  endBlock(reason: 'lookup' | 'halt' | 'shadow'): void {
    if (reason === 'halt') this.halted = true;
    if (reason === 'shadow') this.cpu.set32('interruptShadow', 1);
  }
  helper(name: HelperName, operands: readonly bigint[]): bigint {
    const implementation = IMPLEMENTATIONS[name];
    const { parameters, result, mayFault } = HELPERS[name];
    const numbers: number[] = [];
    operands.forEach((operand, i) => {
      if (parameters[i] === 'i64') this.cpu.set64('scratch', operand, i);
      else numbers.push(Number(operand) | 0);
    });
    const status = implementation(this.cpu, ...numbers);
    if (mayFault && status !== 0) throw new InstructionEnd();
    if (result === 'none') return 0n;
    if (result === 'i32' && !mayFault) return BigInt.asUintN(32, BigInt(status));
    const scratch = this.cpu.get64('scratch', 0);
    return result === 'i32' ? BigInt.asUintN(32, scratch) : scratch;
  }
}
