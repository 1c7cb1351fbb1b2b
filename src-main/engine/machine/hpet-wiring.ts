// The HPET on the board, and the switch by which it takes the interrupts of the 8254 and the RTC.

import type { IrqLine } from '../bus/irq-line.ts';
import type { DeviceContext } from '../devices/device.ts';
import { Hpet } from '../devices/hpet.ts';
import type { InterruptInputs, IsaInterrupts } from './interrupt-wiring.ts';

const PIT_IRQ = 0;
const RTC_IRQ = 8;

/** A line that can be cut; what it would carry is remembered. */
class Switch implements IrqLine {
  readonly #output: IrqLine;
  #level = false;
  #closed = true;

  constructor(output: IrqLine) {
    this.#output = output;
  }

  set(level: boolean): void {
    this.#level = level;
    if (this.#closed) this.#output.set(level);
  }

  setClosed(closed: boolean): void {
    this.#closed = closed;
    this.#output.set(closed && this.#level);
  }
}

export class HpetWiring {
  /** The interrupts of the 8254 and of the RTC. */
  readonly pit: Switch;
  readonly rtc: Switch;
  readonly #isa: IsaInterrupts;
  readonly #ioApic: InterruptInputs;

  constructor(isa: IsaInterrupts, ioApic: InterruptInputs) {
    this.#isa = isa;
    this.#ioApic = ioApic;
    this.pit = new Switch(isa.source(PIT_IRQ));
    this.rtc = new Switch(isa.source(RTC_IRQ));
  }

  create(context: DeviceContext): Hpet {
    return new Hpet(
      { ...context, irq: (pin) => this.#line(pin) },
      {
        onLegacyReplacement: (active) => {
          this.pit.setClosed(!active);
          this.rtc.setClosed(!active);
        },
      },
    );
  }

  #line(pin: string): IrqLine {
    if (pin === 'legacy0') return this.#isa.source(PIT_IRQ);
    if (pin === 'legacy1') return this.#isa.source(RTC_IRQ);
    return this.#ioApic.input(Number(pin.replace('input', '')));
  }
}
