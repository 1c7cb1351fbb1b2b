// The machines that vectors run on, behind one face: the oracle, and both tiers of the engine.

import { createFlatMachine } from '../../../src-main/engine/execution/flat-machine.ts';
import type { CpuContext } from '../../../src-main/engine/x86/helpers/cpu-context.ts';
import type { CpuModelName } from '../../../src-main/engine/x86/models/cpu-model.ts';
import { CPU_MODELS } from '../../../src-main/engine/x86/models/index.ts';
import { CR0_PE } from '../../../src-main/engine/x86/state/control-bits.ts';
import { GPR_INDEX, SEGMENT_INDEX } from '../../../src-main/engine/x86/state/cpu-state.ts';
import {
  ACCESS_DB,
  ACCESS_G,
  ACCESS_REAL,
  setRealSegment,
  setSegment,
} from '../../../src-main/engine/x86/state/segments.ts';
import { OracleMachine } from '../../support/oracle-machine.ts';

export interface VectorMachine {
  readonly cpu: CpuContext;
  readonly memory: Uint8Array;
  /** A byte was written behind the CPU's back: translated code of it is dropped. */
  memoryChanged(address: number): void;
  /** Runs until HLT has executed; false when it did not within so many instructions. */
  runToHalt(limit: number): boolean;
}

export interface MachineKind {
  readonly name: string;
  /** Of so many vectors one is run: the oracle is slow. */
  readonly sample: number;
  create(ramBytes: number, model: CpuModelName): VectorMachine;
}

function createOracle(ramBytes: number, model: CpuModelName): VectorMachine {
  const machine = new OracleMachine(CPU_MODELS[model], ramBytes);
  return {
    cpu: machine.cpu,
    memory: machine.cpu.memory,
    memoryChanged: () => undefined,
    runToHalt(limit) {
      machine.halted = false;
      return machine.runToHalt(limit);
    },
  };
}

function createTier(accel: 'interp' | 'jit', ramBytes: number, model: CpuModelName): VectorMachine {
  const machine = createFlatMachine({
    ramBytes,
    model,
    accel,
    ...(accel === 'jit' ? { hotThreshold: 1 } : {}),
  });
  return {
    cpu: machine.cpu,
    memory: machine.memory,
    memoryChanged: (address) => machine.engine.invalidate(address, 1),
    runToHalt: (limit) => machine.runToHalt(limit) === 'halt',
  };
}

/** Compiling a region for each vector takes minutes: all of them run where BOXWRIGHT_ALL_VECTORS is set. */
const isComplete = process.env['BOXWRIGHT_ALL_VECTORS'] !== undefined;

export const MACHINES: readonly MachineKind[] = [
  { name: 'oracle', sample: isComplete ? 1 : 20, create: createOracle },
  { name: 'interpreter', sample: 1, create: (ramBytes, model) => createTier('interp', ramBytes, model) },
  {
    name: 'JIT',
    sample: isComplete ? 1 : 40,
    create: (ramBytes, model) => createTier('jit', ramBytes, model),
  },
];

const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'] as const;
const WORD_REGISTERS = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'] as const;

/** Real mode with 16-bit registers by name (`flags` and `ip` included), everything not named 0. */
export function setRealModeRegisters(cpu: CpuContext, values: Readonly<Record<string, number>>): void {
  WORD_REGISTERS.forEach((name, index) => {
    cpu.setHalves('gpr', values[name] ?? 0, 0, index);
  });
  for (const name of SEGMENTS) setRealSegment(cpu, SEGMENT_INDEX[name], values[name] ?? 0);
  cpu.setHalves('rip', values['ip'] ?? 0, 0);
  cpu.set32('interruptShadow', 0);
  cpu.writeFlags(values['flags'] ?? 2);
  cpu.updateMode();
}

export function readRealModeRegister(cpu: CpuContext, name: string): number {
  if (name === 'flags') return cpu.readFlags() & 0xffff;
  if (name === 'ip') return cpu.low('rip') & 0xffff;
  const segment = SEGMENTS.find((candidate) => candidate === name);
  if (segment !== undefined) return cpu.get32('segmentSelector', SEGMENT_INDEX[segment]);
  const index = GPR_INDEX[`r${name}` as keyof typeof GPR_INDEX];
  return cpu.low('gpr', index) & 0xffff;
}

/** 32-bit code at CPL 0 with flat segments and no paging. */
export function enterFlatProtectedMode(cpu: CpuContext): void {
  const access = ACCESS_REAL | ACCESS_DB | ACCESS_G;
  for (const name of SEGMENTS) setSegment(cpu, SEGMENT_INDEX[name], 8, access, 0, 0xffffffff);
  setSegment(cpu, SEGMENT_INDEX.cs, 8, access | 8, 0, 0xffffffff);
  cpu.setHalves('cr0', cpu.low('cr0') | CR0_PE, 0);
  cpu.updateMode();
}
