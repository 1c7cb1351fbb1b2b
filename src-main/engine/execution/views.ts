// Typed views over the engine's linear memory, made once: the memory is allocated at its full size.

import { createFillMemory, type FillMemory } from './memory-fill.ts';

export interface MemoryViews {
  readonly memory: WebAssembly.Memory;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly u64: BigUint64Array;
  /** For unaligned access. */
  readonly data: DataView;
  readonly fill: FillMemory;
}

export function createViews(memory: WebAssembly.Memory): MemoryViews {
  const { buffer } = memory;
  return {
    memory,
    u8: new Uint8Array(buffer),
    u16: new Uint16Array(buffer),
    i32: new Int32Array(buffer),
    u32: new Uint32Array(buffer),
    u64: new BigUint64Array(buffer),
    data: new DataView(buffer),
    fill: createFillMemory(memory),
  };
}
