// The two optional devices of test guests: a write-only console at port E9h, and a port that ends the machine.
// Reference: Bochs' port E9 hack; QEMU's isa-debug-exit.

import type { Device, Region, Width } from '../devices/device.ts';
import { defineState } from '../snapshot/define-state.ts';
import { OutputBuffer } from './output-buffer.ts';

const NO_STATE = defineState('stateless', 1, {});
type Stateless = ReturnType<typeof NO_STATE.create>;

const DEBUG_PORT = 0xe9;

export class DebugConsole implements Device<Stateless> {
  readonly id = 'debugcon';
  readonly spec = NO_STATE;
  readonly state = NO_STATE.create();
  readonly regions: readonly Region[] = [{ space: 'port', base: DEBUG_PORT, length: 1, maxWidth: 1 }];
  readonly output: OutputBuffer;

  constructor(onOutput: () => void) {
    this.output = new OutputBuffer(onOutput);
  }

  /** Reads its own port number, by which guests know that it is there. */
  read(): number {
    return DEBUG_PORT;
  }

  write(_region: number, _offset: number, _width: Width, value: number): void {
    this.output.push(value);
  }

  reset(): void {}
}

export class DebugExit implements Device<Stateless> {
  readonly id = 'debug-exit';
  readonly spec = NO_STATE;
  readonly state = NO_STATE.create();
  readonly regions: readonly Region[];
  readonly #exit: (value: number) => void;

  constructor(place: { readonly base: number; readonly length: number }, exit: (value: number) => void) {
    this.regions = [{ space: 'port', ...place }];
    this.#exit = exit;
  }

  read(): number {
    return 0;
  }

  write(_region: number, _offset: number, _width: Width, value: number): void {
    this.#exit(value);
  }

  reset(): void {}
}
