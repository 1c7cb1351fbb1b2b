// Power management of the PIIX4: ACPI PM1 and GPE0 blocks, PM timer, the APM ports B2h and B3h. The SCI is the
// pin 'sci'. Reference: Intel 82371AB (PIIX4) datasheet (290562), chapter 7; ACPI 6.5, 4.8 (fixed hardware).

import { extractBytes } from '../../base/bits.ts';
import type { Timer } from '../../base/clock.ts';
import type { Bus } from '../../bus/address-space.ts';
import type { IrqLine } from '../../bus/irq-line.ts';
import { defineState } from '../../snapshot/define-state.ts';
import { f64, u8, u16 } from '../../snapshot/fields.ts';
import type { PowerControl } from '../capabilities.ts';
import type { Device, DeviceContext, Region, Width } from '../device.ts';
import type { ConfigSpace } from '../pci/config-space.ts';
import type { PciFunction } from '../pci/pci-function.ts';

const SPEC = defineState('acpi-pm', 1, {
  pm1Status: u16(),
  pm1Enable: u16(),
  pm1Control: u16(),
  gpeStatus: u16(),
  gpeEnable: u16(),
  apmControl: u8(),
  apmStatus: u8(),
  /** Half-turns of the PM timer that TMR_STS has been told of. */
  halfTurns: f64(),
});
type AcpiPmState = ReturnType<typeof SPEC.create>;

export const PM_TIMER_HZ = 3_579_545;
const PM1_STATUS = 0x00;
const PM1_ENABLE = 0x02;
const PM1_CONTROL = 0x04;
const PM_TIMER = 0x08;
const GPE_STATUS = 0x0c;
const GPE_ENABLE = 0x0e;

const TMR_STS = 0x0001;
const PWRBTN = 0x0100;
const STATUS_BITS = 0x8d31;
const ENABLE_BITS = 0x0521;
const SCI_EN = 0x0001;
const SLP_TYP_SHIFT = 10;
const SLP_EN = 0x2000;
const CONTROL_WRITABLE = 0x1c03;
/** SLP_TYP of soft-off. */
const S5 = 0;
const TIMER_MASK = 0xff_ffff;
/** TMR_STS follows changes of the timer's top bit. */
const TIMER_HALF = 0x80_0000;
const TICK_NS = 1e9 / PM_TIMER_HZ;

const PMBASE = 0x40;
const DEVACTB = 0x58;
const APMC_EN = 0x0200_0000;
const PMREGMISC = 0x80;
const PM_BLOCK_BYTES = 0x40;
const PM_REGION = 0;

/** Values for port B2h that firmware's SMI handler would obey. */
export const ACPI_ENABLE_COMMAND = 0xf1;
export const ACPI_DISABLE_COMMAND = 0xf0;

export interface AcpiPmOptions {
  readonly slot: number;
  readonly function: number;
  readonly power: PowerControl;
  readonly ports: Pick<Bus, 'move'>;
  /** I/O base that a machine without firmware starts with; omitted: unmapped until PMBASE is written. */
  readonly initialBase?: number;
  /** ACPI mode (SCI_EN) from reset on, for machines whose FADT names no SMI command port. */
  readonly acpiAtReset?: boolean;
}

export class AcpiPm implements Device<AcpiPmState> {
  readonly id = 'acpi-pm';
  readonly spec = SPEC;
  readonly state = SPEC.create();
  readonly regions: readonly Region[];
  readonly pci: PciFunction;
  private readonly context: DeviceContext;
  private readonly options: AcpiPmOptions;
  private readonly sci: IrqLine;
  private readonly overflow: Timer;

  constructor(context: DeviceContext, options: AcpiPmOptions) {
    this.context = context;
    this.options = options;
    this.sci = context.irq('sci');
    this.overflow = context.clock.timer(() => this.onOverflow());
    const base = options.initialBase;
    this.regions = [
      { space: 'port', base: base ?? 0, length: PM_BLOCK_BYTES, unmapped: base === undefined },
      { space: 'port', base: 0xb2, length: 2, maxWidth: 1 },
    ];
    this.pci = this.describe(options);
    this.state.pm1Control = this.initialControl();
  }

  /** The user pressed the power button. */
  pressPowerButton(): void {
    this.state.pm1Status |= PWRBTN;
    this.update();
  }

  /** Sets bits of GPE0_STS, for hot plug and the like. */
  raiseEvent(mask: number): void {
    this.state.gpeStatus |= mask & 0xffff;
    this.update();
  }

  read(region: number, offset: number, width: Width): number {
    const s = this.state;
    if (region !== PM_REGION) return offset === 0 ? s.apmControl : s.apmStatus;
    if (offset === PM_TIMER && width === 4) return this.timerValue();
    return extractBytes(this.readWord(offset & ~3), offset, width);
  }

