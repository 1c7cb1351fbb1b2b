// The 82093AA I/O APIC with its 24 inputs. Lines carry assertion, not voltage, so the polarity bits are
// storage only. Reference: Intel 82093AA datasheet (290566), section 3 (registers), 3.2.4 (redirection).

import { extractBytes } from '../../base/bits.ts';
import type { IrqLine } from '../../bus/irq-line.ts';
import { defineState } from '../../snapshot/define-state.ts';
import { u8, u32, u32s } from '../../snapshot/fields.ts';
import type { Device, DeviceContext, Region, Width } from '../device.ts';
import type { ApicBus, EoiListener } from '../lapic/apic-bus.ts';

export const IO_APIC_PINS = 24;

const SPEC = defineState('ioapic', 1, {
  select: u8(),
  id: u8(),
  /** Redirection table, low and high words. */
  low: u32s(IO_APIC_PINS, 0x1_0000),
  high: u32s(IO_APIC_PINS),
  /** Levels of the inputs. */
  lines: u32(),
});
type IoApicState = ReturnType<typeof SPEC.create>;

const IOREGSEL = 0x00;
const IOWIN = 0x10;
const IOAPICID = 0x00;
const IOAPICVER = 0x01;
const IOAPICARB = 0x02;
const IOREDTBL = 0x10;
const VERSION = 0x11 | ((IO_APIC_PINS - 1) << 16);

const LOGICAL = 0x800;
const REMOTE_IRR = 0x4000;
const LEVEL = 0x8000;
const MASKED = 0x1_0000;
/** Delivery status and remote IRR are read-only. */
const LOW_WRITABLE = 0x1_afff;

export interface IoApicOptions {
  readonly bus: ApicBus;
  readonly apicId: number;
}

export class IoApic implements Device<IoApicState>, EoiListener {
  readonly id = 'ioapic';
  readonly spec = SPEC;
  readonly state = SPEC.create();
  readonly regions: readonly Region[] = [{ space: 'memory', base: 0xfec0_0000, length: 0x1000 }];
  private readonly options: IoApicOptions;

  constructor(_context: DeviceContext, options: IoApicOptions) {
    this.options = options;
    this.state.id = options.apicId;
    options.bus.attachIoApic(this);
  }

  input(pin: number): IrqLine {
    return { set: (level) => this.setLine(pin, level) };
  }

  read(_region: number, offset: number, width: Width): number {
    const register = offset & 0x1c;
    const value = register === IOREGSEL ? this.state.select : register === IOWIN ? this.readWindow() : 0;
    return width === 4 ? value : extractBytes(value, offset, width);
  }

  write(_region: number, offset: number, width: Width, value: number): void {
    if (offset === IOREGSEL) this.state.select = value & 0xff;
    else if (offset === IOWIN && width === 4) this.writeWindow(value);
  }

  /** The last processor has ended `vector`: level inputs that sent it may send again. */
  endOfInterrupt(vector: number): void {
    const { low } = this.state;
    for (let pin = 0; pin < IO_APIC_PINS; pin++) {
      const entry = low[pin]!;
      if ((entry & 0xff) !== vector || (entry & (LEVEL | REMOTE_IRR)) !== (LEVEL | REMOTE_IRR)) continue;
      low[pin] = entry & ~REMOTE_IRR;
      this.serveLevel(pin);
    }
  }

  reset(): void {
    SPEC.reset(this.state);
    this.state.id = this.options.apicId;
  }

  private setLine(pin: number, level: boolean): void {
    const s = this.state;
    const mask = 1 << pin;
    const rises = level && (s.lines & mask) === 0;
    s.lines = level ? s.lines | mask : s.lines & ~mask;
    if (!rises) return;
    const entry = s.low[pin]!;
    if (entry & LEVEL) this.serveLevel(pin);
    // An edge on a masked input is lost.
    else if ((entry & MASKED) === 0) this.send(pin, entry);
  }

  private serveLevel(pin: number): void {
    const { low, lines } = this.state;
    const entry = low[pin]!;
    if ((entry & (LEVEL | MASKED | REMOTE_IRR)) !== LEVEL || ((lines >>> pin) & 1) === 0) return;
    low[pin] = entry | REMOTE_IRR;
    this.send(pin, entry);
  }

  private send(pin: number, entry: number): void {
    const destination = this.state.high[pin]! >>> 24;
    this.options.bus.send(
      (entry >>> 8) & 7,
      entry & 0xff,
      (entry & LEVEL) !== 0,
      destination,
      (entry & LOGICAL) !== 0,
    );
  }

  private readWindow(): number {
    const s = this.state;
    if (s.select === IOAPICID || s.select === IOAPICARB) return (s.id << 24) >>> 0;
    if (s.select === IOAPICVER) return VERSION;
    const index = s.select - IOREDTBL;
    if (index < 0 || index >= 2 * IO_APIC_PINS) return 0;
    return (index & 1 ? s.high : s.low)[index >>> 1]!;
  }

  private writeWindow(value: number): void {
    const s = this.state;
    const index = s.select - IOREDTBL;
    if (s.select === IOAPICID) s.id = (value >>> 24) & 0x0f;
    if (index < 0 || index >= 2 * IO_APIC_PINS) return;
    const pin = index >>> 1;
    if (index & 1) {
      s.high[pin] = value & 0xff00_0000;
      return;
    }
    // Changing to edge-triggered clears remote IRR, which old drivers use as an EOI.
    const kept = value & LEVEL ? s.low[pin]! & REMOTE_IRR : 0;
    s.low[pin] = (value & LOW_WRITABLE) | kept;
    this.serveLevel(pin);
  }
}
