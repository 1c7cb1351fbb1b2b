// MSI-X: a table of messages in a function's memory, each of which can be masked by itself.
// Reference: PCI Local Bus Specification 3.0, 6.8.2.

import { extractBytes, insertBytes } from '../../base/bits.ts';
import type { Width } from '../../bus/region.ts';
import { CAPABILITY_MSIX, type Capability, capabilityOffset } from './capability.ts';
import { COMMAND_MASTER, type ConfigSpace, PCI_COMMAND } from './config-space.ts';
import { isInterruptAddress, type MessageSink } from './msi.ts';

/** Bytes of the BAR that holds the table and, in its second half, the pending bits. */
export const MSIX_BYTES = 0x1000;
const PENDING = 0x800;
const MAX_VECTORS = PENDING / 16;

const CONTROL = 2;
const CONTROL_ENABLE = 0x8000;
const CONTROL_MASK_ALL = 0x4000;
/** Words of an entry. */
const ADDRESS_LOW = 0;
const ADDRESS_HIGH = 1;
const DATA = 2;
const VECTOR_CONTROL = 3;
const MASKED = 1;

/** The part of a device's state that a table needs: four words a vector, and a word for each 32 pending bits. */
export interface MsixState {
  readonly table: Uint32Array;
  readonly pending: Uint32Array;
}

export class Msix {
  readonly capability: Capability;
  private readonly state: MsixState;
  private readonly vectors: number;
  private readonly sink: MessageSink;
  private config: ConfigSpace | undefined;
  private at = 0;

  /** `bar`: index of the base address register that places the table. */
  constructor(state: MsixState, sink: MessageSink, bar: number) {
    this.state = state;
    this.sink = sink;
    this.vectors = Math.min(state.table.length >>> 2, MAX_VECTORS);
    this.capability = {
      id: CAPABILITY_MSIX,
      length: 12,
      registers: [
        { offset: CONTROL, width: 2, value: this.vectors - 1, writable: CONTROL_ENABLE | CONTROL_MASK_ALL },
        { offset: 4, width: 4, value: bar },
        { offset: 8, width: 4, value: PENDING | bar },
      ],
    };
  }

  get enabled(): boolean {
    return (this.control() & CONTROL_ENABLE) !== 0;
  }

  /** The function's `configure`. */
  configure(config: ConfigSpace): void {
    this.config = config;
    this.at = capabilityOffset(config, CAPABILITY_MSIX);
    this.sendPending();
  }

  /** All entries are masked and nothing waits. */
  reset(): void {
    this.state.table.fill(0);
    for (let vector = 0; vector < this.vectors; vector++)
      this.state.table[vector * 4 + VECTOR_CONTROL] = MASKED;
    this.state.pending.fill(0);
  }

  read(offset: number, width: Width): number {
    const { table, pending } = this.state;
    const word = offset < PENDING ? table[offset >>> 2] : pending[(offset - PENDING) >>> 2];
    return extractBytes(word ?? 0, offset, width);
  }

  write(offset: number, width: Width, value: number): void {
    const { table } = this.state;
    const word = offset >>> 2;
    if (offset >= PENDING || word >= this.vectors * 4) return;
    table[word] = insertBytes(table[word]!, offset, width, value);
    if ((word & 3) === VECTOR_CONTROL) this.sendPending();
  }

  /** Sends a message, or remembers it while it is masked. Vectors beyond the table stand for none. */
  notify(vector: number): void {
    if (vector >= this.vectors || !this.enabled) return;
    const { pending } = this.state;
    pending[vector >>> 5] = pending[vector >>> 5]! | (1 << (vector & 31));
    this.sendPending();
  }

  private control(): number {
    return this.config?.u16(this.at + CONTROL) ?? 0;
  }

  private sendPending(): void {
    const { table, pending } = this.state;
    const on = (this.control() & (CONTROL_ENABLE | CONTROL_MASK_ALL)) === CONTROL_ENABLE;
    const master = ((this.config?.u16(PCI_COMMAND) ?? 0) & COMMAND_MASTER) !== 0;
    if (!on || !master) return;
    for (let vector = 0; vector < this.vectors; vector++) {
      const bit = 1 << (vector & 31);
      if ((pending[vector >>> 5]! & bit) === 0) continue;
      const entry = vector * 4;
      if ((table[entry + VECTOR_CONTROL]! & MASKED) !== 0) continue;
      pending[vector >>> 5] = pending[vector >>> 5]! & ~bit;
      const low = table[entry + ADDRESS_LOW]!;
      if (isInterruptAddress(low, table[entry + ADDRESS_HIGH]!)) this.sink.sendMsi(low, table[entry + DATA]!);
    }
  }
}
