// Turns the opcode tables into flat arrays: one lookup from (mode, map, prefix, opcode, ModRM) to a row.
// It refuses tables in which two rows claim one encoding. Reference: Intel SDM vol. 2D appendix A.

import type { CpuFeature } from '../models/cpu-model.ts';
import { GROUP_ROWS } from './groups.table.ts';
import { ONE_BYTE_ROWS } from './one-byte.table.ts';
import { OPERAND_KIND, type OperandSpec, parseOperandCode, usesModRm } from './operand-codes.ts';
import type { TableRow } from './table-row.ts';
import { THREE_BYTE_ROWS } from './three-byte.table.ts';
import { TWO_BYTE_ROWS } from './two-byte.table.ts';
import { X87_ROWS } from './x87.table.ts';

/** Every row of every table. */
export const OPCODE_ROWS: readonly TableRow[] = [
  ...ONE_BYTE_ROWS,
  ...GROUP_ROWS,
  ...TWO_BYTE_ROWS,
  ...THREE_BYTE_ROWS,
  ...X87_ROWS,
];

/** Operand size in 64-bit code. */
export const SIZE_DEFAULT32 = 0;
export const SIZE_DEFAULT64 = 1;
export const SIZE_FORCE64 = 2;

/** A row prepared for the decoder. */
export interface CompiledRow {
  readonly row: TableRow;
  readonly specs: readonly OperandSpec[];
  readonly hasModRm: boolean;
  /** ModRM.mod counts as 3 (moves of control and debug registers). */
  readonly registerForm: boolean;
  /** A moffs follows the opcode. */
  readonly hasOffset: boolean;
  /** CS is no destination: #UD. */
  readonly loadsSegment: boolean;
  readonly longSize: number;
  /** 66 selects the row and does not change the operand size. */
  readonly mandatory66: boolean;
  readonly lockable: boolean;
  readonly repeatable: boolean;
  readonly protectedOnly: boolean;
}

export interface Pattern {
  readonly map: number;
  readonly opcode: number;
  readonly opcodes: number;
  /** Prefix classes (none, 66, F3, F2) the row is for, and whether it only fills what others leave. */
  readonly prefixes: readonly number[];
  readonly fallback: boolean;
  readonly mandatory66: boolean;
  readonly wide: boolean | undefined;
  /** First cell and number of cells of the 72 a ModRM byte selects (`modRmCell`). */
  readonly cells: readonly number[];
  readonly constrained: boolean;
}

export const MODRM_CELLS = 72;
export const PREFIX_NONE = 0;
export const PREFIX_66 = 1;
export const PREFIX_F3 = 2;
export const PREFIX_F2 = 3;
const PREFIX_TOKENS: Readonly<Record<string, readonly number[]>> = {
  NP: [PREFIX_NONE],
  NFx: [PREFIX_NONE, PREFIX_66],
  '66': [PREFIX_66],
  F3: [PREFIX_F3],
  F2: [PREFIX_F2],
};

const ALL_CELLS: readonly number[] = Array.from({ length: MODRM_CELLS }, (_, cell) => cell);

/** Cells 0-7: memory by reg field; 8-71: register forms by the low six bits of ModRM. */
const cellsOf = (digit: number | undefined, form: string | undefined): number[] =>
  ALL_CELLS.filter((cell) => {
    const memory = cell < 8;
    const reg = memory ? cell : (cell - 8) >> 3;
    if (digit !== undefined && reg !== digit) return false;
    return form === undefined || (form === 'mem') === memory;
  });

const hexByte = (encoding: string, token: string | undefined): number => {
  if (token === undefined || !/^[0-9A-F]{2}$/.test(token)) {
    throw new Error(`Opcode encoding "${encoding}" cannot be read`);
  }
  return Number.parseInt(token, 16);
};

