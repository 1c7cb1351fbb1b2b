// A CpuContext over plain byte arrays, for tests of helpers without interpreter, JIT or devices. Paging works
// through the real page walk, without a TLB.

import type {
  AccessKind,
  CpuContext,
  CpuEnvironment,
  CpuFieldKey,
} from '../../src-main/engine/x86/helpers/cpu-context.ts';
import { createWalkResult, walk } from '../../src-main/engine/x86/helpers/page-walk.ts';
import type { CpuModel } from '../../src-main/engine/x86/models/cpu-model.ts';
import { CPU_MODELS } from '../../src-main/engine/x86/models/index.ts';
import { CPU_BLOCK_SIZE, CPU_FIELDS } from '../../src-main/engine/x86/state/cpu-state.ts';
import { readFlags, writeFlags } from '../../src-main/engine/x86/state/flags.ts';
import { updateModeWord } from '../../src-main/engine/x86/state/modes.ts';
import { resetCpu } from '../../src-main/engine/x86/state/reset.ts';

export interface PortAccess {
  readonly kind: 'read' | 'write';
  readonly port: number;
  readonly width: number;
  readonly value: number;
}

/** Board with 64 KiB of silent ports and a clock that the test sets. */
export class FakeEnvironment implements CpuEnvironment {
  apicId = 0;
  clockNs = 0;
  taskPriority = 0;
  readonly portLog: PortAccess[] = [];
  readonly apicBaseLog: [number, number][] = [];
  readonly unknownMsrs: { index: number; isWrite: boolean }[] = [];
  portValue = 0xffffffff;
  floatErrors = 0;

  acknowledgeInterrupt(): number {
    return 0xff;
  }
  portRead(port: number, width: 1 | 2 | 4): number {
    const value = width === 4 ? this.portValue >>> 0 : this.portValue & ((1 << (width * 8)) - 1);
    this.portLog.push({ kind: 'read', port, width, value });
    return value;
  }
  portWrite(port: number, width: 1 | 2 | 4, value: number): void {
    this.portLog.push({ kind: 'write', port, width, value });
  }
  memoryRead(): number {
    return 0xffffffff;
  }
  memoryWrite(): void {}
  nowNs(): number {
    return this.clockNs;
  }
  apicBaseWritten(low: number, high: number): void {
    this.apicBaseLog.push([low, high]);
  }
  readTaskPriority(): number {
    return this.taskPriority;
  }
  writeTaskPriority(value: number): void {
    this.taskPriority = value;
  }
  floatError(): void {
    this.floatErrors++;
  }
  unknownMsr(index: number, isWrite: boolean): void {
    this.unknownMsrs.push({ index, isWrite });
  }
}

export interface Fault {
  readonly vector: number;
  /** -1: none. */
  readonly errorCode: number;
}

export class FakeCpu implements CpuContext {
  readonly model: CpuModel;
  readonly environment = new FakeEnvironment();
  readonly memory: Uint8Array;
  readonly view: DataView;
  /** Every `raise` since the last `takeFault`. */
  faults: Fault[] = [];
  flushes: string[] = [];
  invalidated: number[] = [];
  private readonly block = new DataView(new ArrayBuffer(CPU_BLOCK_SIZE));
  readonly words = new Uint32Array(this.block.buffer);
  readonly firstWord = 0;
  private readonly page = createWalkResult();

  constructor(model: CpuModel = CPU_MODELS.pentium3, memoryBytes = 0x20_0000) {
    this.model = model;
    this.memory = new Uint8Array(memoryBytes);
    this.view = new DataView(this.memory.buffer);
    resetCpu(this, 'power-on');
    this.flushes = [];
  }

