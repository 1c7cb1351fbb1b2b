// System control port A of a PS/2, port 92h: fast A20 and fast processor reset.
// Reference: IBM PS/2 Hardware Interface Technical Reference, "System Control Port A"; PIIX3 (290550), 2.5.7.

import type { IrqLine } from '../bus/irq-line.ts';
import { defineState } from '../snapshot/define-state.ts';
import { u8 } from '../snapshot/fields.ts';
import type { ResetControl } from './capabilities.ts';
import type { Device, Region, Width } from './device.ts';

const SPEC = defineState('port92', 1, { value: u8() });
type Port92State = ReturnType<typeof SPEC.create>;

const FAST_INIT = 0x01;
const A20 = 0x02;

export interface Port92Options {
  /** One of the two inputs of the A20 gate; the other is the 8042's. */
  readonly a20: IrqLine;
  readonly reset: ResetControl;
}

export class Port92 implements Device<Port92State> {
  readonly id = 'port92';
  readonly spec = SPEC;
  readonly state = SPEC.create();
  readonly regions: readonly Region[] = [{ space: 'port', base: 0x92, length: 1, maxWidth: 1 }];
  private readonly options: Port92Options;

  constructor(options: Port92Options) {
    this.options = options;
  }

  read(_region: number, _offset: number, _width: Width): number {
    return this.state.value;
  }

  write(_region: number, _offset: number, _width: Width, value: number): void {
    const rises = (value & ~this.state.value & FAST_INIT) !== 0;
    this.state.value = value;
    this.options.a20.set((value & A20) !== 0);
    if (rises) this.options.reset.reset('processor');
  }

  reset(): void {
    SPEC.reset(this.state);
    this.options.a20.set(false);
  }

  afterRestore(): void {
    this.options.a20.set((this.state.value & A20) !== 0);
  }
}
