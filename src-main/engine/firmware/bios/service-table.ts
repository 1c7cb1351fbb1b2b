// Service instructions and what is behind them. A service instruction is UD2 at a place that is known from assembling a
// ROM; fetched from anywhere else, or with other bytes there, it is the #UD that it is on every processor.
// Not here: how #UD comes here (`CpuEnvironment.firmwareCall`).

import type { Dma } from '../../bus/dma.ts';
import type { CpuContext } from '../../x86/helpers/cpu-context.ts';
import { BiosCall, type FlagsPlace, GuestFault } from './call.ts';
import type { Outcome } from './outcome.ts';
import { EXIT_DONE, EXIT_HALT, EXIT_SPIN } from './rom/assembler.ts';
import type { RomImage } from './rom/system-rom.ts';

const UD2 = [0x0f, 0x0b] as const;

/** What the run loop is to do about a #UD. */
export type FirmwareAnswer = 'none' | 'done' | 'fault';

export interface Service {
  readonly flags: FlagsPlace;
  run(call: BiosCall): Outcome;
}

/** For services that always end at once. */
export const atOnce = (act: (call: BiosCall) => void) => (call: BiosCall): Outcome => {
  act(call);
  return 'done';
};
export const inFrame = (run: (call: BiosCall) => Outcome): Service => ({ flags: 'frame', run });
export const inRegister = (run: (call: BiosCall) => Outcome): Service => ({ flags: 'register', run });

/** Where the instruction of a service stands. */
export interface ServicePlace {
  readonly name: string;
  readonly at: number;
}

export class ServiceTable {
  readonly #memory: Dma;
  readonly #onOutcome: (outcome: Outcome) => void;
  /** By place in the guest part of the linear memory. */
  readonly #services = new Map<number, Service>();
  readonly #named = new Map<string, Service>();
  #places: readonly ServicePlace[] = [];

  constructor(memory: Dma, onOutcome: (outcome: Outcome) => void) {
    this.#memory = memory;
    this.#onOutcome = onOutcome;
  }

  /** The services of a ROM that stands at `base` of the guest part of the linear memory. */
  add(rom: RomImage, base: number, services: Readonly<Record<string, Service>>): void {
    for (const { offset, name } of rom.services) {
      const service = services[name];
      if (service === undefined) throw new RangeError(`the BIOS has no service ${name}`);
      this.#services.set(base + offset, service);
      this.#named.set(name, service);
      this.#places = [...this.#places, { name, at: base + offset }];
    }
  }

  get places(): readonly ServicePlace[] {
    return this.#places;
  }

  /** For a ROM of another version, which came with a saved state: services of ours that it does not name are not called. */
  replace(places: readonly ServicePlace[]): void {
    this.#services.clear();
    this.#places = places;
    for (const { name, at } of places) {
      const service = this.#named.get(name);
      if (service !== undefined) this.#services.set(at, service);
    }
  }

  /** #UD was raised by the instruction at `offset` of the guest part of the linear memory. */
  call(cpu: CpuContext, offset: number): FirmwareAnswer {
    const service = this.#services.get(offset);
    if (service === undefined) return 'none';
    const call = new BiosCall(cpu, this.#memory);
    try {
      if (call.read8(call.codeLinear(0)) !== UD2[0] || call.read8(call.codeLinear(1)) !== UD2[1]) return 'none';
      const outcome = service.run(call.begin(service.flags));
      this.#onOutcome(outcome);
      this.#leave(call, outcome);
      return 'done';
    } catch (error) {
      if (error instanceof GuestFault) return 'fault';
      throw error;
    }
  }

  #leave(call: BiosCall, outcome: Outcome): void {
    if (outcome === 'away') return;
    const exit = outcome === 'done' ? EXIT_DONE : outcome === 'wait' && call.canHalt ? EXIT_HALT : EXIT_SPIN;
    call.cpu.setHalves('rip', call.cpu.low('rip') + exit, 0);
  }
}
