// The far end of a serial cable: collects what the guest sends and keeps what it is to receive until its UART
// takes it. A UART has 16 bytes of memory and drivers clear them while they set it up; so the first byte waits
// until the guest is seen to listen, and input given before the guest has started is not lost.

import type { Clock, Timer } from '../base/clock.ts';
import type { SerialPeer } from '../devices/uart16550/uart16550.ts';
import { defineState } from '../snapshot/define-state.ts';
import { blob, bool, f64, u32 } from '../snapshot/fields.ts';
import { OutputBuffer } from './output-buffer.ts';
import { armAgain, type SavedPart, savedPart } from './saved-part.ts';

export interface SerialPortEvents {
  /** The first byte to send on has come. */
  output(): void;
  /** The last byte of input has been taken. */
  drained(): void;
  /** Whether the guest has the receive interrupt on. */
  receiveInterruptEnabled(): boolean;
  /** There is something to receive. */
  inputAvailable(): void;
}

const LOOK_NS = 5_000_000;
/** Drivers switch the interrupt on shortly before they clear the FIFO for the last time. */
const LOOKS_UNTIL_OPEN = 2;
/** So many looks at an empty receiver in a row, with nothing sent between, are a guest that polls for input. */
const POLLS_UNTIL_OPEN = 64;

/** More input than this does not go into a state. */
const MAX_SAVED_INPUT = 0x100_0000;

const SPEC = defineState('serial', 1, {
  open: bool(), looks: u32(), polls: u32(), input: blob(MAX_SAVED_INPUT), lookNs: f64(Number.POSITIVE_INFINITY),
});

export class SerialPort implements SerialPeer {
  readonly output: OutputBuffer;
  readonly #clock: Clock;
  readonly #events: SerialPortEvents;
  readonly #timer: Timer;
  readonly #input: Uint8Array[] = [];
  #inputAt = 0;
  #open = false;
  #looks = 0;
  #polls = 0;

  constructor(clock: Clock, events: SerialPortEvents) {
    this.output = new OutputBuffer(() => events.output());
    this.#clock = clock;
    this.#events = events;
    this.#timer = clock.timer(() => this.#look());
  }

  transmit(byte: number): void {
    this.#polls = 0;
    this.output.push(byte);
  }

  receive(): number {
    const chunk = this.#input[0];
    if (chunk === undefined) return -1;
    if (!this.#open && ++this.#polls < POLLS_UNTIL_OPEN) return -1;
    this.#open = true;
    const byte = chunk[this.#inputAt++] ?? 0;
    if (this.#inputAt === chunk.length) {
      this.#input.shift();
      this.#inputAt = 0;
      if (this.#input.length === 0) this.#events.drained();
    }
    return byte;
  }

  /** Queues input for the guest. */
  send(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#input.push(bytes);
    if (this.#open) this.#events.inputAvailable();
    else this.#timer.arm(this.#clock.nowNs() + LOOK_NS);
  }

  /** The guest starts anew: input still waiting waits for the next listener. */
  reset(): void {
    this.#open = false;
    this.#looks = 0;
    this.#polls = 0;
    if (this.#input.length > 0) this.#timer.arm(this.#clock.nowNs() + LOOK_NS);
  }

  section(id: string): SavedPart {
    return savedPart(SPEC, () => ({
      open: this.#open, looks: this.#looks, polls: this.#polls, input: this.#waiting(), lookNs: this.#timer.deadlineNs ?? Number.POSITIVE_INFINITY,
    }), ({ open, looks, polls, input, lookNs }) => {
      this.#open = open;
      this.#looks = looks;
      this.#polls = polls;
      this.#input.splice(0, this.#input.length, ...(input.length === 0 ? [] : [input]));
      this.#inputAt = 0;
      armAgain(this.#timer, lookNs);
    }, id);
  }

  #waiting(): Uint8Array {
    const bytes = this.#input.flatMap((chunk, n) => [...(n === 0 ? chunk.subarray(this.#inputAt) : chunk)]);
    return Uint8Array.from(bytes.slice(0, MAX_SAVED_INPUT));
  }

  #look(): void {
    this.#looks = this.#events.receiveInterruptEnabled() ? this.#looks + 1 : 0;
    this.#open ||= this.#looks >= LOOKS_UNTIL_OPEN;
    if (this.#open) this.#events.inputAvailable();
    else this.#timer.arm(this.#clock.nowNs() + LOOK_NS);
  }
}
