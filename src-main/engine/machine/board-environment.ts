// The CPU's side of the board: its port, memory and interrupt cycles, handed on to whoever answers them.

import type { Clock } from '../base/clock.ts';
import type { CpuEnvironment } from '../x86/helpers/cpu-context.ts';
import type { Pc } from './pc.ts';

/** Made before the board, since the CPU is; connected once both exist. */
export class BoardEnvironment implements CpuEnvironment {
  readonly apicId = 0;
  /** Accesses to MSRs that the model does not have. */
  unknownMsrs = 0;
  #board!: Pc;
  #clock!: Clock;

  connect(board: Pc, clock: Clock): void {
    this.#board = board;
    this.#clock = clock;
  }

  acknowledgeInterrupt(): number {
    return this.#board.interrupts.acknowledge();
  }

  portRead(port: number, width: 1 | 2 | 4): number {
    return this.#board.ports.read(port, width);
  }

  portWrite(port: number, width: 1 | 2 | 4, value: number): void {
    this.#board.ports.write(port, width, value);
  }

  memoryRead(address: number, width: 1 | 2 | 4): number {
    return this.#board.memory.read(address, width);
  }

  memoryWrite(address: number, width: 1 | 2 | 4, value: number): void {
    this.#board.memory.write(address, width, value);
  }

  nowNs(): number {
    return this.#clock.nowNs();
  }

  apicBaseWritten(low: number, high: number): void {
    this.#board.apicBaseWritten(low, high);
  }

  readTaskPriority(): number {
    return this.#board.readTaskPriority();
  }

  writeTaskPriority(value: number): void {
    this.#board.writeTaskPriority(value);
  }

  floatError(): void {
    this.#board.floatError();
  }

  firmwareCall(offset: number): 'none' | 'done' | 'fault' {
    return this.#board.firmwareCall(offset);
  }

  unknownMsr(): void {
    this.unknownMsrs += 1;
  }
}
