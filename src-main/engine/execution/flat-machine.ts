// A CPU with flat RAM and nothing else: for instruction vectors, differential tests and a debugger. No ROM, no
// VGA hole, A20 open; ports read all ones.

import type { CpuEnvironment } from '../x86/helpers/cpu-context.ts';
import { CPU_MODELS } from '../x86/models/index.ts';
import type { CpuModelName } from '../x86/models/cpu-model.ts';
import type { CpuContext } from '../x86/helpers/cpu-context.ts';
import type { CpuStop } from './cpu-engine.ts';
import { Engine } from './engine.ts';
import type { RegionChannel } from './jit/region-compiler.ts';
import type { ModuleLoader } from './module-loader.ts';

export interface FlatMachineOptions {
  readonly ramBytes: number;
  readonly model: CpuModelName;
  readonly accel: 'jit' | 'interp';
  readonly hotThreshold?: number;
  /** Hooks that replace parts of the empty board. */
  readonly environment?: Partial<CpuEnvironment>;
  readonly load?: ModuleLoader;
  readonly codeCacheBytes?: number;
  readonly regionChannel?: RegionChannel;
  readonly copiesTables?: boolean;
}

export interface FlatMachine {
  /** Every register and hidden field, by the names of `CPU_FIELDS`; call `updateMode` after changing modes. */
  readonly cpu: CpuContext;
  readonly memory: Uint8Array;
  readonly engine: Engine;
  /** Tells the engine that code may have been written behind its back. */
  codeChanged(): void;
  /** Executes one instruction, or takes one exception or interrupt. */
  step(): CpuStop;
  /** Runs until HLT, shutdown or so many instructions. */
  runToHalt(maxInstructions: number): CpuStop;
}

const EMPTY_BOARD: CpuEnvironment = {
  acknowledgeInterrupt: () => 0xff,
  portRead: (_port, width) => 2 ** (width * 8) - 1,
  portWrite: () => {},
  memoryRead: (_address, width) => 2 ** (width * 8) - 1,
  memoryWrite: () => {},
  nowNs: () => 0,
  apicBaseWritten: () => {},
  readTaskPriority: () => 0,
  writeTaskPriority: () => {},
  floatError: () => {},
  unknownMsr: () => {},
  apicId: 0,
};

export function createFlatMachine(options: FlatMachineOptions): FlatMachine {
  const engine = new Engine({
    ramBytes: options.ramBytes,
    videoMemoryBytes: 0,
    regions: [{ kind: 'ram', base: 0, bytes: options.ramBytes, offset: 0 }],
    model: CPU_MODELS[options.model],
    environment: { ...EMPTY_BOARD, ...options.environment },
    accelerator: options.accel,
    ...(options.hotThreshold === undefined ? {} : { hotThreshold: options.hotThreshold }),
    ...(options.codeCacheBytes === undefined ? {} : { codeCacheBytes: options.codeCacheBytes }),
    ...(options.regionChannel === undefined ? {} : { regionChannel: options.regionChannel }),
    ...(options.copiesTables === undefined ? {} : { copiesTables: options.copiesTables }),
    ...(options.load === undefined ? {} : { load: options.load }),
  });
  return {
    cpu: engine.context,
    memory: new Uint8Array(engine.memory.buffer, engine.ram.base, options.ramBytes),
    engine,
    codeChanged: () => engine.invalidate(0, options.ramBytes),
    step: () => engine.run(1).stop,
    runToHalt: (maxInstructions) => engine.run(maxInstructions).stop,
  };
}
