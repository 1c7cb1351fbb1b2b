// A byte-wide debug console, by custom at port E9h: what is written goes to the host, a read tells that it
// is there. Reference: the Bochs "port E9 hack", as BIOSes and small kernels use it.

import { defineState } from '../snapshot/define-state.ts';
import type { Device, Region, Width } from './device.ts';

const SPEC = defineState('debug-console', 1, {});
type DebugConsoleState = ReturnType<typeof SPEC.create>;

const PRESENT = 0xe9;

export interface DebugConsoleOptions {
  /** Default E9h. */
  readonly base?: number;
  readonly write: (byte: number) => void;
}

export class DebugConsole implements Device<DebugConsoleState> {
  readonly id = 'debug-console';
  readonly spec = SPEC;
  readonly state = SPEC.create();
  readonly regions: readonly Region[];
  private readonly output: (byte: number) => void;

  constructor(options: DebugConsoleOptions) {
    this.regions = [{ space: 'port', base: options.base ?? PRESENT, length: 1, maxWidth: 1 }];
    this.output = options.write;
  }

  read(_region: number, _offset: number, _width: Width): number {
    return PRESENT;
  }

  write(_region: number, _offset: number, _width: Width, value: number): void {
    this.output(value);
  }

  reset(): void {}
}
