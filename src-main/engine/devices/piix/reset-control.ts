// The reset control register of the PIIX3, port CF9h. It lies inside the PCI address port and answers byte
// accesses there. Reference: Intel 82371SB (PIIX3) datasheet (290550), 2.5.9 (RC).

import { defineState } from '../../snapshot/define-state.ts';
import { u8 } from '../../snapshot/fields.ts';
import type { ResetControl } from '../capabilities.ts';
import type { Device, Region, Width } from '../device.ts';

const SPEC = defineState('reset-control', 1, { value: u8() });
type ResetControlState = ReturnType<typeof SPEC.create>;

const SYSTEM_RESET = 0x02;
const RESET_CPU = 0x04;

export class ResetControlPort implements Device<ResetControlState> {
  readonly id = 'reset-control';
  readonly spec = SPEC;
  readonly state = SPEC.create();
  readonly regions: readonly Region[] = [{ space: 'port', base: 0xcf9, length: 1, maxWidth: 1, priority: 1 }];
  private readonly control: ResetControl;

  constructor(options: { readonly reset: ResetControl }) {
    this.control = options.reset;
  }

  read(_region: number, _offset: number, _width: Width): number {
    return this.state.value;
  }

  /** A reset begins when RCPU goes from 0 to 1; SRST says how much is reset. */
  write(_region: number, _offset: number, _width: Width, value: number): void {
    const begins = (value & ~this.state.value & RESET_CPU) !== 0;
    this.state.value = value & (SYSTEM_RESET | RESET_CPU);
    if (begins) this.control.reset(value & SYSTEM_RESET ? 'system' : 'processor');
  }

  reset(): void {
    SPEC.reset(this.state);
  }
}
