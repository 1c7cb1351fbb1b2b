// One call of a BIOS service: the caller's registers, its memory by linear address as it would reach it itself, and
// the flags it gets back. A memory access that the caller's page tables refuse ends the service with that fault; the
// service is called again when the fault has been dealt with.
// Reference: Intel SDM vol. 3A 20.1 (real-address mode), 20.2 (virtual-8086 mode).

import type { Dma } from '../../bus/dma.ts';
import type { CpuContext } from '../../x86/helpers/cpu-context.ts';
import { GPR_INDEX, MODE_LONG64, MODE_STACK32, SEGMENT_INDEX, type SegmentName } from '../../x86/state/cpu-state.ts';

const CR0_PG = 0x8000_0000;
const CARRY = 0x0001;
const ZERO = 0x0040;
const LEGACY_VIDEO = 0xa_0000;

/** #PF was raised by an access of the service. */
export class GuestFault extends Error {}

export type FlagsPlace =
  /** In the frame that INT pushed: they take effect with IRET. */
  | 'frame'
  /** In EFLAGS: services that are called. */
  | 'register';

export class BiosCall {
  readonly cpu: CpuContext;
  readonly #memory: Dma;
  #flagsPlace: FlagsPlace = 'frame';

  constructor(cpu: CpuContext, memory: Dma) {
    this.cpu = cpu;
    this.#memory = memory;
  }

