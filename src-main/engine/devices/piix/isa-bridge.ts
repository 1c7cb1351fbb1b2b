// The PIIX3 ISA bridge as a PCI function: it routes PIRQA to PIRQD to ISA interrupts, the pins 'irq3' to
// 'irq15'. Reference: Intel 82371SB (PIIX3) datasheet (290550), 2.2.9 (PIRQRC).

import { type IrqLine, WiredOr } from '../../bus/irq-line.ts';
import type { DeviceContext } from '../device.ts';
import type { ConfigSpace } from '../pci/config-space.ts';
import type { PciFunction } from '../pci/pci-function.ts';

const PIRQRC = 0x60;
const PIRQ_DISABLED = 0x80;
const PIRQS = 4;
/** Interrupts that a PIRQ may become: 3 to 7, 9 to 12, 14 and 15. */
const ROUTABLE = 0xdef8;

export interface IsaBridgeOptions {
  readonly slot: number;
  /** PIRQRC values at reset; the chip's is 80h, disabled. A machine without firmware gives ISA interrupts. */
  readonly initialRoutes?: readonly [number, number, number, number];
}

export class IsaBridge {
  readonly pci: PciFunction;
  private readonly outputs: readonly IrqLine[];
  private readonly inputs: readonly WiredOr[];
  private readonly levels: boolean[] = [false, false, false, false];
  /** ISA interrupt of each PIRQ, or -1. */
  private readonly routes: number[] = [-1, -1, -1, -1];

  constructor(context: DeviceContext, options: IsaBridgeOptions) {
    this.outputs = Array.from({ length: 16 }, (_, irq) => context.irq(`irq${irq}`));
    this.inputs = this.levels.map((_, n) => new WiredOr({ set: (level) => this.setLevel(n, level) }));
    const routes = options.initialRoutes ?? [PIRQ_DISABLED, PIRQ_DISABLED, PIRQ_DISABLED, PIRQ_DISABLED];
    this.pci = {
      slot: options.slot,
      function: 0,
      vendorId: 0x8086,
      deviceId: 0x7000,
      classCode: 0x060100,
      registers: [
        { offset: 0x4c, width: 1, value: 0x4d, writable: 0xff }, // ISA I/O recovery
        { offset: 0x4e, width: 2, value: 0x0003, writable: 0x01ff }, // X-bus chip select
        ...routes.map((value, n) => ({ offset: PIRQRC + n, width: 1 as const, value, writable: 0x8f })),
        { offset: 0x69, width: 1, value: 0x02, writable: 0xfe }, // top of memory
        { offset: 0x82, width: 1, writable: 0x0f }, // deterministic latency
      ],
      configure: (config) => this.route(config),
    };
  }

  /** A new source on PIRQ 0 (A) to 3 (D); any number may share it. */
  pirq(n: number): IrqLine {
    return this.inputs[n & (PIRQS - 1)]!.source();
  }

  private setLevel(n: number, level: boolean): void {
    this.levels[n] = level;
    if (this.routes[n]! >= 0) this.drive(this.routes[n]!);
  }

  private route(config: ConfigSpace): void {
    for (let n = 0; n < PIRQS; n++) {
      const register = config.u8(PIRQRC + n);
      const irq = register & 15;
      const route = (register & PIRQ_DISABLED) === 0 && (ROUTABLE >>> irq) & 1 ? irq : -1;
      const old = this.routes[n]!;
      if (route === old) continue;
      this.routes[n] = route;
      if (old >= 0) this.drive(old);
      if (route >= 0) this.drive(route);
    }
  }

  /** An ISA interrupt is asserted while any PIRQ routed to it is. */
  private drive(irq: number): void {
    this.outputs[irq]!.set(this.routes.some((route, n) => route === irq && this.levels[n]!));
  }
}
