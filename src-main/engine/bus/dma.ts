// Access of devices to guest memory by physical address. Written ranges invalidate translated code.

/** As the device sees it: 'read' takes bytes out of memory, 'write' puts bytes into it. */
export type DmaAccess = 'read' | 'write';

export interface Dma {
  /** Copies out of guest RAM; unmapped bytes read 0xFF. */
  read(address: number, into: Uint8Array): void;
  /** Copies into guest RAM; writes to ROM and unmapped addresses are dropped. */
  write(address: number, from: Uint8Array): void;
  /**
   * The bytes of a range themselves, in order and `length` together, for transfers that another thread carries out.
   * Where there is no memory (for writes also: only ROM), stand-ins that read 0xFF and go nowhere.
   */
  views(address: number, length: number, access: DmaAccess): Uint8Array[];
  /** Bytes were written through `views`: to be called on the machine's thread before the guest learns of it. */
  written(address: number, length: number): void;
}