  begin(flags: FlagsPlace): this {
    this.#flagsPlace = flags;
    // What cannot be returned is not begun: the frame must be writable.
    if (flags === 'frame' && !this.cpu.probeWrite(this.#frameFlags(), 2, this.#user())) throw new GuestFault();
    return this;
  }

  // Registers.

  get32(index: number): number { return this.cpu.low('gpr', index); }
  set32(index: number, value: number): void { this.cpu.setHalves('gpr', value, 0, index); }
  get16(index: number): number { return this.get32(index) & 0xffff; }
  set16(index: number, value: number): void { this.#insert(index, value, 0xffff, 0); }

  get eax(): number { return this.get32(GPR_INDEX.rax); }
  set eax(value: number) { this.set32(GPR_INDEX.rax, value); }
  get ebx(): number { return this.get32(GPR_INDEX.rbx); }
  set ebx(value: number) { this.set32(GPR_INDEX.rbx, value); }
  get ecx(): number { return this.get32(GPR_INDEX.rcx); }
  set ecx(value: number) { this.set32(GPR_INDEX.rcx, value); }
  get edx(): number { return this.get32(GPR_INDEX.rdx); }
  set edx(value: number) { this.set32(GPR_INDEX.rdx, value); }
  get edi(): number { return this.get32(GPR_INDEX.rdi); }
  set edi(value: number) { this.set32(GPR_INDEX.rdi, value); }
  get ax(): number { return this.get16(GPR_INDEX.rax); }
  set ax(value: number) { this.set16(GPR_INDEX.rax, value); }
  get bx(): number { return this.get16(GPR_INDEX.rbx); }
  set bx(value: number) { this.set16(GPR_INDEX.rbx, value); }
  get cx(): number { return this.get16(GPR_INDEX.rcx); }
  set cx(value: number) { this.set16(GPR_INDEX.rcx, value); }
  get dx(): number { return this.get16(GPR_INDEX.rdx); }
  set dx(value: number) { this.set16(GPR_INDEX.rdx, value); }
  get si(): number { return this.get16(GPR_INDEX.rsi); }
  set si(value: number) { this.set16(GPR_INDEX.rsi, value); }
  get di(): number { return this.get16(GPR_INDEX.rdi); }
  set di(value: number) { this.set16(GPR_INDEX.rdi, value); }
  get bp(): number { return this.get16(GPR_INDEX.rbp); }
  set bp(value: number) { this.set16(GPR_INDEX.rbp, value); }
  get al(): number { return this.eax & 0xff; }
  set al(value: number) { this.#insert(GPR_INDEX.rax, value, 0xff, 0); }
  get ah(): number { return (this.eax >>> 8) & 0xff; }
  set ah(value: number) { this.#insert(GPR_INDEX.rax, value, 0xff, 8); }
  get bl(): number { return this.ebx & 0xff; }
  set bl(value: number) { this.#insert(GPR_INDEX.rbx, value, 0xff, 0); }
  get bh(): number { return (this.ebx >>> 8) & 0xff; }
  set bh(value: number) { this.#insert(GPR_INDEX.rbx, value, 0xff, 8); }
  get cl(): number { return this.ecx & 0xff; }
  set cl(value: number) { this.#insert(GPR_INDEX.rcx, value, 0xff, 0); }
  get ch(): number { return (this.ecx >>> 8) & 0xff; }
  set ch(value: number) { this.#insert(GPR_INDEX.rcx, value, 0xff, 8); }
  get dl(): number { return this.edx & 0xff; }
  set dl(value: number) { this.#insert(GPR_INDEX.rdx, value, 0xff, 0); }
  get dh(): number { return (this.edx >>> 8) & 0xff; }
  set dh(value: number) { this.#insert(GPR_INDEX.rdx, value, 0xff, 8); }

  #insert(index: number, value: number, mask: number, shift: number): void {
    const kept = this.cpu.low('gpr', index) & ~(mask << shift);
    this.cpu.setHalves('gpr', (kept | ((value & mask) << shift)) >>> 0, this.cpu.high('gpr', index), index);
  }

  selector(segment: SegmentName): number {
    return this.cpu.get32('segmentSelector', SEGMENT_INDEX[segment]);
  }

  /** Real or virtual-8086 mode: the selector says where the segment is. */
  setRealSegment(segment: 'ds' | 'es', selector: number): void {
    const index = SEGMENT_INDEX[segment];
    this.cpu.set32('segmentSelector', selector, index);
    this.cpu.setHalves('segmentBase', selector << 4, 0, index);
    this.cpu.updateMode();
  }

  /** Linear address of a 16-bit offset in a segment. */
  linear(segment: SegmentName, offset: number): number {
    return (this.cpu.low('segmentBase', SEGMENT_INDEX[segment]) + (offset & 0xffff)) >>> 0;
  }

  /** Linear address of the instruction being carried out, and of the bytes after it. */
  codeLinear(offset: number): number {
    return (this.cpu.low('segmentBase', SEGMENT_INDEX.cs) + this.cpu.low('rip') + offset) >>> 0;
  }

  /** Whether INT led here from real mode, where HLT may be used. */
  get canHalt(): boolean {
    return this.cpu.get32('cpl') === 0;
  }

  // Flags of the caller.

  set carry(on: boolean) { this.#setFlag(CARRY, on); }
  set zero(on: boolean) { this.#setFlag(ZERO, on); }

  #setFlag(flag: number, on: boolean): void {
    if (this.#flagsPlace === 'register') {
      const flags = this.cpu.readFlags();
      this.cpu.writeFlags(on ? flags | flag : flags & ~flag);
      return;
    }
    const at = this.#frameFlags();
    const flags = this.read16(at);
    this.write16(at, on ? flags | flag : flags & ~flag);
  }

  /** Where the caller's code goes on: what tells two callers apart. */
  get frame(): number {
    return this.#stack(0);
  }

  #frameFlags(): number {
    return this.#stack(4);
  }

  /** Linear address of a place on the stack. */
  #stack(displacement: number): number {
    const mode = this.cpu.get32('mode');
    const pointer = this.get32(GPR_INDEX.rsp) + displacement;
    const offset = (mode & (MODE_STACK32 | MODE_LONG64)) === 0 ? pointer & 0xffff : pointer;
    return (this.cpu.low('segmentBase', SEGMENT_INDEX.ss) + offset) >>> 0;
  }

  stack16(displacement: number): number { return this.read16(this.#stack(displacement)); }

  // Memory of the caller.

  read8(linear: number): number { return this.#read(linear, 1); }
  read16(linear: number): number { return this.#read(linear, 2); }
  read32(linear: number): number { return this.#read(linear, 4); }
  write8(linear: number, value: number): void { this.#write(linear, 1, value); }
  write16(linear: number, value: number): void { this.#write(linear, 2, value); }
  write32(linear: number, value: number): void { this.#write(linear, 4, value); }

  readBytes(linear: number, into: Uint8Array): void {
    if (this.#isPlain(linear, into.length)) return this.#memory.read(linear, into);
    let at = 0;
    for (; at + 4 <= into.length; at += 4) {
      const value = this.read32((linear + at) >>> 0);
      for (let i = 0; i < 4; i++) into[at + i] = (value >>> (8 * i)) & 0xff;
    }
    for (; at < into.length; at++) into[at] = this.read8((linear + at) >>> 0);
  }

  writeBytes(linear: number, from: Uint8Array): void {
    if (this.#isPlain(linear, from.length)) return this.#memory.write(linear, from);
    let at = 0;
    for (; at + 4 <= from.length; at += 4) {
      this.write32((linear + at) >>> 0, (from[at]! | (from[at + 1]! << 8) | (from[at + 2]! << 16) | (from[at + 3]! << 24)) >>> 0);
    }
    for (; at < from.length; at++) this.write8((linear + at) >>> 0, from[at]!);
  }

  in8(port: number): number { return this.cpu.environment.portRead(port, 1); }
  out8(port: number, value: number): void { this.cpu.environment.portWrite(port, 1, value & 0xff); }
  in16(port: number): number { return this.cpu.environment.portRead(port, 2); }
  out16(port: number, value: number): void { this.cpu.environment.portWrite(port, 2, value & 0xffff); }
  in32(port: number): number { return this.cpu.environment.portRead(port, 4) >>> 0; }
  out32(port: number, value: number): void { this.cpu.environment.portWrite(port, 4, value >>> 0); }

  #user(): boolean {
    return this.cpu.get32('cpl') === 3;
  }

  /** Linear is physical, nothing but RAM is there, and address line 20 does not matter. */
  #isPlain(linear: number, length: number): boolean {
    return linear + length <= LEGACY_VIDEO && (this.cpu.low('cr0') & CR0_PG) === 0;
  }

  #read(linear: number, bytes: 1 | 2 | 4): number {
    const value = this.cpu.readLinear(linear >>> 0, bytes, this.#user());
    if (value < 0) throw new GuestFault();
    return value;
  }

  #write(linear: number, bytes: 1 | 2 | 4, value: number): void {
    if (!this.cpu.writeLinear(linear >>> 0, bytes, value, this.#user())) throw new GuestFault();
  }
}
