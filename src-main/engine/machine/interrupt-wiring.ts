// Which pin of which device drives which interrupt input, as data, and the lines made from it.
// Reference: IBM PC/AT technical reference (interrupt assignment); MultiProcessor Specification 1.4, 3.6.2.2.

import { fanOut, type IrqLine, UNCONNECTED, WiredOr } from '../bus/irq-line.ts';
import { COM_PORTS, SCI_IRQ } from '../firmware/platform.ts';

/** Device, pin, ISA interrupt. */
export const ISA_WIRING: readonly (readonly [device: string, pin: string, irq: number])[] = [
  ['pit', 'irq', 0],
  ['ps2', 'keyboard', 1],
  ['ps2', 'mouse', 12],
  ['cmos', 'irq', 8],
  ['acpi-pm', 'sci', SCI_IRQ],
  ['floppy', 'irq', 6],
  ['ide', 'primary', 14],
  ['ide', 'secondary', 15],
  ['float-error', 'irq', 13],
  ...COM_PORTS.map(({ irq }, index) => [`uart${index}`, 'irq', irq] as const),
];

const ISA_IRQS = 16;

/** Inputs of an interrupt controller by number. */
export interface InterruptInputs {
  input(number: number): IrqLine;
}

/** The sixteen ISA interrupts, each open to several sources and leading to both controllers. */
export class IsaInterrupts {
  readonly #lines: readonly WiredOr[];

  constructor(pic: InterruptInputs, ioApic: InterruptInputs | undefined) {
    this.#lines = Array.from({ length: ISA_IRQS }, (_, irq) => {
      const inputs = [pic.input(irq)];
      // The timer stands on input 2 of the I/O APIC, where the PIC has its cascade.
      if (ioApic !== undefined && irq !== 2) inputs.push(ioApic.input(irq === 0 ? 2 : irq));
      return new WiredOr(fanOut(...inputs));
    });
  }

  /** A new source of an interrupt. */
  source(irq: number): IrqLine {
    return this.#lines[irq]?.source() ?? UNCONNECTED;
  }

  /** The line a device's pin is wired to. */
  pin(device: string, pin: string): IrqLine {
    // The ISA bridge has an output for each interrupt that a PCI interrupt can become, the test device for all.
    const bridged = device === 'isa-bridge' || device === 'test-device' ? /^irq(\d+)$/.exec(pin)?.[1] : undefined;
    if (bridged !== undefined) return this.source(Number(bridged));
    const wire = ISA_WIRING.find(([id, name]) => id === device && name === pin);
    return wire === undefined ? UNCONNECTED : this.source(wire[2]);
  }
}
