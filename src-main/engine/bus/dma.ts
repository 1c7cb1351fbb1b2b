// Access of devices to guest memory by physical address. Written ranges invalidate translated code.

export interface Dma {
  /** Copies out of guest RAM; unmapped bytes read 0xFF. */
  read(address: number, into: Uint8Array): void;
  /** Copies into guest RAM; writes to ROM and unmapped addresses are dropped. */
  write(address: number, from: Uint8Array): void;
}