  write(region: number, offset: number, width: Width, value: number): void {
    if (region !== PM_REGION) this.writeApm(offset, value);
    else if (width === 4) {
      this.writeHalf(offset, 0xffff, value & 0xffff);
      this.writeHalf(offset + 2, 0xffff, value >>> 16);
    } else if (width === 2) this.writeHalf(offset, 0xffff, value);
    else this.writeHalf(offset & ~1, offset & 1 ? 0xff00 : 0x00ff, offset & 1 ? value << 8 : value);
  }

  reset(): void {
    SPEC.reset(this.state);
    this.state.pm1Control = this.initialControl();
    this.state.halfTurns = Math.floor(this.ticks() / TIMER_HALF);
    this.afterRestore();
  }

  afterRestore(): void {
    this.armOverflow();
    this.update();
  }

  private describe(options: AcpiPmOptions): PciFunction {
    const enabled = options.initialBase === undefined ? 0 : 1;
    return {
      slot: options.slot,
      function: options.function,
      vendorId: 0x8086,
      deviceId: 0x7113,
      revision: 3,
      classCode: 0x068000,
      registers: [
        { offset: PMBASE, width: 4, value: (options.initialBase ?? 0) | 1, writable: 0xffc0 },
        { offset: PMREGMISC, width: 1, value: enabled, writable: 1 },
        // There is no SMM: firmware that would set it up takes it as done when writes to B2h are enabled already.
        { offset: DEVACTB, width: 4, value: APMC_EN, writable: 0xffff_ffff },
      ],
      configure: (config) => this.place(config),
    };
  }

  private place(config: ConfigSpace): void {
    const base = config.u32(PMBASE) & 0xffc0;
    const mapped = (config.u8(PMREGMISC) & 1) !== 0 && base !== 0;
    this.options.ports.move(this, PM_REGION, mapped ? base : undefined);
  }

  private initialControl(): number {
    return this.options.acpiAtReset ? SCI_EN : 0;
  }

  private readWord(offset: number): number {
    const s = this.state;
    switch (offset) {
      case PM1_STATUS:
        this.trackTimer();
        return (s.pm1Status | (s.pm1Enable << 16)) >>> 0;
      case PM1_CONTROL:
        return s.pm1Control;
      case PM_TIMER:
        return this.timerValue();
      case GPE_STATUS:
        return (s.gpeStatus | (s.gpeEnable << 16)) >>> 0;
      default:
        return 0;
    }
  }

  /** Writes the bytes that `mask` selects of one 16-bit register. */
  private writeHalf(offset: number, mask: number, value: number): void {
    const s = this.state;
    const bits = value & mask;
    switch (offset) {
      case PM1_STATUS:
        this.trackTimer();
        s.pm1Status &= ~(bits & STATUS_BITS);
        break;
      case PM1_ENABLE:
        s.pm1Enable = ((s.pm1Enable & ~mask) | bits) & ENABLE_BITS;
        this.armOverflow();
        break;
      case PM1_CONTROL:
        s.pm1Control = ((s.pm1Control & ~mask) | bits) & (CONTROL_WRITABLE | SCI_EN);
        if (this.options.acpiAtReset) s.pm1Control |= SCI_EN;
        if (bits & SLP_EN) this.sleep();
        break;
      case GPE_STATUS:
        s.gpeStatus &= ~bits;
        break;
      case GPE_ENABLE:
        s.gpeEnable = (s.gpeEnable & ~mask) | bits;
        break;
    }
    this.update();
  }

  private writeApm(offset: number, value: number): void {
    const s = this.state;
    if (offset === 1) {
      s.apmStatus = value;
      return;
    }
    s.apmControl = value;
    if (value === ACPI_ENABLE_COMMAND) s.pm1Control |= SCI_EN;
    else if (value === ACPI_DISABLE_COMMAND) s.pm1Control &= ~SCI_EN;
    this.update();
  }

  private sleep(): void {
    if (((this.state.pm1Control >>> SLP_TYP_SHIFT) & 7) === S5) this.options.power.powerOff();
  }

  private ticks(): number {
    return Math.floor(this.context.clock.nowNs() / TICK_NS + 1e-4);
  }

  private timerValue(): number {
    return this.ticks() & TIMER_MASK;
  }

  private trackTimer(): void {
    const halfTurns = Math.floor(this.ticks() / TIMER_HALF);
    if (halfTurns !== this.state.halfTurns) this.state.pm1Status |= TMR_STS;
    this.state.halfTurns = halfTurns;
  }

  /** Only an enabled timer interrupt needs waking for. */
  private armOverflow(): void {
    if (this.state.pm1Enable & TMR_STS) this.overflow.arm((this.state.halfTurns + 1) * TIMER_HALF * TICK_NS);
    else this.overflow.cancel();
  }

  private onOverflow(): void {
    this.trackTimer();
    this.armOverflow();
    this.update();
  }

  private active(): boolean {
    const s = this.state;
    if ((s.pm1Control & SCI_EN) === 0) return false;
    return (s.pm1Status & s.pm1Enable) !== 0 || (s.gpeStatus & s.gpeEnable) !== 0;
  }

  private update(): void {
    this.sci.set(this.active());
  }
}
