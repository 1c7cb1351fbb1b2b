// The firmware configuration device: items and files that a BIOS for virtual machines reads by selector, byte by byte at
// port 511h or by a DMA request at 514h. What is in them the board says.
// Reference: QEMU documentation, "QEMU Firmware Configuration (fw_cfg) Device" (registers, items, file directory, DMA).

import { allOnes } from '../base/bits.ts';
import { defineState } from '../snapshot/define-state.ts';
import { u16, u32 } from '../snapshot/fields.ts';
import type { Device, DeviceContext, Region, Width } from './device.ts';

export const FW_CFG_SIGNATURE = 0x00;
export const FW_CFG_ID = 0x01;
export const FW_CFG_UUID = 0x02;
export const FW_CFG_RAM_SIZE = 0x03;
export const FW_CFG_CPUS = 0x05;
export const FW_CFG_BOOT_MENU = 0x0e;
export const FW_CFG_MAX_CPUS = 0x0f;
export const FW_CFG_IRQ0_OVERRIDE = 0x8002;
const FW_CFG_DIRECTORY = 0x19;
const FIRST_FILE = 0x20;
const NAME_BYTES = 56;
const ENTRY_BYTES = 64;

const SPEC = defineState('fw-cfg', 1, { selected: u16(), offset: u32(), dmaHigh: u32() });
type FwCfgState = ReturnType<typeof SPEC.create>;

const DMA_REGION = 1;
const DMA_SIGNATURE = 'QEMU CFG';
const DMA_ERROR = 0x01;
const DMA_READ = 0x02;
const DMA_SKIP = 0x04;
const DMA_SELECT = 0x08;
const DMA_WRITE = 0x10;
/** One piece of a DMA read; longer ones are cut, so that no request asks for more memory than this. */
const PIECE = 0x1_0000;

export interface FwCfgOptions {
  readonly items: ReadonlyMap<number, Uint8Array>;
  /** By name, in the order of the directory. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export class FwCfg implements Device<FwCfgState> {
  readonly id = 'fw-cfg';
  readonly spec = SPEC;
  readonly state = SPEC.create();
  readonly regions: readonly Region[] = [
    { space: 'port', base: 0x510, length: 2, maxWidth: 2 },
    { space: 'port', base: 0x514, length: 8, maxWidth: 4 },
  ];
  readonly #context: DeviceContext;
  readonly #items: Map<number, Uint8Array>;

  constructor(context: DeviceContext, { items, files }: FwCfgOptions) {
    this.#context = context;
    this.#items = new Map(items);
    this.#items.set(FW_CFG_DIRECTORY, directory(files));
    [...files.values()].forEach((content, index) => this.#items.set(FIRST_FILE + index, content));
  }

  read(region: number, offset: number, width: Width): number {
    if (region === DMA_REGION) return this.#readSignature(offset, width);
    return offset === 1 && width === 1 ? this.#next() : allOnes(width);
  }

  write(region: number, offset: number, width: Width, value: number): void {
    if (region === DMA_REGION) return this.#writeAddress(offset, width, value);
    // A word at 510h; the data port takes no writes.
    if (offset === 0 && width === 2) this.#select(value);
  }

  reset(): void {
    SPEC.reset(this.state);
  }

  #select(selector: number): void {
    this.state.selected = selector & 0xbfff;
    this.state.offset = 0;
  }

  #content(): Uint8Array | undefined {
    return this.#items.get(this.state.selected);
  }

  /** Behind the end everything reads zero. */
  #next(): number {
    const value = this.#content()?.[this.state.offset] ?? 0;
    this.state.offset = (this.state.offset + 1) >>> 0;
    return value;
  }

  #readSignature(offset: number, width: Width): number {
    let value = 0;
    for (let i = 0; i < width; i++) value |= (DMA_SIGNATURE.charCodeAt(offset + i) || 0) << (8 * i);
    return value >>> 0;
  }

  /** The address is big-endian, upper half first; writing the lower half starts the request. */
  #writeAddress(offset: number, width: Width, value: number): void {
    if (width !== 4) return;
    if (offset === 0) {
      this.state.dmaHigh = swap(value);
      return;
    }
    const address = this.state.dmaHigh * 2 ** 32 + swap(value);
    this.state.dmaHigh = 0;
    if (address < 2 ** 40) this.#request(address);
  }

  #request(address: number): void {
    const descriptor = new Uint8Array(16);
    this.#context.dma.read(address, descriptor);
    const view = new DataView(descriptor.buffer);
    const control = view.getUint32(0);
    const length = view.getUint32(4);
    const target = view.getUint32(8) * 2 ** 32 + view.getUint32(12);
    if ((control & DMA_SELECT) !== 0) this.#select(control >>> 16);
    let error = 0;
    if ((control & DMA_READ) !== 0) this.#transfer(target, length);
    else if ((control & DMA_SKIP) !== 0) this.state.offset = (this.state.offset + length) >>> 0;
    else if ((control & DMA_WRITE) !== 0) error = DMA_ERROR;
    const status = new Uint8Array(4);
    new DataView(status.buffer).setUint32(0, error);
    this.#context.dma.write(address, status);
  }

  /** What is behind the end of an item is not written at all but for one piece of zeroes at most. */
  #transfer(target: number, length: number): void {
    const content = this.#content() ?? new Uint8Array();
    const available = Math.max(0, Math.min(length, content.length - this.state.offset));
    if (target < 2 ** 40) {
      this.#context.dma.write(target, content.subarray(this.state.offset, this.state.offset + available));
      this.#context.dma.write(target + available, new Uint8Array(Math.min(PIECE, length - available)));
    }
    this.state.offset = (this.state.offset + length) >>> 0;
  }
}

function swap(value: number): number {
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

/** Count, then size, selector and name of each file; big-endian. */
function directory(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const bytes = new Uint8Array(4 + files.size * ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, files.size);
  [...files].forEach(([name, content], index) => {
    const at = 4 + index * ENTRY_BYTES;
    view.setUint32(at, content.length);
    view.setUint16(at + 4, FIRST_FILE + index);
    for (let i = 0; i < Math.min(name.length, NAME_BYTES - 1); i++) bytes[at + 8 + i] = name.charCodeAt(i);
  });
  return bytes;
}
