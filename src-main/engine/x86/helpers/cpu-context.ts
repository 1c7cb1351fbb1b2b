// What the plain-TypeScript part of the CPU (helpers) sees of the rest: registers, guest memory, board.
// Declared here, implemented in `execution/`, so that each helper can be tested with a plain object.
// Not here: anything about interpreter, JIT or devices.

import type { CpuModel } from '../models/cpu-model.ts';
import type { CpuFieldName, StateField } from '../state/cpu-state.ts';

/** Everything a CPU asks of its board. No device types. */
export interface CpuEnvironment {
  /** Initial local APIC id, as CPUID reports it. */
  readonly apicId: number;
  /** INTA cycle: the vector of the highest-priority interrupt (PIC or local APIC). */
  acknowledgeInterrupt(): number;
  /** `width` in bytes: 1, 2 or 4. Unclaimed ports read all ones. */
  portRead(port: number, width: 1 | 2 | 4): number;
  portWrite(port: number, width: 1 | 2 | 4, value: number): void;
  /** Physical memory outside RAM. Widths up to 4; wider accesses are split by the MMU, low part first. */
  memoryRead(address: number, width: 1 | 2 | 4): number;
  memoryWrite(address: number, width: 1 | 2 | 4, value: number): void;
  /** Guest time in nanoseconds since power-on. */
  nowNs(): number;
  /** Local APIC hooks: the base MSR was written; CR8 reads and writes the task priority. */
  apicBaseWritten(low: number, high: number): void;
  readTaskPriority(): number;
  writeTaskPriority(value: number): void;
  /** FERR# for CR0.NE = 0 (IRQ 13 on a PC). */
  floatError(): void;
  /**
   * #UD was raised by the instruction at this offset of the guest part of the linear memory. `done`: it was a service of
   * the board's firmware, which has moved rip; `fault`: the service has raised another exception; `none`: #UD it is.
   */
  firmwareCall?(offset: number): 'none' | 'done' | 'fault';
  /** An MSR that the model does not have was read or written (#GP follows): for the statistics. */
  unknownMsr(index: number, isWrite: boolean): void;
}

/** Byte access rights a linear access is checked with. */
export type AccessKind = 'read' | 'write' | 'execute';

/** A field by its row of `CPU_FIELDS`, as all code that runs often has it, or by its name, which is looked up. */
export type CpuFieldKey = StateField | CpuFieldName;

/**
 * One virtual CPU as its helpers see it.
 *
 * Widths: 32-bit fields are unsigned JavaScript numbers. 64-bit fields are read and written as bigint
 * (`get64`, `set64`: unsigned), or as two 32-bit halves (`low`, `high`) where speed matters. A linear
 * address is a JavaScript number: 0 to 2^32-1 outside long mode, a sign-extended 48-bit canonical address
 * (-2^47 to 2^47-1) in long mode. A physical address is a number below 2^40.
 *
 * Faults: a helper that faults calls `raise` and returns its result at once with a non-zero status; no
 * exception crosses a WebAssembly frame. Memory accessors that can fault return false (or -1) after they
 * have called `raise` themselves.
 */
export interface CpuContext {
  readonly model: CpuModel;
  readonly environment: CpuEnvironment;
  /** Memory as 32-bit words, and the word where the CPU block begins: for fields used too often for names. */
  readonly words: Uint32Array;
  readonly firstWord: number;

  get32(field: CpuFieldKey, index?: number): number;
  set32(field: CpuFieldKey, value: number, index?: number): void;
  low(field: CpuFieldKey, index?: number): number;
  high(field: CpuFieldKey, index?: number): number;
  setHalves(field: CpuFieldKey, low: number, high: number, index?: number): void;
  get64(field: CpuFieldKey, index?: number): bigint;
  set64(field: CpuFieldKey, value: bigint, index?: number): void;

  /** Records a fault of the current instruction and returns 1, so that `return cpu.raise(13, 0)` reads well. */
  raise(vector: number, errorCode?: number): 1;

  /**
   * Linear reads. They translate with the current paging mode at privilege `user` (false: supervisor, as
   * for descriptor tables and TSS) and may cross pages. On a fault #PF has been raised and the result is -1
   * (`readLinear`, 1 to 4 bytes, unsigned) or undefined (`readLinear64`).
   */
  readLinear(address: number, bytes: 1 | 2 | 4, user: boolean): number;
  readLinear64(address: number, user: boolean): bigint | undefined;
  /** Index in `words` of aligned bytes that may be read, or written, as they are; -1 where only a call can tell. */
  wordOf(address: number, bytes: number, user: boolean, write?: boolean): number;
  /** Linear writes: true when done; false when #PF was raised and nothing was written. */
  writeLinear(address: number, bytes: 1 | 2 | 4, value: number, user: boolean): boolean;
  writeLinear64(address: number, value: bigint, user: boolean): boolean;
  /** Translates every page of the range for writing without writing; false when #PF was raised. */
  probeWrite(address: number, bytes: number, user: boolean): boolean;

  /** Physical reads and writes of page tables: RAM directly, else all ones / dropped. */
  readPhysical32(address: number): number;
  writePhysical32(address: number, value: number): void;

  /** Drops translations: all, all but global ones, or those of one linear page. */
  flushTlb(scope: 'all' | 'non-global'): void;
  invalidatePage(address: number): void;
  /** Recomputes the mode word, privilege and TLB pointers from the registers; call after changing any. */
  updateMode(): void;
  /** EFLAGS assembled from the lazy fields, and taken apart again (all bits, no permission check). */
  readFlags(): number;
  writeFlags(value: number): void;
}
