// Address translation outside the inlined TLB hit: page walks, page-crossing and device accesses, writes to
// pages that hold decoded code. Values travel through `scratch[6]` and `scratch[7]` (16 bytes).
// Reference: Intel SDM vol. 3A chapter 4; vol. 3A 3.3.7.1 for canonical addresses.

import type { AccessKind, CpuContext, CpuEnvironment } from '../../x86/helpers/cpu-context.ts';
import { noteDataBreakpoint } from '../../x86/helpers/debug-register.ts';
import { createWalkResult, isPermitted, walk } from '../../x86/helpers/page-walk.ts';
import { highHalf } from '../../x86/state/address.ts';
import { CR4_SMAP } from '../../x86/state/control-bits.ts';
import { CPU_FIELDS, MODE_LONG, MODE_STEP } from '../../x86/state/cpu-state.ts';
import { GUEST_PAGE, type MemoryLayout, pageOf } from '../layout.ts';
import type { MappedRegion, PhysicalMap } from '../physical-map.ts';
import type { MemoryViews } from '../views.ts';
import { type ArrivingPages, PageArrival } from '../../snapshot/page-arrival.ts';
import { type PageCopies, PageGuard } from '../../snapshot/page-guard.ts';
import { DeviceTlb } from './device-tlb.ts';
import type { Tlb } from './tlb.ts';
import { AddressSpaces } from './address-spaces.ts';
import { createTrail, WALKED_FOR_USER, WALKED_TO_WRITE, type WalkTrail } from './walked-pages.ts';

const PAGE_MASK = GUEST_PAGE - 1;
const PAGE_FAULT = 14;
/** What `translate` answers when it is not a host address. */
export const FAULTED = -1;
export const DEVICE = -2;
/** Bit of an access descriptor: the segment was SS, so a non-canonical address is #SS instead of #GP. */
export const DESCRIPTOR_STACK = 0x100;

/** Who keeps decoded code and must learn of writes to it. */
export interface CodeWatcher {
  /** True when the host page holds decoded code, so that it gets no write entry in the TLB. */
  isCode(hostPage: number): boolean;
  /** Bytes at a host address are about to change, inside a page for which `isCode` was true. */
  codeWritten(host: number, bytes: number): void;
}

export interface MmuStats {
  misses: number;
  deviceAccesses: number;
}

/** Ranges with large pages that are remembered before everything is flushed. */
const MAX_LARGE_RANGES = 1024;

const largePage = (address: number): number => Math.floor(address / 0x20_0000);

/** Byte address of the value slot in the CPU block. */
export function valueSlot(layout: MemoryLayout): number {
  return layout.cpuBlock + CPU_FIELDS.scratch.offset + 6 * CPU_FIELDS.scratch.stride;
}

export class Mmu {
  readonly stats: MmuStats = { misses: 0, deviceAccesses: 0 };
  /** Physical address of the last access that `translate` found to be a device's. */
  devicePhysical = 0;
  readonly #views: MemoryViews;
  readonly #cpu: CpuContext;
  readonly #environment: CpuEnvironment;
  readonly #map: PhysicalMap;
  readonly #tlb: Tlb;
  readonly #code: CodeWatcher;
  readonly #slot: number;
  readonly #modeWord: number;
  readonly #cpl: number;
  readonly #pdptes: number;
  readonly #walked = createWalkResult();
  readonly #hosts = { first: 0, firstPhysical: 0, second: 0, secondPhysical: 0 };
  /** 2 MiB ranges that hold a piece of a large page since the last flush. */
  readonly #largePages = new Set<number>();
  #hugePages = false;
  readonly #devices = new DeviceTlb();
  readonly spaces: AddressSpaces;
  readonly #trail = createTrail();
  #a20 = true;
  /** Pages of video memory written since they were last collected, by page of the region. */
  readonly videoDirty: Uint8Array;
  readonly #vramBase: number;
  /** Sees every page before it is written. */
  guard: PageGuard | undefined;
  /** Asked before a page is reached; undefined: all are there. */
  arrival: PageArrival | undefined;

