// A random encoding of an opcode row: prefixes, ModRM and operands that mostly point into the data area. The decoder
// says where the instruction ends and whether it is the row at all; what it refuses is tried again by the caller.
// Reference: Intel SDM vol. 2A 2.1 and 2.2 (format), tables 2-1 to 2-3 (ModRM and SIB).

import { decode } from '../../../src-main/engine/x86/decode/decoder.ts';
import type { Instruction } from '../../../src-main/engine/x86/decode/instruction.ts';
import { type Pattern, PREFIX_66, PREFIX_F2, PREFIX_F3, parseEncoding } from '../../../src-main/engine/x86/decode/opcode-map.ts';
import { parseOperandCode, usesModRm } from '../../../src-main/engine/x86/decode/operand-codes.ts';
import type { TableRow } from '../../../src-main/engine/x86/decode/table-row.ts';
import { X86_64_V2 } from '../../../src-main/engine/x86/models/x86-64-v2.ts';
import type { Fixup, Piece } from './program.ts';
import type { Random } from './random.ts';
import { DATA, isRealMode, type Scene } from './scene.ts';

const SEGMENT_PREFIXES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];
const MAPS = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]] as const;
const patterns = new Map<TableRow, Pattern>();

export const patternOf = (row: TableRow): Pattern => {
  const known = patterns.get(row) ?? parseEncoding(row.encoding);
  patterns.set(row, known);
  return known;
};

export const isBranch = (row: TableRow): boolean => row.operands.some((code) => code === 'Jb' || code === 'Jz');

export interface Encoded extends Piece {
  readonly instruction: Instruction;
}

export function decodePiece(bytes: readonly number[], scene: Scene): Instruction | undefined {
  const padded = Uint8Array.from([...bytes, ...new Array<number>(16).fill(0)]);
  const result = decode(padded, 0, padded.length, { codeBits: scene.codeBits }, X86_64_V2.features, !isRealMode(scene));
  return result.ok ? result.instruction : undefined;
}

/** Undefined where the random choices do not make the row. */
export function encodeRow(random: Random, row: TableRow, scene: Scene): Encoded | undefined {
  const encoder = new RowEncoder(random, row, scene);
  return encoder.encode();
}

/** An offset in DS: of the data area's pages, often near where two of them meet. */
export function dataOffset(random: Random, scene: Scene, aligned = false): number {
  const page = random.chance(0.8) ? random.below(2) : random.below(4);
  const inPage = random.chance(0.3) ? 0x1000 - random.below(16) : random.below(0x1000);
  const offset = DATA - scene.dataBase + page * 0x1000 + inPage;
  return aligned && random.chance(0.9) ? offset & ~15 : offset;
}

class RowEncoder {
  readonly #random: Random;
  readonly #row: TableRow;
  readonly #scene: Scene;
  readonly #pattern: Pattern;
  readonly #bytes: number[] = [];
  readonly #fixups: Fixup[] = [];
  #addressBits: 16 | 32 | 64;
  #rex = 0;

  constructor(random: Random, row: TableRow, scene: Scene) {
    this.#random = random;
    this.#row = row;
    this.#scene = scene;
    this.#pattern = patternOf(row);
    this.#addressBits = scene.codeBits;
  }

