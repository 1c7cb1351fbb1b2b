// The machines that random programs are played on: both tiers of the engine, and the machine without either.

import { createFlatMachine } from '../../../src-main/engine/execution/flat-machine.ts';
import type { FlatMachine } from '../../../src-main/engine/execution/flat-machine.ts';
import { X86_64_V2 } from '../../../src-main/engine/x86/models/x86-64-v2.ts';
import { loadEvaluated } from '../../support/evaluated-modules.ts';
import { BeyondOracle, OracleMachine } from '../../support/oracle-machine.ts';
import type { Player } from './play.ts';
import { RAM_BYTES } from './scene.ts';

class EnginePlayer implements Player {
  readonly name: string;
  readonly speculates: boolean;
  readonly #create: () => FlatMachine;
  #machine: FlatMachine;

  constructor(name: string, speculates: boolean, create: () => FlatMachine) {
    this.name = name;
    this.speculates = speculates;
    this.#create = create;
    this.#machine = create();
  }
  get cpu() {
    return this.#machine.cpu;
  }
  get memory() {
    return this.#machine.memory;
  }
  prepare(): void {
    this.#machine.codeChanged();
  }
  restart(): void {
    this.#machine = this.#create();
  }
  run(maxInstructions: number): 'halt' | 'shutdown' | 'other' {
    const stop = this.#machine.runToHalt(maxInstructions);
    return stop === 'halt' || stop === 'shutdown' ? stop : 'other';
  }
}

const COMMON = { ramBytes: RAM_BYTES, model: 'x86-64-v2' } as const;

export const interpreterPlayer = (): Player =>
  new EnginePlayer('interpreter', false, () => createFlatMachine({ ...COMMON, accel: 'interp' }));

/** Regions are compiled when a block is entered for the `hotThreshold`th time. */
export const jitPlayer = (hotThreshold: number): Player =>
  new EnginePlayer(`jit after ${hotThreshold}`, true, () => createFlatMachine({ ...COMMON, accel: 'jit', hotThreshold }));

/** Handlers, and regions where `accel` says so, by the evaluator of the IR instead of WebAssembly. */
export const evaluatorPlayer = (accel: 'interp' | 'jit'): Player =>
  new EnginePlayer(`${accel} evaluated`, accel === 'jit', () =>
    createFlatMachine({ ...COMMON, accel, hotThreshold: 1, load: loadEvaluated }));

class OraclePlayer implements Player {
  readonly name = 'oracle';
  readonly speculates = false;
  #machine = new OracleMachine(X86_64_V2, RAM_BYTES);

  get cpu() {
    return this.#machine.cpu;
  }
  get memory() {
    return this.#machine.cpu.memory;
  }
  prepare(): void {
    this.#machine.forgetWrites();
  }
  restart(): void {
    this.#machine = new OracleMachine(X86_64_V2, RAM_BYTES);
  }
  run(maxInstructions: number): 'halt' | 'shutdown' | 'unknown' | 'other' {
    this.#machine.halted = false;
    this.#machine.shutDown = false;
    try {
      if (!this.#machine.runToHalt(maxInstructions)) return 'other';
    } catch (error) {
      if (!(error instanceof BeyondOracle)) throw error;
      this.restart();
      return 'unknown';
    }
    return this.#machine.shutDown ? 'shutdown' : 'halt';
  }
}

export const oraclePlayer = (): Player => new OraclePlayer();