  constructor(
    parts: { views: MemoryViews; cpu: CpuContext; map: PhysicalMap; tlb: Tlb; code: CodeWatcher },
    layout: MemoryLayout,
  ) {
    this.#views = parts.views;
    this.#cpu = parts.cpu;
    this.#environment = parts.cpu.environment;
    this.#map = parts.map;
    this.#tlb = parts.tlb;
    this.#code = parts.code;
    this.spaces = new AddressSpaces(parts.views.i32);
    this.#slot = valueSlot(layout);
    this.#modeWord = (layout.cpuBlock + CPU_FIELDS.mode.offset) >> 2;
    this.#cpl = (layout.cpuBlock + CPU_FIELDS.cpl.offset) >> 2;
    this.#pdptes = layout.cpuBlock + CPU_FIELDS.pdpte.offset;
    this.videoDirty = new Uint8Array(layout.vramBytes / GUEST_PAGE);
    this.#vramBase = layout.vramBase;
  }

  /** A20 gate: with the gate closed, physical bit 20 reads as zero. */
  setA20(enabled: boolean): void {
    this.#a20 = enabled;
    this.flush();
  }

  get a20(): boolean {
    return this.#a20;
  }

  /** Copies what begins at a host address from now on before it is written, or no longer does. */
  guardPages(base: number, copies: PageCopies | undefined): void {
    this.guard = copies && new PageGuard(this.#views.memory.buffer, base, copies);
    this.flush();
  }

  /** Waits from now on for each page that is still to come, or no longer. */
  awaitPages(base: number, pages: ArrivingPages | undefined): void {
    this.arrival = pages && new PageArrival(base, pages);
    this.flush();
  }

  /** Host address of a byte, `FAULTED` (an exception was raised) or `DEVICE` (see `devicePhysical`). */
  translate(address: number, access: AccessKind, user: boolean): number {
    if (access !== 'execute') {
      const host = this.#tlb.lookup(address, user, access === 'write');
      if (host >= 0) return host;
      const physical = this.#devices.lookup(address, user, access === 'write');
      if (physical >= 0) {
        this.devicePhysical = physical;
        return DEVICE;
      }
    }
    return this.#walkAndFill(address, access, user);
  }

  #walkAndFill(address: number, access: AccessKind, user: boolean): number {
    this.stats.misses++;
    const result = this.#walked;
    if (!walk(this.#cpu, address, access, user, result)) {
      this.#cpu.setHalves('cr2', address | 0, highHalf(address));
      this.#cpu.raise(PAGE_FAULT, result.errorCode);
      return FAULTED;
    }
    const physical = this.#gate(result.physical);
    const region = this.#map.find(physical);
    if (region === undefined || (region.kind === 'rom' && access === 'write')) {
      this.devicePhysical = physical;
      if (access !== 'execute' && this.#isCacheable(user))
        this.#devices.insert(address, physical, user, access === 'write');
      if (result.pageShift !== 12) this.#noteLargePage(address, result.pageShift);
      return DEVICE;
    }
    const host = region.host + (physical - region.base);
    this.arrival?.wait(host);
    if (access === 'write') {
      this.guard?.beforeWrite(host);
      this.#markVideo(region, host);
    }
    if (access !== 'execute' && this.#isCacheable(user)) {
      // What is written is read soon, and the other way round.
      this.#insert(address, host, false, user);
      const mayWrite = access === 'write' || (region.kind === 'ram' && this.#mayWriteUnseen(user));
      if (mayWrite) this.#insert(address, host, true, user);
      if (!result.global) this.#noteData(address, host, user, mayWrite && region.kind === 'ram');
    }
    if (result.pageShift !== 12) this.#noteLargePage(address, result.pageShift);
    return host;
  }

  /** Whether the page just walked to, for reading, may be written without anybody having to learn of it. */
  #mayWriteUnseen(user: boolean): boolean {
    return this.guard === undefined && this.#walked.dirty && isPermitted(this.#cpu, this.#walked, 'write', user);
  }

  /** Host address of the page of code at a linear address; undefined where a fetch would fault or meet a device. */
  codePage(address: number, user: boolean): number | undefined {
    if (!walk(this.#cpu, address, 'execute', user, this.#walked)) return undefined;
    if (this.#walked.pageShift !== 12) this.#noteLargePage(address, this.#walked.pageShift);
    const physical = this.#gate(this.#walked.physical);
    const region = this.#map.find(physical);
    if (region === undefined) return undefined;
    const host = region.host + (physical - region.base);
    this.arrival?.wait(host);
    return host;
  }

  #noteLargePage(address: number, pageShift: number): void {
    const range = largePage(address);
    this.#largePages.add(range);
    // 4 MiB pages cover two ranges; those of 1 GiB are rare and not worth counting, so they count as everything.
    if (pageShift === 22) this.#largePages.add(range % 2 === 0 ? range + 1 : range - 1);
    if (pageShift === 30) this.#hugePages = true;
  }

  /** Under SMAP a supervisor's access to a user page depends on AC, which changes without a flush. */
  #isCacheable(user: boolean): boolean {
    return user || !this.#walked.user || (this.#cpu.low('cr4') & CR4_SMAP) === 0;
  }

  /** Whether the page that `translate` last walked to is global. */
  get walkedGlobal(): boolean {
    return this.#walked.global;
  }

  #noteData(address: number, host: number, user: boolean, mayWrite: boolean): void {
    const space = this.spaces.current;
    if (space.dataToNote === 0) return;
    space.dataToNote--;
    const offset = address & PAGE_MASK;
    const rights = (user ? WALKED_FOR_USER : 0) | (mayWrite ? WALKED_TO_WRITE : 0);
    const trail = this.#trailOfWalk();
    if (trail !== undefined) space.data.add({ page: address - offset, host: host - offset, rights }, trail);
  }

  /** Something that was decoded depends on where the page is that `translate` has just walked to, which is not global. */
  noteCode(address: number, host: number, user: boolean): void {
    const space = this.spaces.current;
    const trail = this.#trailOfWalk();
    if (trail === undefined || space.code.isFull) space.isCodeKnown = false;
    if (trail === undefined || !space.isCodeKnown) return;
    const offset = address & PAGE_MASK;
    space.code.add({ page: address - offset, host: host - offset, rights: user ? WALKED_FOR_USER : 0 }, trail);
  }

  /** What the last walk has read; undefined where a paging structure is not in memory. */
  #trailOfWalk(): WalkTrail | undefined {
    const trail = this.#trail;
    const { entries, entryCount, entryBytes, pdpte } = this.#walked;
    trail.count = 0;
    if (pdpte >= 0) this.#addToTrail((this.#pdptes + pdpte * CPU_FIELDS.pdpte.stride) >>> 2, 2);
    for (let i = 0; i < entryCount; i++) {
      const host = this.#map.host(this.#gate(entries[i] as number));
      if (host < 0) return undefined;
      this.#addToTrail(host >>> 2, entryBytes / 4);
    }
    return trail;
  }

  #addToTrail(first: number, words: number): void {
    const trail = this.#trail;
    const { i32 } = this.#views;
    for (let word = first; word < first + words; word++) {
      trail.words[trail.count++] = word;
      trail.words[trail.count++] = i32[word] as number;
    }
  }

