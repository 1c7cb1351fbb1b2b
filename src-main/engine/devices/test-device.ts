// pc-testdev: what test kernels for PCs use beside isa-debug-exit. A latch that reads back what was written, interrupt
// lines that a write raises and lowers, and a window of memory that is reached as a device is. QEMU has one of the name.
// Ports E0h: the latch; E4h: "flush a page", of no effect here; E8h: a second latch, by bytes; 2000h + n: line n.

import type { IrqLine } from '../bus/irq-line.ts';
import { defineState } from '../snapshot/define-state.ts';
import { bytes, u32 } from '../snapshot/fields.ts';
import type { Device, DeviceContext, Region, Width } from './device.ts';

const LATCH_BYTES = 4;
const LINES = 16;
const WINDOW = 0xff00_0000;
const WINDOW_BYTES = 0x1_0000;

/** Regions; the one between, of E4h, keeps nothing. */
const LATCH = 0;
const BYTE_LATCH = 2;
const LINE = 3;
const MEMORY = 4;

const SPEC = defineState('test-device', 1, {
  latch: bytes(LATCH_BYTES),
  byteLatch: bytes(LATCH_BYTES),
  /** Bit n: line n is asserted. */
  lines: u32(),
  memory: bytes(WINDOW_BYTES),
});
type TestDeviceState = ReturnType<typeof SPEC.create>;

export class TestDevice implements Device<TestDeviceState> {
  readonly id = 'test-device';
  readonly spec = SPEC;
  readonly state = SPEC.create();
  readonly regions: readonly Region[] = [
    { space: 'port', base: 0xe0, length: LATCH_BYTES },
    { space: 'port', base: 0xe4, length: LATCH_BYTES },
    { space: 'port', base: 0xe8, length: LATCH_BYTES, maxWidth: 1 },
    { space: 'port', base: 0x2000, length: LINES, maxWidth: 1 },
    { space: 'memory', base: WINDOW, length: WINDOW_BYTES },
  ];
  readonly #lines: readonly IrqLine[];

  constructor(context: DeviceContext) {
    this.#lines = Array.from({ length: LINES }, (_, line) => context.irq(`irq${line}`));
  }

  read(region: number, offset: number, width: Width): number {
    if (region === LINE) return (this.state.lines >>> offset) & 1;
    const store = this.#store(region);
    if (store === undefined) return 0;
    let value = 0;
    for (let i = width - 1; i >= 0; i--) value = value * 0x100 + (store[offset + i] ?? 0);
    return value;
  }

  write(region: number, offset: number, width: Width, value: number): void {
    if (region === LINE) {
      const bit = 1 << offset;
      this.state.lines = ((this.state.lines & ~bit) | (value & 1 ? bit : 0)) >>> 0;
      this.#drive();
      return;
    }
    const store = this.#store(region);
    for (let i = 0; i < width && store !== undefined; i++) store[offset + i] = (value >>> (8 * i)) & 0xff;
  }

  reset(): void {
    SPEC.reset(this.state);
    this.#drive();
  }

  afterRestore(): void {
    this.#drive();
  }

  #store(region: number): Uint8Array | undefined {
    if (region === LATCH) return this.state.latch;
    if (region === BYTE_LATCH) return this.state.byteLatch;
    return region === MEMORY ? this.state.memory : undefined;
  }

  #drive(): void {
    for (const [line, target] of this.#lines.entries()) target.set(((this.state.lines >>> line) & 1) !== 0);
  }
}
