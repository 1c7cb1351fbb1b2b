// The two cascaded 8259A of a PC with their edge/level registers: ports 20h, A0h and 4D0h. The INTR output
// is the pin 'intr'. Reference: Intel 8259A datasheet; PIIX3 (290550), sections 2.5.4 and 2.5.6 (ELCR).

import type { IrqLine } from '../../bus/irq-line.ts';
import { defineState } from '../../snapshot/define-state.ts';
import type { Device, DeviceContext, Region, Width } from '../device.ts';
import { CHIP, Pic8259 } from './pic8259.ts';

const SPEC = defineState('pic', 1, { master: CHIP, slave: CHIP });
type PicState = ReturnType<typeof SPEC.create>;

const CASCADE_IRQ = 2;
const ELCR_REGION = 2;
/** IRQ 0, 1, 2, 8 and 13 are edge-triggered on every PC. */
const ELCR_MASTER_MASK = 0xf8;
const ELCR_SLAVE_MASK = 0xde;

export class Pic implements Device<PicState> {
  readonly id = 'pic';
  readonly spec = SPEC;
  readonly state = SPEC.create();
  readonly regions: readonly Region[] = [
    { space: 'port', base: 0x20, length: 2, maxWidth: 1 },
    { space: 'port', base: 0xa0, length: 2, maxWidth: 1 },
    { space: 'port', base: 0x4d0, length: 2, maxWidth: 1 },
  ];
  private readonly master = new Pic8259(this.state.master, 1 << CASCADE_IRQ);
  private readonly slave = new Pic8259(this.state.slave, 0);
  private readonly intr: IrqLine;
  private output = false;

  constructor(context: DeviceContext) {
    this.intr = context.irq('intr');
  }

  /** Input IRQ 0 to 15; 2 is taken by the cascade and ignored. */
  input(irq: number): IrqLine {
    const chip = irq < 8 ? this.master : this.slave;
    return {
      set: (level) => {
        if (irq === CASCADE_IRQ) return;
        chip.setLine(irq & 7, level);
        this.update();
      },
    };
  }

  pending(): boolean {
    return this.output;
  }

  /** The INTA cycles of the processor: the vector. Without a request left, IR7 is reported (spurious). */
  acknowledge(): number {
    const irq = this.master.request();
    let vector = this.state.master.vectorBase + (irq < 0 ? 7 : irq);
    if (irq === CASCADE_IRQ) {
      const slaveIrq = this.slave.request();
      vector = this.state.slave.vectorBase + (slaveIrq < 0 ? 7 : slaveIrq);
      if (slaveIrq >= 0) this.slave.acknowledge(slaveIrq);
    }
    if (irq >= 0) this.master.acknowledge(irq);
    this.update();
    return vector;
  }

  read(region: number, offset: number, _width: Width): number {
    if (region === ELCR_REGION) return offset === 0 ? this.state.master.elcr : this.state.slave.elcr;
    const chip = region === 0 ? this.master : this.slave;
    if (chip.state.poll) return this.poll(chip);
    return offset === 0 ? chip.readCommand() : chip.state.imr;
  }

  write(region: number, offset: number, _width: Width, value: number): void {
    if (region === ELCR_REGION) {
      if (offset === 0) this.state.master.elcr = value & ELCR_MASTER_MASK;
      else this.state.slave.elcr = value & ELCR_SLAVE_MASK;
    } else {
      const chip = region === 0 ? this.master : this.slave;
      if (offset === 0) chip.writeCommand(value);
      else chip.writeData(value);
    }
    this.update();
  }

  reset(): void {
    SPEC.reset(this.state);
    this.update();
  }

  afterRestore(): void {
    this.output = this.master.request() >= 0;
    this.intr.set(this.output);
  }

  /** The read after a poll command stands for INTA: bit 7 tells of a request, bits 2 to 0 which. */
  private poll(chip: Pic8259): number {
    chip.state.poll = false;
    const irq = chip.request();
    if (irq >= 0) chip.acknowledge(irq);
    this.update();
    return irq < 0 ? 0 : 0x80 | irq;
  }

  private update(): void {
    this.master.setLine(CASCADE_IRQ, this.slave.request() >= 0);
    const output = this.master.request() >= 0;
    if (output === this.output) return;
    this.output = output;
    this.intr.set(output);
  }
}
