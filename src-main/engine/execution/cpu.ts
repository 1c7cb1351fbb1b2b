// The CPU block as TypeScript sees it: `CpuContext` for helpers over linear memory and the MMU.

import type { CpuContext, CpuEnvironment, CpuFieldKey } from '../x86/helpers/cpu-context.ts';
import type { CpuModel } from '../x86/models/cpu-model.ts';
import { CPU_FIELDS as F, EXIT_FAULT } from '../x86/state/cpu-state.ts';
import { readFlags, writeFlags } from '../x86/state/flags.ts';
import { updateModeWord } from '../x86/state/modes.ts';
import { type MemoryLayout, TLB_TABLES } from './layout.ts';
import { CPL, RAN_USER_CODE, TLB_READ, TLB_WRITE } from './cpu-words.ts';
import { FAULTED, type Mmu, valueSlot } from './mmu/mmu.ts';
import type { Tlb } from './mmu/tlb.ts';
import type { MemoryViews } from './views.ts';

/** What a CPU tells the engine about changes that its caches depend on. */
export interface CpuEvents {
  /** Linear addresses may translate differently from now on. */
  translationsChanged(scope: 'all' | 'non-global'): void;
  /** One linear page may. */
  pageInvalidated(address: number): void;
}

export class Cpu implements CpuContext {
  readonly model: CpuModel;
  readonly environment: CpuEnvironment;
  readonly words: Uint32Array;
  readonly firstWord: number;
  readonly #views: MemoryViews;
  readonly #base: number;
  readonly #slot: number;
  #mmu!: Mmu;
  #tlb!: Tlb;
  #events!: CpuEvents;

  constructor(views: MemoryViews, layout: MemoryLayout, model: CpuModel, environment: CpuEnvironment) {
    this.#views = views;
    this.#base = layout.cpuBlock;
    this.words = views.u32;
    this.firstWord = layout.cpuBlock >> 2;
    this.#slot = valueSlot(layout);
    this.model = model;
    this.environment = environment;
    this.set32(F.flagRest, 2);
    this.set64(F.flagResult, 1n);
  }

  /** CPU, MMU and code cache need each other; they are introduced once all exist. */
  attach(mmu: Mmu, tlb: Tlb, events: CpuEvents): void {
    this.#mmu = mmu;
    this.#tlb = tlb;
    this.#events = events;
    for (let table = 0; table < TLB_TABLES; table++)
      this.set32(F.tlbTables, tlb.table(table >= 2, table % 2 === 1), table);
  }

  /** Byte address of a field in linear memory. */
  address(field: CpuFieldKey, index = 0): number {
    const { offset, stride } = typeof field === 'string' ? F[field] : field;
    return this.#base + offset + index * stride;
  }

  get32(field: CpuFieldKey, index = 0): number {
    return this.#views.u32[this.address(field, index) >> 2] as number;
  }
  set32(field: CpuFieldKey, value: number, index = 0): void {
    this.#views.u32[this.address(field, index) >> 2] = value;
  }
  low(field: CpuFieldKey, index = 0): number {
    return this.#views.u32[this.address(field, index) >> 2] as number;
  }
  high(field: CpuFieldKey, index = 0): number {
    return this.#views.u32[(this.address(field, index) >> 2) + 1] as number;
  }
  setHalves(field: CpuFieldKey, low: number, high: number, index = 0): void {
    const at = this.address(field, index) >> 2;
    this.#views.u32[at] = low;
    this.#views.u32[at + 1] = high;
  }
  get64(field: CpuFieldKey, index = 0): bigint {
    return this.#views.u64[this.address(field, index) >> 3] as bigint;
  }
  set64(field: CpuFieldKey, value: bigint, index = 0): void {
    this.#views.u64[this.address(field, index) >> 3] = value;
  }

  raise(vector: number, errorCode = -1): 1 {
    this.set32(F.faultVector, vector);
    this.set32(F.faultError, errorCode);
    this.set32(F.exitReason, EXIT_FAULT);
    return 1;
  }

  readLinear(address: number, bytes: 1 | 2 | 4, user: boolean): number {
    const { data } = this.#views;
    if ((address & 0xfff) + bytes <= 0x1000) {
      const host = this.#mmu.translate(address, 'read', user);
      if (host === FAULTED) return -1;
      if (host >= 0)
        return bytes === 4
          ? data.getUint32(host, true)
          : bytes === 2
            ? data.getUint16(host, true)
            : data.getUint8(host);
    }
    if (!this.#mmu.read(address, bytes, user)) return -1;
    const slot = this.#slot;
    return bytes === 4
      ? data.getUint32(slot, true)
      : bytes === 2
        ? data.getUint16(slot, true)
        : data.getUint8(slot);
  }

  wordOf(address: number, bytes: number, user: boolean, write = false): number {
    if ((address & 3) !== 0 || (address & 0xfff) + bytes > 0x1000) return -1;
    const host = this.#tlb.lookup(address, user, write);
    return host < 0 ? -1 : host >>> 2;
  }

  readLinear64(address: number, user: boolean): bigint | undefined {
    return this.#mmu.read(address, 8, user) ? this.#views.data.getBigUint64(this.#slot, true) : undefined;
  }

  writeLinear(address: number, bytes: 1 | 2 | 4, value: number, user: boolean): boolean {
    const { data } = this.#views;
    // An entry of the write table needs no further look at the page.
    const host = (address & 0xfff) + bytes <= 0x1000 ? this.#tlb.lookup(address, user, true) : -1;
    if (host >= 0) {
      if (bytes === 4) data.setUint32(host, value, true);
      else if (bytes === 2) data.setUint16(host, value, true);
      else data.setUint8(host, value);
      return true;
    }
    data.setUint32(this.#slot, value, true);
    return this.#mmu.write(address, bytes, user);
  }

  writeLinear64(address: number, value: bigint, user: boolean): boolean {
    this.#views.data.setBigUint64(this.#slot, value, true);
    return this.#mmu.write(address, 8, user);
  }

  probeWrite(address: number, bytes: number, user: boolean): boolean {
    for (let done = 0; done < bytes; ) {
      const step = Math.min(bytes - done, 0x1000 - ((address + done) & 0xfff));
      if (!this.#mmu.probe(address + done, step, user)) return false;
      done += step;
    }
    return true;
  }

  readPhysical32(address: number): number {
    return this.#mmu.readPhysical32(address);
  }
  writePhysical32(address: number, value: number): void {
    this.#mmu.writePhysical32(address, value);
  }

  flushTlb(scope: 'all' | 'non-global'): void {
    if (scope === 'all') this.#mmu.flush();
    else this.#mmu.flushLocal();
    this.#events.translationsChanged(scope);
  }

  invalidatePage(address: number): void {
    if (this.#mmu.flushPage(address)) this.#events.pageInvalidated(address);
    else this.#events.translationsChanged('all');
  }

  updateMode(): void {
    updateModeWord(this);
    const { words, firstWord } = this;
    const user = words[firstWord + CPL] === 3;
    if (user) words[firstWord + RAN_USER_CODE] = 1;
    words[firstWord + TLB_READ] = this.#tlb.table(user, false);
    words[firstWord + TLB_WRITE] = this.#tlb.table(user, true);
  }

  readFlags(): number {
    return readFlags(this);
  }
  writeFlags(value: number): void {
    writeFlags(this, value);
  }
}
