// A random program as data: steps of one or a few instructions, whose jumps name other steps, so that steps can be
// taken out while a failure is being made smaller. Assembling gives bytes and where each instruction begins.

import { decode } from '../../../src-main/engine/x86/decode/decoder.ts';
import { formatInstruction } from '../../../src-main/engine/x86/decode/format.ts';
import { X86_64_V2 } from '../../../src-main/engine/x86/models/x86-64-v2.ts';
import { CODE, DATA, isRealMode, type Scene } from './scene.ts';

/** A place in an instruction that depends on where things are. */
export type Fixup =
  /** Distance from the instruction's end to a step's beginning. */
  | { readonly kind: 'relative'; readonly at: number; readonly bytes: 1 | 2 | 4; readonly step: number }
  /** Offset in CS of a byte of a step. */
  | { readonly kind: 'offset'; readonly at: number; readonly bytes: 2 | 4; readonly step: number; readonly byte: number }
  /** Distance from the instruction's end to an address of the data area. */
  | { readonly kind: 'rip'; readonly at: number; readonly address: number };

export interface Piece {
  readonly bytes: readonly number[];
  readonly fixups?: readonly Fixup[];
}

export interface Step {
  /** Names the step in fixups; a target that was taken out is the next one left. */
  readonly id: number;
  readonly pieces: readonly Piece[];
}

export interface Program {
  readonly scene: Scene;
  readonly seed: number;
  /** Offset in the code area. */
  readonly start: number;
  readonly steps: readonly Step[];
}

export interface Assembled {
  readonly bytes: Uint8Array;
  /** Offset in CS of each instruction, ascending, and of the end. */
  readonly instructions: readonly number[];
}

export function assemble(program: Program): Assembled {
  const { steps, start, scene } = program;
  const places: { readonly id: number; readonly at: number }[] = [];
  const instructions: number[] = [];
  let at = start;
  for (const step of steps) {
    places.push({ id: step.id, at });
    for (const piece of step.pieces) {
      instructions.push(at);
      at += piece.bytes.length;
    }
  }
  const end = at;
  instructions.push(end);
  const bytes = new Uint8Array(end - start);
  const view = new DataView(bytes.buffer);
  const find = (id: number): number => places.find((place) => place.id >= id)?.at ?? end;
  at = start;
  for (const piece of steps.flatMap((step) => step.pieces)) {
    bytes.set(piece.bytes, at - start);
    for (const fixup of piece.fixups ?? []) {
      const next = at + piece.bytes.length;
      write(view, at - start + fixup.at, fixup, valueAt(fixup, { next: next + CODE, find, scene }));
    }
    at += piece.bytes.length;
  }
  // Offsets in CS, where the area does not begin at offset 0.
  return { bytes, instructions: instructions.map((offset) => offset + areaOffset(scene)) };
}

/** Where the code area begins as an offset in CS. */
export const areaOffset = (scene: Scene): number => CODE - scene.codeBase;

function valueAt(
  fixup: Fixup,
  { next, find, scene }: { next: number; find: (id: number) => number; scene: Scene },
): number {
  if (fixup.kind === 'rip') return fixup.address - next;
  const linear = CODE + find(fixup.step);
  if (fixup.kind === 'relative') return linear - next;
  return linear + fixup.byte - scene.codeBase;
}

/** A distance too far for its field becomes a jump to the next instruction. */
function write(view: DataView, at: number, fixup: Fixup, value: number): void {
  if (fixup.kind === 'rip' || fixup.bytes === 4) view.setInt32(at, value, true);
  else if (fixup.bytes === 2) view.setInt16(at, value, true);
  else view.setInt8(at, value < -128 || value > 127 ? 0 : value);
}

/** Disassembly with bytes, for people. */
export function listing(program: Program): string {
  const { bytes, instructions } = assemble(program);
  const lines = instructions.slice(0, -1).map((from, index) => {
    const offset = from - (instructions[0] as number);
    const result = decode(
      bytes, offset, bytes.length, { codeBits: program.scene.codeBits }, X86_64_V2.features, !isRealMode(program.scene),
    );
    const length = (instructions[index + 1] as number) - from;
    const hex = [...bytes.subarray(offset, offset + length)].map((b) => b.toString(16).padStart(2, '0')).join(' ');
    const text = result.ok ? formatInstruction(result.instruction, from) : '(not an instruction)';
    return `  ${from.toString(16).padStart(5, '0')}  ${hex.padEnd(36)} ${text}`;
  });
  return [`${program.scene.name}, seed ${program.seed}, data at ${(DATA - program.scene.dataBase).toString(16)}h`, ...lines].join('\n');
}