/** Takes the ModRM part of an encoding: a fixed byte, or digit and form. */
const parseModRm = (encoding: string, tokens: readonly string[]): readonly number[] => {
  const [first, second, ...rest] = tokens;
  if (first === undefined) return ALL_CELLS;
  if (/^[0-9A-F]{2}(\+i)?$/.test(first)) {
    const start = 8 + (hexByte(encoding, first.slice(0, 2)) & 0x3f);
    if (second !== undefined) throw new Error(`Opcode encoding "${encoding}" cannot be read`);
    return first.endsWith('+i') ? ALL_CELLS.slice(start, start + 8) : [start];
  }
  const digit = /^\/[0-7]$/.test(first) ? Number(first.slice(1)) : undefined;
  const form = digit === undefined ? first : second;
  const extra = digit === undefined ? second : rest[0];
  if (extra !== undefined || (form !== undefined && form !== 'mem' && form !== 'reg')) {
    throw new Error(`Opcode encoding "${encoding}" cannot be read`);
  }
  return cellsOf(digit, form);
};

const parseOpcode = (
  encoding: string,
  tokens: string[],
): { map: number; opcode: number; opcodes: number } => {
  let token = tokens.shift() ?? '';
  let map = 0;
  if (token === '0F') {
    token = tokens.shift() ?? '';
    map = 1;
    if (token === '38' || token === '3A') {
      map = token === '38' ? 2 : 3;
      token = tokens.shift() ?? '';
    }
  }
  const range = token.endsWith('+r');
  return { map, opcode: hexByte(encoding, range ? token.slice(0, 2) : token), opcodes: range ? 8 : 1 };
};

export const parseEncoding = (encoding: string): Pattern => {
  const tokens = encoding.split(' ');
  let wide: boolean | undefined;
  if (tokens[0] === 'W0' || tokens[0] === 'W1') wide = tokens.shift() === 'W1';
  const prefixToken = tokens.length > 1 ? PREFIX_TOKENS[tokens[0] ?? ''] : undefined;
  const mandatory66 = prefixToken !== undefined && tokens[0] === '66';
  if (prefixToken !== undefined) tokens.shift();
  const { map, opcode, opcodes } = parseOpcode(encoding, tokens);
  const cells = parseModRm(encoding, tokens);
  return {
    map,
    opcode,
    opcodes,
    prefixes: prefixToken ?? [PREFIX_NONE, PREFIX_66, PREFIX_F3, PREFIX_F2],
    fallback: prefixToken === undefined,
    mandatory66,
    wide,
    cells,
    constrained: tokens.length > 0,
  };
};

const compileRow = (row: TableRow, pattern: Pattern): CompiledRow => {
  const specs = row.operands.map(parseOperandCode);
  return {
    row,
    specs,
    hasModRm: pattern.constrained || specs.some(usesModRm),
    registerForm: specs.some((s) => s.kind === OPERAND_KIND.rmGeneralOnly),
    hasOffset: specs.some((s) => s.kind === OPERAND_KIND.offset),
    loadsSegment: row.mnemonic === 'MOV_TO_SEGMENT',
    longSize:
      row.long === 'force64' ? SIZE_FORCE64 : row.long === 'default64' ? SIZE_DEFAULT64 : SIZE_DEFAULT32,
    mandatory66: pattern.mandatory66,
    lockable: row.lock === true,
    repeatable: row.repeat === true,
    protectedOnly: row.protectedOnly === true,
  };
};

/** Columns of the map: 16- and 32-bit code; 64-bit code without and with REX.W. */
const COLUMNS = 3;
const SLOTS = COLUMNS * 4 * 4 * 256;
export const GROUP_FLAG = 0x8000;

export const slotOf = (column: number, map: number, prefix: number, opcode: number): number =>
  (((column << 2) | map) << 10) | (prefix << 8) | opcode;

export interface OpcodeMap {
  /** Row numbers start at 1; 0 is no instruction. */
  readonly rows: readonly (CompiledRow | undefined)[];
  /** By `slotOf`: a row number, or `GROUP_FLAG` and the number of a group. */
  readonly slots: Uint16Array;
  /** Row numbers, `MODRM_CELLS` to a group. */
  readonly groups: Uint16Array;
}

