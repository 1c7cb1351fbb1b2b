// Plays a program on a machine: starts it, and at every exception notes what happened and goes on behind the
// instruction. The notes and the final state are what machines are compared by.

import type { CpuContext } from '../../../src-main/engine/x86/helpers/cpu-context.ts';
import { EFLAGS_RF, EFLAGS_TF } from '../../../src-main/engine/x86/state/control-bits.ts';
import { CPU_FIELDS, type CpuFieldName, GPR_INDEX, SEGMENT_INDEX, upperHalf } from '../../../src-main/engine/x86/state/cpu-state.ts';
import { segmentBase } from '../../../src-main/engine/x86/state/segments.ts';
import { areaOffset, assemble, type Program } from './program.ts';
import { Random } from './random.ts';
import {
  CODE, DATA, DATA_BYTES, enterScene, HANDLER_BYTES, HANDLER_COUNT, HANDLERS, isRealMode, type Scene, sceneImage, WITH_ERROR_CODE,
} from './scene.ts';

/**
 * Whether it may walk to code that does not run then (SDM vol. 3A, 4.8 and 4.10.2.3): what it compiles asks for pages around it, what it
 * finds compiled only for those that were of use.
 */
export type Speculation = 'never' | 'compiling' | 'finding';

export interface Player {
  readonly name: string;
  readonly cpu: CpuContext;
  readonly memory: Uint8Array;
  readonly speculates: Speculation;
  /** All of memory is about to be replaced. */
  prepare(): void;
  /** A fresh machine after an error inside the old one. */
  restart(): void;
  /** `unknown`: it cannot tell what comes next, and its memory means nothing. */
  run(maxInstructions: number): 'halt' | 'shutdown' | 'unknown' | 'other';
}

export interface Outcome {
  /**
   * `budget`: it did not come to an end. `lost`: it ran somewhere else, where much depends on how far a machine
   * fetches ahead. The state means nothing in both cases. `unknown`: the machine cannot say what the other one should have done.
   */
  readonly end: 'halt' | 'shutdown' | 'budget' | 'lost' | 'unknown';
  readonly notes: readonly string[];
  readonly memory: Uint8Array;
}

/** Between two exceptions. */
export const MAX_INSTRUCTIONS = 5000;
const MAX_EXCEPTIONS = 40;
const DEBUG = 1;
/** Traps: the address pushed is that of the next instruction. */
const TRAPS: ReadonlySet<number> = new Set([1, 3, 4]);

const images = new Map<Scene, Uint8Array>();
function imageOf(scene: Scene): Uint8Array {
  const image = images.get(scene) ?? sceneImage(scene);
  images.set(scene, image);
  return image;
}

export function play(player: Player, program: Program, maxInstructions = MAX_INSTRUCTIONS): Outcome {
  const { scene } = program;
  const { cpu, memory } = player;
  const { bytes, instructions } = assemble(program);
  player.prepare();
  memory.set(imageOf(scene));
  memory.set(bytes, CODE + program.start);
  fillRandomly(player, program);
  const notes: string[] = [];
  for (let count = 0; count < MAX_EXCEPTIONS; count++) {
    const stop = player.run(maxInstructions);
    if (stop === 'other') return { end: 'budget', notes, memory };
    if (stop === 'unknown') return { end: 'unknown', notes, memory };
    const vector = stop === 'halt' ? handledVector(cpu) : -1;
    if (stop === 'shutdown') return { end: 'shutdown', notes, memory };
    if (vector < 0) {
      notes.push(...describe(cpu, vector));
      return { end: isHome(cpu, instructions) ? 'halt' : 'lost', notes, memory };
    }
    const state = describe(cpu, vector);
    const skipped = skip({ player, scene, vector, instructions, notes: state });
    if (skipped === 'lost') return { end: 'lost', notes, memory };
    notes.push(...state);
    if (skipped === 'stuck') break;
  }
  return { end: 'halt', notes, memory };
}

/** Registers and the data area get values that depend on the seed only. */
function fillRandomly({ cpu, memory }: Player, program: Program): void {
  const { scene } = program;
  const random = new Random(program.seed ^ 0x5555);
  for (let at = DATA; at < DATA + DATA_BYTES; at += 4) {
    const word = random.value32();
    for (let i = 0; i < 4; i++) memory[at + i] = (word >>> (8 * i)) & 0xff;
  }
  enterScene(cpu, scene, areaOffset(scene) + program.start);
  for (let index = 0; index < (scene.codeBits === 64 ? 16 : 8); index++) {
    const value = random.value64();
    if (index !== GPR_INDEX.rsp) cpu.set64('gpr', scene.codeBits === 64 ? value : value & 0xffffffffn, index);
  }
  cpu.writeFlags(2 | (random.next() & 0x8d5) | (random.chance(0.1) ? 0x400 : 0));
  for (let index = 0; index < CPU_FIELDS.xmm.count; index++) {
    cpu.set64('xmm', random.value64(), index);
    cpu.set64(upperHalf('xmm'), random.value64(), index);
  }
  cpu.updateMode();
}

