// The 256 bytes of configuration space of one PCI function: values, what may be written, what a written one
// clears. It decodes nothing. Reference: PCI Local Bus Specification 2.2, chapter 6.

import { readU16, readU32, writeU16, writeU32 } from '../../base/bytes.ts';
import type { Width } from '../../bus/region.ts';

export const CONFIG_BYTES = 256;

export const PCI_VENDOR_ID = 0x00;
export const PCI_DEVICE_ID = 0x02;
export const PCI_COMMAND = 0x04;
export const PCI_STATUS = 0x06;
export const PCI_REVISION = 0x08;
export const PCI_CLASS = 0x09;
export const PCI_HEADER_TYPE = 0x0e;
export const PCI_BAR0 = 0x10;
export const PCI_SUBSYSTEM_VENDOR_ID = 0x2c;
export const PCI_SUBSYSTEM_ID = 0x2e;
export const PCI_ROM = 0x30;
export const PCI_CAPABILITIES = 0x34;
export const PCI_INTERRUPT_LINE = 0x3c;
export const PCI_INTERRUPT_PIN = 0x3d;

export const COMMAND_IO = 0x0001;
export const COMMAND_MEMORY = 0x0002;
export const COMMAND_MASTER = 0x0004;
export const COMMAND_INTX_DISABLE = 0x0400;
export const STATUS_INTERRUPT = 0x0008;
export const STATUS_CAPABILITIES = 0x0010;

/** One register of a function's own: `width` bytes at `offset`. */
export interface ConfigRegister {
  readonly offset: number;
  readonly width: Width;
  /** Value after reset. */
  readonly value?: number;
  /** Bits that software may write. */
  readonly writable?: number;
  /** Bits that writing a one clears. */
  readonly clearedByOne?: number;
}

export class ConfigSpace {
  readonly bytes: Uint8Array;
  private readonly initial = new Uint8Array(CONFIG_BYTES);
  private readonly writable = new Uint8Array(CONFIG_BYTES);
  private readonly clearedByOne = new Uint8Array(CONFIG_BYTES);

  /** `bytes` is the storage, part of some device's state. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  define({ offset, width, value = 0, writable = 0, clearedByOne = 0 }: ConfigRegister): void {
    for (let i = 0; i < width; i++) {
      this.initial[offset + i] = value >>> (8 * i);
      this.writable[offset + i] = writable >>> (8 * i);
      this.clearedByOne[offset + i] = clearedByOne >>> (8 * i);
    }
  }

  reset(): void {
    this.bytes.set(this.initial);
  }

  u8(offset: number): number {
    return this.bytes[offset]!;
  }

  u16(offset: number): number {
    return readU16(this.bytes, offset);
  }

  u32(offset: number): number {
    return readU32(this.bytes, offset);
  }

  /** Sets bits that the hardware owns, such as status. */
  setU16(offset: number, value: number): void {
    writeU16(this.bytes, offset, value);
  }

  setU32(offset: number, value: number): void {
    writeU32(this.bytes, offset, value);
  }

  read(offset: number, width: Width): number {
    return width === 1 ? this.u8(offset) : width === 2 ? this.u16(offset) : this.u32(offset);
  }

  write(offset: number, width: Width, value: number): void {
    for (let i = 0; i < width; i++) {
      const at = offset + i;
      const byte = (value >>> (8 * i)) & 0xff;
      const mask = this.writable[at]!;
      const old = this.bytes[at]!;
      this.bytes[at] = ((old & ~mask) | (byte & mask)) & ~(byte & this.clearedByOne[at]!);
    }
  }
}