const columnsOf = (row: TableRow, pattern: Pattern): number[] => {
  const columns: number[] = [];
  if (row.long !== 'only' && pattern.wide !== true) columns.push(0);
  if (row.long !== 'invalid' && pattern.wide !== true) columns.push(1);
  if (row.long !== 'invalid' && pattern.wide !== false) columns.push(2);
  return columns;
};

/** Fills slots: with a row where ModRM does not matter, else with a group's cells. */
class MapBuilder {
  private readonly slots = new Uint16Array(SLOTS);
  private readonly groups: Uint16Array[] = [];
  private readonly table: readonly TableRow[];
  private readonly patterns: readonly Pattern[];

  constructor(table: readonly TableRow[], patterns: readonly Pattern[]) {
    this.table = table;
    this.patterns = patterns;
  }

  claim(rowNumber: number, pattern: Pattern, slot: number): void {
    const entry = this.slots[slot] ?? 0;
    if (entry === 0 && !pattern.constrained) {
      this.slots[slot] = rowNumber;
    } else if (entry !== 0 && entry < GROUP_FLAG) {
      this.meet(entry, rowNumber, pattern);
    } else {
      this.claimCells(rowNumber, pattern, this.groupAt(slot, entry));
    }
  }

  finish(rows: readonly (CompiledRow | undefined)[]): OpcodeMap {
    const groups = new Uint16Array(this.groups.length * MODRM_CELLS);
    this.groups.forEach((cells, index) => {
      groups.set(cells, index * MODRM_CELLS);
    });
    return { rows, slots: this.slots, groups };
  }

  private groupAt(slot: number, entry: number): Uint16Array {
    const known = entry === 0 ? undefined : this.groups[entry - GROUP_FLAG];
    if (known !== undefined) return known;
    const cells = new Uint16Array(MODRM_CELLS);
    this.slots[slot] = GROUP_FLAG | this.groups.length;
    this.groups.push(cells);
    return cells;
  }

  private claimCells(rowNumber: number, pattern: Pattern, cells: Uint16Array): void {
    for (const cell of pattern.cells) {
      const holder = cells[cell] ?? 0;
      if (holder === 0) cells[cell] = rowNumber;
      else this.meet(holder, rowNumber, pattern);
    }
  }

  /** A place is taken: in order only if the newcomer fills what others leave and the holder has a prefix. */
  private meet(holder: number, rowNumber: number, pattern: Pattern): void {
    if (pattern.fallback && this.patterns[holder - 1]?.fallback === false) return;
    const names = [holder, rowNumber].map((number) => this.table[number - 1]?.encoding);
    throw new Error(`Two opcode rows claim one encoding: "${names.join('" and "')}"`);
  }
}

/** Rows with a prefix of their own come first, those for any prefix fill the rest. */
export const buildOpcodeMap = (table: readonly TableRow[]): OpcodeMap => {
  const patterns = table.map((row) => parseEncoding(row.encoding));
  const builder = new MapBuilder(table, patterns);
  for (const fallback of [false, true]) {
    table.forEach((row, index) => {
      const pattern = patterns[index];
      if (pattern === undefined || pattern.fallback !== fallback) return;
      for (const column of columnsOf(row, pattern)) {
        for (const prefix of pattern.prefixes) {
          for (let n = 0; n < pattern.opcodes; n++) {
            builder.claim(index + 1, pattern, slotOf(column, pattern.map, prefix, pattern.opcode + n));
          }
        }
      }
    });
  }
  const compiled = table.map((row, index) => compileRow(row, patterns[index] ?? parseEncoding(row.encoding)));
  return builder.finish([undefined, ...compiled]);
};

/** By row number: 1 where a CPU with these features has the instruction. */
export const availableRows = (map: OpcodeMap, features: ReadonlySet<CpuFeature>): Uint8Array =>
  Uint8Array.from(map.rows, (compiled) => {
    if (compiled === undefined) return 0;
    const { feature } = compiled.row;
    return feature === undefined || features.has(feature) ? 1 : 0;
  });
