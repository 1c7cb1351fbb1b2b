// A guest program of a few instructions on the flat machine: 32- or 64-bit code, flat segments, every exception
// caught. For instruction tests that compare registers and memory with an independent reference.

import { createFlatMachine, type FlatMachine } from '../../src-main/engine/execution/flat-machine.ts';
import type { RegionChannel } from '../../src-main/engine/execution/index.ts';
import type { CpuEnvironment } from '../../src-main/engine/x86/helpers/cpu-context.ts';
import type { CpuModelName } from '../../src-main/engine/x86/models/cpu-model.ts';
import {
  CR0_ET,
  CR0_MP,
  CR0_NE,
  CR0_PE,
  CR0_PG,
  CR4_OSFXSR,
  CR4_OSXMMEXCPT,
  CR4_PAE,
  EFER_LMA,
  EFER_LME,
} from '../../src-main/engine/x86/state/control-bits.ts';
import { GPR_INDEX, SEGMENT_INDEX } from '../../src-main/engine/x86/state/cpu-state.ts';
import {
  ACCESS_ACCESSED,
  ACCESS_CODE,
  ACCESS_DB,
  ACCESS_G,
  ACCESS_L,
  ACCESS_P,
  ACCESS_RW,
  ACCESS_S,
  setSegment,
} from '../../src-main/engine/x86/state/segments.ts';

const RAM_BYTES = 0x20_0000;
const TABLES = 0x1000;
const GDT = 0x4000;
export const IDT = 0x5000;
const HANDLERS = 0x6000;
export const CODE = 0x8000;
const STACK = 0x1_0000;
/** Where tests put operands; 16-byte aligned. */
export const DATA = 0x2_0000;

const HLT = 0xf4;
const FLAT_DATA = ACCESS_P | ACCESS_S | ACCESS_RW | ACCESS_ACCESSED | ACCESS_G | ACCESS_DB;
const FLAT_CODE = ACCESS_P | ACCESS_S | ACCESS_CODE | ACCESS_RW | ACCESS_ACCESSED | ACCESS_G;

export interface FlatGuestOptions {
  readonly bits: 32 | 64;
  readonly accel?: 'jit' | 'interp';
  readonly model?: CpuModelName;
  readonly environment?: Partial<CpuEnvironment>;
  readonly codeCacheBytes?: number;
  readonly regionChannel?: RegionChannel;
  readonly hotThreshold?: number;
}

export class FlatGuest {
  readonly machine: FlatMachine;
  readonly view: DataView;
  readonly #bits: 32 | 64;
  #code = '';

  constructor({ bits, accel = 'interp', model = 'x86-64-v2', environment = {}, codeCacheBytes, regionChannel, hotThreshold = 2 }: FlatGuestOptions) {
    this.#bits = bits;
    const limit = { ...(codeCacheBytes && { codeCacheBytes }), ...(regionChannel && { regionChannel }) };
    this.machine = createFlatMachine({ ramBytes: RAM_BYTES, model, accel, hotThreshold, environment, ...limit });
    const { memory } = this.machine;
    this.view = new DataView(memory.buffer, memory.byteOffset, RAM_BYTES);
    this.#writeTables();
    this.#enter();
  }

  #writeTables(): void {
    // One 2 MiB page, mapped to itself.
    this.view.setBigUint64(TABLES, BigInt(TABLES + 0x1000) | 7n, true);
    this.view.setBigUint64(TABLES + 0x1000, BigInt(TABLES + 0x2000) | 7n, true);
    this.view.setBigUint64(TABLES + 0x2000, 0x87n, true);
    const code = this.#bits === 64 ? 0x00af9b000000ffffn : 0x00cf9b000000ffffn;
    this.view.setBigUint64(GDT + 8, code, true);
    this.view.setBigUint64(GDT + 16, 0x00cf93000000ffffn, true);
    for (let vector = 0; vector < 32; vector++) {
      const handler = HANDLERS + 16 * vector;
      this.view.setUint8(handler, HLT);
      const gate = IDT + vector * (this.#bits === 64 ? 16 : 8);
      this.view.setUint32(gate, (8 << 16) | handler, true);
      this.view.setUint32(gate + 4, 0x8e00, true);
    }
  }

  #enter(): void {
    const { cpu } = this.machine;
    const long = this.#bits === 64;
    cpu.setHalves('cr0', (CR0_PE | CR0_MP | CR0_ET | CR0_NE | (long ? CR0_PG : 0)) >>> 0, 0);
    cpu.setHalves('cr3', TABLES, 0);
    cpu.setHalves('cr4', CR4_OSFXSR | CR4_OSXMMEXCPT | (long ? CR4_PAE : 0), 0);
    if (long) cpu.setHalves('efer', EFER_LME | EFER_LMA, 0);
    setSegment(cpu, SEGMENT_INDEX.cs, 8, FLAT_CODE | (long ? ACCESS_L : ACCESS_DB), 0, 0xffff_ffff);
    for (const name of ['ss', 'ds', 'es', 'fs', 'gs'] as const) {
      setSegment(cpu, SEGMENT_INDEX[name], 16, FLAT_DATA, 0, 0xffff_ffff);
    }
    cpu.setHalves('gdtrBase', GDT, 0);
    cpu.set32('gdtrLimit', 23);
    cpu.setHalves('idtrBase', IDT, 0);
    cpu.set32('idtrLimit', 0x1ff);
    cpu.updateMode();
  }

  /**
   * Runs the instructions, given in hexadecimal, up to an HLT behind them. The vector of the exception that
   * ended them, or -1. RDI holds `DATA`.
   */
  run(code: string): number {
    const bytes = code.replaceAll(' ', '');
    if (bytes !== this.#code) {
      this.#code = bytes;
      for (let i = 0; i < bytes.length / 2; i++) {
        this.view.setUint8(CODE + i, Number.parseInt(bytes.slice(2 * i, 2 * i + 2), 16));
      }
      this.view.setUint8(CODE + bytes.length / 2, HLT);
      this.machine.codeChanged();
    }
    const { cpu } = this.machine;
    cpu.setHalves('rip', CODE, 0);
    cpu.setHalves('gpr', STACK, 0, GPR_INDEX.rsp);
    cpu.setHalves('gpr', DATA, 0, GPR_INDEX.rdi);
    const stop = this.machine.runToHalt(100_000);
    if (stop !== 'halt') throw new Error(`the guest stopped by ${stop}: ${code}`);
    const rip = cpu.low('rip');
    return rip >= HANDLERS && rip < HANDLERS + 0x200 ? (rip - 1 - HANDLERS) >> 4 : -1;
  }

  /** 128 bits of memory as one number. */
  read128(address: number): bigint {
    return this.view.getBigUint64(address, true) | (this.view.getBigUint64(address + 8, true) << 64n);
  }
  write128(address: number, value: bigint): void {
    this.view.setBigUint64(address, BigInt.asUintN(64, value), true);
    this.view.setBigUint64(address + 8, value >> 64n, true);
  }
}