  private at(name: CpuFieldKey, index = 0): number {
    const field = (typeof name === 'string' ? CPU_FIELDS[name] : name);
    if (index < 0 || index >= field.count) throw new RangeError(`${name}[${index}]`);
    return field.offset + index * field.stride;
  }
  get32(name: CpuFieldKey, index?: number): number {
    return this.block.getUint32(this.at(name, index), true);
  }
  set32(name: CpuFieldKey, value: number, index?: number): void {
    this.block.setUint32(this.at(name, index), value, true);
  }
  low(name: CpuFieldKey, index?: number): number {
    return this.block.getUint32(this.at(name, index), true);
  }
  high(name: CpuFieldKey, index?: number): number {
    return this.block.getUint32(this.at(name, index) + 4, true);
  }
  setHalves(name: CpuFieldKey, low: number, high: number, index?: number): void {
    this.block.setUint32(this.at(name, index), low, true);
    this.block.setUint32(this.at(name, index) + 4, high, true);
  }
  get64(name: CpuFieldKey, index?: number): bigint {
    return this.block.getBigUint64(this.at(name, index), true);
  }
  set64(name: CpuFieldKey, value: bigint, index?: number): void {
    this.block.setBigUint64(this.at(name, index), value, true);
  }

  raise(vector: number, errorCode = -1): 1 {
    this.set32('faultVector', vector);
    this.set32('faultError', errorCode);
    this.faults.push({ vector, errorCode });
    return 1;
  }
  /** The last fault raised, once. */
  takeFault(): Fault | undefined {
    const fault = this.faults.at(-1);
    this.faults = [];
    return fault;
  }

  private translate(linear: number, access: AccessKind, user: boolean): number {
    if (walk(this, linear, access, user, this.page)) return this.page.physical;
    this.set64('cr2', BigInt.asUintN(64, BigInt(linear)));
    this.raise(14, this.page.errorCode);
    return -1;
  }
  readLinear(address: number, bytes: 1 | 2 | 4, user: boolean): number {
    let value = 0;
    for (let i = 0; i < bytes; i++) {
      const physical = this.translate(address + i, 'read', user);
      if (physical < 0) return -1;
      value += (this.memory[physical] ?? 0xff) * 2 ** (8 * i);
    }
    return value;
  }
  wordOf(): number {
    return -1;
  }
  readLinear64(address: number, user: boolean): bigint | undefined {
    const low = this.readLinear(address, 4, user);
    if (low < 0) return undefined;
    const high = this.readLinear(address + 4, 4, user);
    return high < 0 ? undefined : (BigInt(high) << 32n) | BigInt(low);
  }
  writeLinear(address: number, bytes: 1 | 2 | 4, value: number, user: boolean): boolean {
    if (!this.probeWrite(address, bytes, user)) return false;
    for (let i = 0; i < bytes; i++) {
      const physical = this.translate(address + i, 'write', user);
      if (physical < this.memory.length) this.memory[physical] = value >>> (8 * i);
    }
    return true;
  }
  writeLinear64(address: number, value: bigint, user: boolean): boolean {
    if (!this.probeWrite(address, 8, user)) return false;
    this.writeLinear(address, 4, Number(value & 0xffffffffn), user);
    return this.writeLinear(address + 4, 4, Number((value >> 32n) & 0xffffffffn), user);
  }
  probeWrite(address: number, bytes: number, user: boolean): boolean {
    for (let i = 0; i < bytes; i++) if (this.translate(address + i, 'write', user) < 0) return false;
    return true;
  }

  readPhysical32(address: number): number {
    return address + 4 <= this.memory.length ? this.view.getUint32(address, true) : 0xffffffff;
  }
  writePhysical32(address: number, value: number): void {
    if (address + 4 <= this.memory.length) this.view.setUint32(address, value, true);
  }
  flushTlb(scope: 'all' | 'non-global'): void {
    this.flushes.push(scope);
  }
  invalidatePage(address: number): void {
    this.invalidated.push(address);
  }
  updateMode(): void {
    updateModeWord(this);
  }
  readFlags(): number {
    return readFlags(this);
  }
  writeFlags(value: number): void {
    writeFlags(this, value);
  }
}
