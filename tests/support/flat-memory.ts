// Guest memory for tests: a plain array behind the device's view of RAM.

import type { Dma } from '../../src-main/engine/bus/dma.ts';

export class FlatMemory implements Dma {
  readonly bytes: Uint8Array;
  readonly data: DataView;

  constructor(length: number) {
    this.bytes = new Uint8Array(length);
    this.data = new DataView(this.bytes.buffer);
  }

  read(address: number, into: Uint8Array): void {
    for (let i = 0; i < into.length; i++) into[i] = this.bytes[address + i] ?? 0xff;
  }

  write(address: number, from: Uint8Array): void {
    if (address >= this.bytes.length) return;
    this.bytes.set(from.subarray(0, this.bytes.length - address), address);
  }

  views(address: number, length: number): Uint8Array[] {
    const inside = this.bytes.subarray(address, address + length);
    return inside.length === length ? [inside] : [inside, new Uint8Array(length - inside.length).fill(0xff)];
  }

  written(): void {}

  /** Zero-terminated Latin-1 text. */
  text(address: number): string {
    let out = '';
    for (let at = address; this.bytes[at] !== 0 && at < this.bytes.length; at++)
      out += String.fromCharCode(this.bytes[at] ?? 0);
    return out;
  }
}
