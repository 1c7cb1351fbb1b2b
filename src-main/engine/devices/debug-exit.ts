// QEMU's isa-debug-exit: a write ends the machine with exit status value * 2 + 1, for tests that run inside
// the guest. Reference: QEMU documentation, device isa-debug-exit (iobase, iosize).

import { defineState } from '../snapshot/define-state.ts';
import type { Device, Region, Width } from './device.ts';

const SPEC = defineState('debug-exit', 1, {});
type DebugExitState = ReturnType<typeof SPEC.create>;

export interface DebugExitOptions {
  /** Default 501h. */
  readonly base?: number;
  /** Length in ports: 1, 2 or 4 by custom; default 2. */
  readonly bytes?: number;
  /** The machine ends with this status when the present instruction has ended. */
  readonly exit: (status: number) => void;
}

export class DebugExit implements Device<DebugExitState> {
  readonly id = 'debug-exit';
  readonly spec = SPEC;
  readonly state = SPEC.create();
  readonly regions: readonly Region[];
  private readonly exit: (status: number) => void;

  constructor(options: DebugExitOptions) {
    this.regions = [{ space: 'port', base: options.base ?? 0x501, length: options.bytes ?? 2 }];
    this.exit = options.exit;
  }

  read(_region: number, _offset: number, _width: Width): number {
    return 0;
  }

  write(_region: number, _offset: number, _width: Width, value: number): void {
    this.exit((value * 2 + 1) % 2 ** 32);
  }

  reset(): void {}
}
