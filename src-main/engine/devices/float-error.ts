// The path of x87 errors in a PC/AT: FERR# raises IRQ 13 (the pin 'irq') until port F0h is written.
// Reference: IBM PC/AT Technical Reference, "Math Coprocessor Control"; PIIX3 (290550), 2.5.10.

import type { IrqLine } from '../bus/irq-line.ts';
import { defineState } from '../snapshot/define-state.ts';
import { bool } from '../snapshot/fields.ts';
import type { Device, DeviceContext, Region, Width } from './device.ts';

const SPEC = defineState('float-error', 1, { latched: bool() });
type FloatErrorState = ReturnType<typeof SPEC.create>;

export class FloatError implements Device<FloatErrorState> {
  readonly id = 'float-error';
  readonly spec = SPEC;
  readonly state = SPEC.create();
  readonly regions: readonly Region[] = [{ space: 'port', base: 0xf0, length: 2, maxWidth: 1 }];
  private readonly irq: IrqLine;

  constructor(context: DeviceContext) {
    this.irq = context.irq('irq');
  }

  /** FERR# was asserted (an unmasked x87 exception with CR0.NE clear). */
  raise(): void {
    this.state.latched = true;
    this.irq.set(true);
  }

  read(_region: number, _offset: number, _width: Width): number {
    return 0xff;
  }

  /** F0h clears the busy latch, F1h resets the coprocessor; both end the request. */
  write(_region: number, _offset: number, _width: Width, _value: number): void {
    this.state.latched = false;
    this.irq.set(false);
  }

  reset(): void {
    SPEC.reset(this.state);
    this.irq.set(false);
  }

  afterRestore(): void {
    this.irq.set(this.state.latched);
  }
}