  /** What a write to CR3 does: global pages stay, and what is known of the space that it leads to is as if just walked. */
  flushLocal(): void {
    // Pieces of large pages may stay, so that their ranges must be remembered.
    if (this.#largePages.size > MAX_LARGE_RANGES) {
      this.flush();
      return;
    }
    this.#tlb.flushLocal();
    this.#devices.flush();
    this.spaces.enter(this.#cpu);
    this.spaces.current.data.keepCurrent(this.#revive);
  }

  readonly #revive = (page: number, host: number, rights: number): void => {
    const user = (rights & WALKED_FOR_USER) !== 0;
    const translation = { page, host, global: false };
    this.#tlb.insert(translation, user, false);
    if ((rights & WALKED_TO_WRITE) !== 0 && !this.#code.isCode(host / GUEST_PAGE)) this.#tlb.insert(translation, user, true);
  };

  flush(): void {
    this.spaces.forget(this.#cpu);
    this.#tlb.flush();
    this.#devices.flush();
    this.#largePages.clear();
    this.#hugePages = false;
  }

  /** INVLPG. A large page's pieces stand in many entries, so then all go; whether only the one page had to. */
  flushPage(address: number): boolean {
    if (this.#hugePages || this.#largePages.has(largePage(address))) {
      this.flush();
      return false;
    }
    this.#tlb.flushPage(address - (address & PAGE_MASK));
    this.#devices.flushPage(address);
    return true;
  }

  #insert(address: number, host: number, write: boolean, user: boolean): void {
    const offset = address & PAGE_MASK;
    const translation = { page: address - offset, host: host - offset, global: this.#walked.global };
    if (!write) this.#tlb.insert(translation, user, false);
    else if (!this.#code.isCode(translation.host / GUEST_PAGE)) this.#tlb.insert(translation, user, true);
  }

  #gate(physical: number): number {
    if (this.#a20) return physical;
    return physical % 0x20_0000 >= 0x10_0000 ? physical - 0x10_0000 : physical;
  }

  #markVideo(region: MappedRegion, host: number): void {
    if (region.kind === 'video') this.markVideoPage(host);
  }

  /** A page of linear memory was written; nothing happens unless it is video memory. */
  markVideoPage(host: number): void {
    const page = pageOf(host - this.#vramBase);
    if (page >= 0 && page < this.videoDirty.length) this.videoDirty[page] = 1;
  }

  /** Clears the dirty marks of video memory and makes the next write to each page visible again; false without any. */
  collectVideoDirty(into: Uint8Array): boolean {
    if (!this.videoDirty.includes(1)) return false;
    into.set(this.videoDirty);
    const first = this.#vramBase / GUEST_PAGE;
    this.videoDirty.forEach((isDirty, page) => {
      if (isDirty === 1) this.#tlb.removeWrites(first + page);
    });
    this.videoDirty.fill(0);
    return true;
  }

  // Entry points of generated code: address as two halves, descriptor = bytes | DESCRIPTOR_STACK.
  // They return 0, or 1 after an exception was raised.

  readonly slowRead = (low: number, high: number, descriptor: number): number => {
    const address = this.#linear(low, high, descriptor);
    if (address === undefined) return 1;
    this.#noteBreakpoint(address, descriptor & 0xff, false);
    return this.read(address, descriptor & 0xff, this.#user()) ? 0 : 1;
  };

  readonly slowWrite = (low: number, high: number, descriptor: number): number => {
    const address = this.#linear(low, high, descriptor);
    if (address === undefined) return 1;
    this.#noteBreakpoint(address, descriptor & 0xff, true);
    return this.write(address, descriptor & 0xff, this.#user()) ? 0 : 1;
  };

  /** For read-modify-write: checks writing, then reads the old value. */
  readonly slowUpdate = (low: number, high: number, descriptor: number): number => {
    const address = this.#linear(low, high, descriptor);
    if (address === undefined) return 1;
    const bytes = descriptor & 0xff;
    this.#noteBreakpoint(address, bytes, true);
    if (!this.#translateBoth(address, bytes, 'write', this.#user())) return 1;
    return this.read(address, bytes, this.#user()) ? 0 : 1;
  };

  readonly slowProbe = (low: number, high: number, descriptor: number): number => {
    const address = this.#linear(low, high, descriptor);
    if (address === undefined) return 1;
    return this.#translateBoth(address, descriptor & 0xff, 'write', this.#user()) ? 0 : 1;
  };

  // Entry points of regions for instructions that are known to reach devices: 0 when the access was carried out,
  // through the value slot; 1 when it is none of a device, or unknown as one, and nothing has happened.

  readonly deviceRead = (low: number, high: number, descriptor: number): number =>
    this.#atDevice(low, high, descriptor, false);

  readonly deviceWrite = (low: number, high: number, descriptor: number): number =>
    this.#atDevice(low, high, descriptor, true);

  /** The reading half of a read-modify-write, once writing is known to be possible. */
  readonly deviceUpdate = (low: number, high: number, descriptor: number): number => {
    const address = this.#isLong() ? high * 0x1_0000_0000 + (low >>> 0) : low >>> 0;
    if (this.#devices.lookup(address, this.#user(), true) < 0) return 1;
    return this.#atDevice(low, high, descriptor, false);
  };

  #isLong(): boolean {
    return ((this.#views.i32[this.#modeWord] as number) & MODE_LONG) !== 0;
  }

  #atDevice(low: number, high: number, descriptor: number, write: boolean): number {
    const bytes = descriptor & 0xff;
    if ((low & PAGE_MASK) + bytes > GUEST_PAGE) return 1;
    const address = this.#isLong() ? high * 0x1_0000_0000 + (low >>> 0) : low >>> 0;
    const physical = this.#devices.lookup(address, this.#user(), write);
    if (physical < 0) return 1;
    if (write) this.#writePart(DEVICE, physical, 0, bytes);
    else this.#readPart(DEVICE, physical, 0, bytes);
    return 0;
  }

  #noteBreakpoint(address: number, bytes: number, isWrite: boolean): void {
    if ((this.#views.i32[this.#modeWord] as number) & MODE_STEP)
      noteDataBreakpoint(this.#cpu, address, bytes, isWrite);
  }

  #user(): boolean {
    return this.#views.i32[this.#cpl] === 3;
  }

  #linear(low: number, high: number, descriptor: number): number | undefined {
    const canonical = high === low >> 31 ? true : high === (high << 16) >> 16;
    if ((this.#views.i32[this.#modeWord] as number) & MODE_LONG) {
      if (!canonical) {
        this.#cpu.raise(descriptor & DESCRIPTOR_STACK ? 12 : 13, 0);
        return undefined;
      }
      return high * 0x1_0000_0000 + (low >>> 0);
    }
    return low >>> 0;
  }

  /** Reads up to 16 bytes into the value slot, whatever they cross; false after a fault. */
  read(address: number, bytes: number, user: boolean): boolean {
    if (!this.#translateBoth(address, bytes, 'read', user)) return false;
    const { first, second } = this.#hosts;
    const firstBytes = Math.min(bytes, GUEST_PAGE - (address & PAGE_MASK));
    this.#readPart(first, this.#hosts.firstPhysical, 0, firstBytes);
    if (firstBytes < bytes)
      this.#readPart(second, this.#hosts.secondPhysical, firstBytes, bytes - firstBytes);
    return true;
  }

  /** Writes the value slot's first bytes; false after a fault, with nothing written. */
  write(address: number, bytes: number, user: boolean): boolean {
    if (!this.#translateBoth(address, bytes, 'write', user)) return false;
    const { first, second } = this.#hosts;
    const firstBytes = Math.min(bytes, GUEST_PAGE - (address & PAGE_MASK));
    this.#writePart(first, this.#hosts.firstPhysical, 0, firstBytes);
    if (firstBytes < bytes)
      this.#writePart(second, this.#hosts.secondPhysical, firstBytes, bytes - firstBytes);
    return true;
  }

  probe(address: number, bytes: number, user: boolean): boolean {
    return this.#translateBoth(address, bytes, 'write', user);
  }

  #translateBoth(address: number, bytes: number, access: 'read' | 'write', user: boolean): boolean {
    const hosts = this.#hosts;
    hosts.first = this.translate(address, access, user);
    hosts.firstPhysical = this.devicePhysical;
    if (hosts.first === FAULTED) return false;
    const inPage = GUEST_PAGE - (address & PAGE_MASK);
    if (bytes <= inPage) return true;
    hosts.second = this.translate(this.#wrap(address + inPage), access, user);
    hosts.secondPhysical = this.devicePhysical;
    return hosts.second !== FAULTED;
  }

  #wrap(address: number): number {
    return address === 0x1_0000_0000 && !((this.#views.i32[this.#modeWord] as number) & MODE_LONG)
      ? 0
      : address;
  }

  #readPart(host: number, physical: number, at: number, bytes: number): void {
    const slot = this.#slot + at;
    if (host >= 0) {
      copyPart(this.#views, host, slot, bytes);
      return;
    }
    this.stats.deviceAccesses++;
    deviceRead(this.#environment, this.#views.data, physical, slot, bytes);
  }

  #writePart(host: number, physical: number, at: number, bytes: number): void {
    const slot = this.#slot + at;
    if (host >= 0) {
      if (this.#code.isCode(pageOf(host))) this.#code.codeWritten(host, bytes);
      copyPart(this.#views, slot, host, bytes);
      return;
    }
    this.stats.deviceAccesses++;
    deviceWrite(this.#environment, this.#views.data, physical, slot, bytes);
  }

  /** Of paging structures, whose entries are aligned. */
  readPhysical32(address: number): number {
    const host = this.#map.host(this.#gate(address));
    if (host >= 0) {
      this.arrival?.wait(host);
      return this.#views.u32[host >>> 2] as number;
    }
    return this.#cpu.environment.memoryRead(address, 4) >>> 0;
  }

  writePhysical32(address: number, value: number): void {
    const host = this.#map.host(this.#gate(address));
    if (host < 0) return;
    this.arrival?.wait(host);
    this.guard?.beforeWrite(host);
    if (this.#code.isCode(pageOf(host))) this.#code.codeWritten(host, 4);
    this.#views.data.setUint32(host, value, true);
  }
}

/** Most parts are words; a call of a built-in function costs as much as all the rest of an access. */
function copyPart({ data, u8 }: MemoryViews, from: number, to: number, bytes: number): void {
  if (bytes === 4) data.setUint32(to, data.getUint32(from, true), true);
  else if (bytes === 1) data.setUint8(to, data.getUint8(from));
  else if (bytes === 8) {
    data.setUint32(to, data.getUint32(from, true), true);
    data.setUint32(to + 4, data.getUint32(from + 4, true), true);
  } else u8.copyWithin(to, from, from + bytes);
}

/** The widest naturally aligned piece at an address; devices see at most four bytes at once. */
function piece(address: number, bytes: number): 1 | 2 | 4 {
  if (bytes === 1) return 1;
  if (bytes >= 4 && address % 4 === 0) return 4;
  if (bytes >= 2 && address % 2 === 0) return 2;
  return 1;
}

function deviceRead(
  environment: CpuEnvironment,
  data: DataView,
  from: number,
  to: number,
  length: number,
): void {
  let [physical, slot, bytes] = [from, to, length];
  while (bytes > 0) {
    const width = piece(physical, bytes);
    const value = environment.memoryRead(physical, width);
    if (width === 4) data.setUint32(slot, value, true);
    else if (width === 2) data.setUint16(slot, value, true);
    else data.setUint8(slot, value);
    physical += width;
    slot += width;
    bytes -= width;
  }
}

function deviceWrite(
  environment: CpuEnvironment,
  data: DataView,
  to: number,
  from: number,
  length: number,
): void {
  let [physical, slot, bytes] = [to, from, length];
  while (bytes > 0) {
    const width = piece(physical, bytes);
    const value =
      width === 4
        ? data.getUint32(slot, true)
        : width === 2
          ? data.getUint16(slot, true)
          : data.getUint8(slot);
    environment.memoryWrite(physical, width, value);
    physical += width;
    slot += width;
    bytes -= width;
  }
}
