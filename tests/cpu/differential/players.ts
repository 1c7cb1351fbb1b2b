// The machines that random programs are played on: both tiers of the engine, and the machine without either.

import { createFlatMachine, type FlatMachine, type FlatMachineOptions } from '../../../src-main/engine/execution/flat-machine.ts';
import { type CodeArchive, createRegionThread, type FoundModule, type RegionRequest, type RegionThreadMessage } from '../../../src-main/engine/execution/index.ts';
import { TooManyBlocks } from '../../../src-main/engine/ir/evaluate.ts';
import { X86_64_V2 } from '../../../src-main/engine/x86/models/x86-64-v2.ts';
import { loadEvaluated } from '../../support/evaluated-modules.ts';
import { BeyondOracle, MANY_ACCESSES, OracleMachine } from '../../support/oracle-machine.ts';
import type { Player, Speculation } from './play.ts';
import { RAM_BYTES } from './scene.ts';

/** Behind the end of memory a program that has changed itself may repeat a string instruction four thousand million times. */
class EndlessAccesses extends Error {}

class EnginePlayer implements Player {
  readonly name: string;
  readonly speculates: Speculation;
  readonly #options: Omit<FlatMachineOptions, 'ramBytes' | 'model'>;
  readonly #prepared: (machine: FlatMachine) => void;
  #machine: FlatMachine;
  #outside = 0;

  /** `prepared` is called before each program. */
  constructor(
    name: string,
    options: Omit<FlatMachineOptions, 'ramBytes' | 'model'>,
    prepared: (machine: FlatMachine) => void = () => {},
    speculates: Speculation = options.accel === 'jit' ? 'compiling' : 'never',
  ) {
    this.name = name;
    this.#prepared = prepared;
    this.speculates = speculates;
    this.#options = options;
    this.#machine = this.#create();
  }

  #create(): FlatMachine {
    const environment = {
      memoryRead: (_address: number, width: number) => {
        this.#countOutside();
        return 2 ** (width * 8) - 1;
      },
      memoryWrite: () => this.#countOutside(),
    };
    return createFlatMachine({ ramBytes: RAM_BYTES, model: 'x86-64-v2', ...this.#options, environment });
  }
  #countOutside(): void {
    if (++this.#outside > MANY_ACCESSES) throw new EndlessAccesses();
  }
  get cpu() {
    return this.#machine.cpu;
  }
  get memory() {
    return this.#machine.memory;
  }
  prepare(): void {
    this.#outside = 0;
    this.#machine.codeChanged();
    this.#prepared(this.#machine);
  }
  restart(): void {
    this.#machine = this.#create();
  }
  run(maxInstructions: number): 'halt' | 'shutdown' | 'unknown' | 'other' {
    try {
      const stop = this.#machine.runToHalt(maxInstructions);
      return stop === 'halt' || stop === 'shutdown' ? stop : 'other';
    } catch (error) {
      if (!(error instanceof EndlessAccesses || error instanceof TooManyBlocks)) throw error;
      this.restart();
      return 'unknown';
    }
  }
}

export const interpreterPlayer = (): Player => new EnginePlayer('interpreter', { accel: 'interp' });

/** Regions are compiled when a block is entered for the `hotThreshold`th time. */
export const jitPlayer = (hotThreshold: number): Player => new EnginePlayer(`jit after ${hotThreshold}`, { accel: 'jit', hotThreshold });

/** Handlers, and regions where `accel` says so, by the evaluator of the IR instead of WebAssembly. */
export const evaluatorPlayer = (accel: 'interp' | 'jit'): Player =>
  new EnginePlayer(`${accel} evaluated`, { accel, hotThreshold: 1, load: loadEvaluated });

/** By the steps of the compiling thread, which answers at once; another one for each program, with another archive. */
function threadPlayer(name: string, archive: () => CodeArchive, speculates: Speculation): Player {
  const messages: RegionThreadMessage[] = [];
  let compile: (request: RegionRequest) => void = () => {};
  const regionChannel = { open: () => {}, post: (request: RegionRequest) => compile(request), receive: () => messages.shift() };
  const post = (message: RegionThreadMessage) => void messages.push(message);
  const after = (_ms: number, then: () => void) => then();
  const prepared = ({ engine }: FlatMachine) => {
    const thread = createRegionThread(engine.regionThread, { post, after, nowNs: () => 0, archive: archive() });
    compile = (request) => thread.take(request);
  };
  return new EnginePlayer(name, { accel: 'jit', hotThreshold: 1, regionChannel }, prepared, speculates);
}

/** The second has the code that was compiled when the first played the same program. `counts`: modules that it found, and made. */
export function keptCodePlayers(): { readonly players: readonly [Player, Player]; readonly counts: { found: number; made: number } } {
  let kept: FoundModule[] = [];
  let number = 0;
  const counts = { found: 0, made: 0 };
  const keeping = (): CodeArchive => {
    kept = [];
    return { found: [], keep: (module, { module: compiled }) => void kept.push({ ...module, number: number++, load: () => { counts.found++; return compiled; } }) };
  };
  const finding = (): CodeArchive => ({ found: kept, keep: () => void counts.made++ });
  return { players: [threadPlayer('jit that keeps code', keeping, 'compiling'), threadPlayer('jit with kept code', finding, 'finding')], counts };
}

class OraclePlayer implements Player {
  readonly name = 'oracle';
  readonly speculates = 'never';
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