/** The vector whose handler has halted, or -1 where the program itself has. */
function handledVector(cpu: CpuContext): number {
  const linear = cpu.low('rip') + segmentBase(cpu, SEGMENT_INDEX.cs);
  const offset = linear - HANDLERS;
  return offset > 0 && offset < HANDLER_COUNT * HANDLER_BYTES && cpu.get32('cpl') === 0 ? Math.floor(offset / HANDLER_BYTES) : -1;
}

interface Exception {
  readonly player: Player;
  readonly scene: Scene;
  readonly vector: number;
  readonly instructions: readonly number[];
  readonly notes: string[];
}

/** HLTs surround the program: halting there is halting in the code area. */
const isHome = (cpu: CpuContext, instructions: readonly number[]): boolean => {
  const rip = Number(cpu.get64('rip'));
  return rip >= (instructions[0] as number) && rip <= (instructions.at(-1) as number) + 1;
};

/** Moves the return address of the exception frame behind the instruction. */
function skip({ player, scene, vector, instructions, notes }: Exception): 'done' | 'stuck' | 'lost' {
  const { cpu } = player;
  const size = isRealMode(scene) ? 2 : scene.codeBits === 64 ? 8 : 4;
  const sp = cpu.low('gpr', GPR_INDEX.rsp) & (size === 2 ? 0xffff : 0xffffffff);
  const hasError = WITH_ERROR_CODE.has(vector) && size !== 2;
  const frame = (segmentBase(cpu, SEGMENT_INDEX.ss) + (sp >>> 0) + (hasError ? size : 0)) >>> 0;
  const bytes = size === 2 ? 2 : 4;
  const rip = cpu.readLinear(frame, bytes, false);
  const error = hasError ? cpu.readLinear(frame - size, 4, false) : -1;
  notes.push(`vector ${vector} error ${error.toString(16)} at ${rip.toString(16)} cr2 ${cpu.get64('cr2').toString(16)}`);
  const place = instructions.indexOf(rip);
  if (vector === DEBUG) {
    const flags = cpu.readLinear(frame + 2 * size, bytes, false);
    cpu.writeLinear(frame + 2 * size, bytes, flags & ~EFLAGS_TF, false);
  }
  if (place < 0) return 'lost';
  if (TRAPS.has(vector) || vector >= 32) return 'done';
  const next = instructions[place + 1];
  return next !== undefined && cpu.writeLinear(frame, bytes, next, false) ? 'done' : 'stuck';
}

const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'] as const;
const WORDS = [
  'fcw', 'fsw', 'ftop', 'ftag', 'fop', 'fcs', 'fds', 'mxcsr', 'cpl', 'interruptShadow', 'pendingDebug',
] as const satisfies readonly CpuFieldName[];
const QUADS = ['cr0', 'cr2', 'cr3', 'cr4', 'fip', 'fdp', 'efer'] as const satisfies readonly CpuFieldName[];

/**
 * All registers as lines of text, for comparing and for people. The engine clears RF when it traces the next instruction;
 * until then it may be one that is spent. What programs see of it is in the frames of exceptions.
 */
function describe(cpu: CpuContext, vector: number): string[] {
  const hex = (value: bigint | number): string => value.toString(16);
  const registers = (Object.keys(GPR_INDEX) as (keyof typeof GPR_INDEX)[]).map((name) => `${name} ${hex(cpu.get64('gpr', GPR_INDEX[name]))}`);
  const segments = SEGMENTS.map((name) => {
    const index = SEGMENT_INDEX[name];
    const limit = cpu.get32('segmentLimit', index);
    return `${name} ${hex(cpu.get32('segmentSelector', index))} ${hex(cpu.get64('segmentBase', index))} ${hex(limit)} ${hex(cpu.get32('segmentAccess', index))}`;
  });
  const floats = Array.from({ length: CPU_FIELDS.fprSignificand.count }, (_, i) =>
    `r${i} ${hex(cpu.get32('fprExponent', i))}:${hex(cpu.get64('fprSignificand', i))}`);
  const vectors = Array.from({ length: CPU_FIELDS.xmm.count }, (_, i) => `xmm${i} ${hex(cpu.get64(upperHalf('xmm'), i))}:${hex(cpu.get64('xmm', i))}`);
  return [
    vector < 0 ? '--- end' : `--- vector ${vector}`,
    `rip ${hex(cpu.get64('rip'))}`,
    `eflags ${hex(cpu.readFlags() & ~EFLAGS_RF)}`,
    ...registers,
    ...segments,
    ...floats,
    ...vectors,
    ...WORDS.map((name) => `${name} ${hex(cpu.get32(name))}`),
    ...QUADS.map((name) => `${name} ${hex(cpu.get64(name))}`),
    `dr6 ${hex(cpu.get64('dr', 6))}`,
  ];
}
