// The INTx pin of a PCI function: a level, which the function may be told not to drive.
// Reference: PCI Local Bus Specification 2.3, 6.2.2 (interrupt disable), 6.2.3 (interrupt status).

import type { IrqLine } from '../../bus/irq-line.ts';
import {
  COMMAND_INTX_DISABLE,
  type ConfigSpace,
  PCI_COMMAND,
  PCI_STATUS,
  STATUS_INTERRUPT,
} from './config-space.ts';

export class IntxPin implements IrqLine {
  private readonly line: IrqLine;
  private config: ConfigSpace | undefined;
  private level = false;

  constructor(line: IrqLine) {
    this.line = line;
  }

  set(level: boolean): void {
    this.level = level;
    this.drive();
  }

  /** The function's `configure`. */
  configure(config: ConfigSpace): void {
    this.config = config;
    this.drive();
  }

  private drive(): void {
    const { config, level } = this;
    if (config === undefined) return;
    const status = config.u16(PCI_STATUS);
    config.setU16(PCI_STATUS, level ? status | STATUS_INTERRUPT : status & ~STATUS_INTERRUPT);
    this.line.set(level && (config.u16(PCI_COMMAND) & COMMAND_INTX_DISABLE) === 0);
  }
}