  encode(): Encoded | undefined {
    const random = this.#random;
    const { cells, map, opcode, opcodes } = this.#pattern;
    const hasModRm = this.#pattern.constrained || this.#row.operands.some((code) => usesModRm(parseOperandCode(code)));
    const forms = cells.filter((cell) => cell < 8 === random.chance(0.6));
    const cell = random.pick(forms.length > 0 ? forms : cells);
    const isMemory = hasModRm && cell < 8;
    this.#prefixes(isMemory);
    this.#bytes.push(...(MAPS[map] ?? []), opcode + random.below(opcodes));
    if (isMemory) this.#memory(cell);
    else if (hasModRm) this.#bytes.push(0xc0 | (cell - 8));
    if (this.#row.operands.some((code) => code.startsWith('O'))) this.#absolute(this.#addressBits / 8);
    return this.#finish();
  }

  #finish(): Encoded | undefined {
    const { length } = this.#bytes;
    const [low, high, third] = [this.#random.value32(), this.#random.value32(), this.#random.value32()];
    for (const word of [low, high, third]) this.#bytes.push(word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24);
    const instruction = decodePiece(this.#bytes, this.#scene);
    if (instruction === undefined || instruction.row !== this.#row || instruction.length < length) return undefined;
    return { bytes: this.#bytes.slice(0, instruction.length), fixups: this.#fixups, instruction };
  }

  #prefixes(isMemory: boolean): void {
    const random = this.#random;
    const { prefixes, fallback, wide } = this.#pattern;
    const { codeBits } = this.#scene;
    if (random.chance(0.08)) this.#bytes.push(random.pick(SEGMENT_PREFIXES));
    if (this.#row.lock === true && isMemory && random.chance(0.15)) this.#bytes.push(0xf0);
    // Sixteen-bit addresses reach what they should only where segments have bases.
    if (random.chance(0.05) && (codeBits !== 32 || this.#scene.dataBase !== 0)) {
      this.#bytes.push(0x67);
      this.#addressBits = codeBits === 32 ? 16 : 32;
    }
    const prefix = fallback ? (prefixes.includes(PREFIX_66) && random.chance(0.15) ? PREFIX_66 : 0) : random.pick(prefixes);
    if (prefix === PREFIX_66 && !(isBranch(this.#row) && this.#scene.codeBase === 0)) this.#bytes.push(0x66);
    if (prefix === PREFIX_F3) this.#bytes.push(0xf3);
    if (prefix === PREFIX_F2) this.#bytes.push(0xf2);
    if (codeBits !== 64) return;
    this.#rex = random.chance(0.4) ? random.below(8) : 0;
    if (wide ?? random.chance(0.4)) this.#rex |= 8;
    if (this.#rex !== 0 || random.chance(0.1)) this.#bytes.push(0x40 | this.#rex);
  }

  #number(value: number, bytes: number): void {
    for (let i = 0; i < bytes; i++) this.#bytes.push(i < 4 ? (value >> (8 * i)) & 0xff : value < 0 ? 0xff : 0);
  }

  #absolute(bytes: number): void {
    this.#number(this.#target(), bytes);
  }
  #target(): number {
    return dataOffset(this.#random, this.#scene, this.#row.aligned);
  }

  #memory(reg: number): void {
    if (this.#addressBits === 16) this.#memory16(reg);
    else this.#memory32(reg);
  }

  #memory16(reg: number): void {
    const random = this.#random;
    if (random.chance(0.5)) {
      this.#bytes.push((reg << 3) | 6);
      this.#absolute(2);
      return;
    }
    const mod = random.below(3);
    const rm = mod === 0 ? random.pick([0, 1, 2, 3, 4, 5, 7]) : random.below(8);
    this.#bytes.push((mod << 6) | (reg << 3) | rm);
    this.#number(random.below(256), mod);
  }

  #memory32(reg: number): void {
    const random = this.#random;
    const form = random.below(10);
    if (form < 4) this.#fixed(reg, form < 2);
    else if (form < 8) this.#based(reg);
    else this.#indexed(reg);
  }

  /** An address without registers: of the data area, counted from rip in 64-bit code. */
  #fixed(reg: number, fromRip: boolean): void {
    if (this.#scene.codeBits === 64 && fromRip) {
      this.#bytes.push((reg << 3) | 5);
      this.#fixups.push({ kind: 'rip', at: this.#bytes.length, address: this.#target() });
      this.#number(0, 4);
      return;
    }
    if (this.#scene.codeBits === 64) this.#bytes.push((reg << 3) | 4, 0x25);
    else this.#bytes.push((reg << 3) | 5);
    this.#absolute(4);
  }

  #based(reg: number): void {
    const random = this.#random;
    const mod = random.pick([0, 1, 1, 2]);
    const rm = random.pick([0, 1, 2, 3, 6, 7, ...(mod === 0 ? [] : [5])]);
    this.#bytes.push((mod << 6) | (reg << 3) | rm);
    this.#displacement(mod);
  }
  #displacement(mod: number): void {
    const random = this.#random;
    if (mod === 1) this.#number(random.below(256), 1);
    if (mod === 2) this.#number(random.below(64) - 32, 4);
  }

  #indexed(reg: number): void {
    const random = this.#random;
    const mod = random.below(3);
    const sib = random.below(256);
    this.#bytes.push((mod << 6) | (reg << 3) | 4, sib);
    if (mod === 0 && (sib & 7) === 5) this.#absolute(4);
    else this.#displacement(mod);
  }
}
