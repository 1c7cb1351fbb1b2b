// Reads the one-instruction tests of `cpu-realmode16` and runs them on a machine for vectors.
// Format and comparison rules: the README of the vectors.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { decode } from '../../../src-main/engine/x86/decode/decoder.ts';
import { CPU_MODELS } from '../../../src-main/engine/x86/models/index.ts';
import { readRealModeRegister, setRealModeRegisters, type VectorMachine } from './machines.ts';

export interface VectorHeader {
  readonly file: string;
  readonly mnemonic: string;
  readonly status: 'normal' | 'alias' | 'undocumented' | 'fpu';
  readonly flagsMask: number;
  readonly regs: readonly string[];
}

export interface Vector {
  readonly i: number;
  /** Disassembly, and the instruction in hex with the HLT that ends it. */
  readonly n: string;
  readonly b: string;
  /** Initial registers in header order. */
  readonly r: readonly number[];
  readonly m: readonly (readonly [number, number])[];
  /** Registers and memory that changed. */
  readonly R: Readonly<Record<string, number>>;
  readonly M: readonly (readonly [number, number])[];
  readonly x?: number;
  readonly fa?: number;
  readonly c?: string;
}

export interface VectorFile {
  readonly header: VectorHeader;
  readonly vectors: readonly Vector[];
}

export const vectorFiles = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl.gz'))
    .sort();

export function readVectors(folder: string, name: string): VectorFile {
  const lines = gunzipSync(readFileSync(join(folder, name)))
    .toString('utf8')
    .trimEnd()
    .split('\n');
  const [header, ...vectors] = lines.map((line): unknown => JSON.parse(line));
  return { header: header as VectorHeader, vectors: vectors as Vector[] };
}

/** Longest instruction of an 80286; later processors take 15 bytes. */
const LONGEST_286 = 10;

/**
 * Vectors that no processor since the 80386 can pass: LOCK before an instruction that does not take it is #UD there,
 * and instructions of more than ten bytes are not.
 */
export function is286Only(vector: Vector): boolean {
  const bytes = Uint8Array.from(Buffer.from(vector.b, 'hex'));
  const result = decode(bytes, 0, bytes.length - 1, { codeBits: 16 }, CPU_MODELS.pentium3.features, false);
  if (!result.ok) return result.fault === 6 && /\block\b/.test(vector.n);
  return vector.x === 13 && result.instruction.length > LONGEST_286;
}

const LIMIT_EXCEPTION_VECTOR = 13 * 4;
const STACK_EXCEPTION_VECTOR = 12 * 4;

/**
 * An 80286 raises 13 also where an access leaves the stack segment, later processors raise 12: in vectors that
 * test a limit both lead to the same handler.
 */
function withStackException(vector: Vector): Vector['m'] {
  if (vector.c !== 'limit') return vector.m;
  const copies = vector.m
    .filter(([address]) => address >= LIMIT_EXCEPTION_VECTOR && address < LIMIT_EXCEPTION_VECTOR + 4)
    .map(([address, value]) => [address - LIMIT_EXCEPTION_VECTOR + STACK_EXCEPTION_VECTOR, value] as const);
  return [...vector.m, ...copies];
}

/** An 80286 leaves the registers of a string instruction that faults already moved; later ones can restart it. */
const isMovedByFault = (header: VectorHeader, vector: Vector, name: string): boolean =>
  vector.c === 'limit' &&
  /^(movs|cmps|stos|lods|scas|ins|outs)/.test(header.mnemonic) &&
  /^([sd]i|cx)$/.test(name);

const INITIAL_FLAGS = 0x0fff;
const TRAP_FLAG = 0x100;
const ARITHMETIC_FLAGS = 0x8d5;
/** A repeated string instruction counts once per pass. */
const INSTRUCTION_LIMIT = 200_000;

const hex = (value: number | undefined): string => (value ?? 0).toString(16).toUpperCase();

/** Compares FLAGS under the rules of the README. */
const flagsDiffer = (actual: number, expected: number, mask: number): boolean =>
  ((actual ^ expected) & mask & INITIAL_FLAGS & ~TRAP_FLAG) !== 0;

function compareRegisters(machine: VectorMachine, header: VectorHeader, vector: Vector): string[] {
  const problems: string[] = [];
  header.regs.forEach((name, index) => {
    const expected = vector.R[name] ?? vector.r[index] ?? 0;
    const actual = readRealModeRegister(machine.cpu, name);
    if (isMovedByFault(header, vector, name)) return;
    const wrong =
      name === 'flags' ? flagsDiffer(actual, expected, flagsMaskOf(header, vector)) : actual !== expected;
    if (wrong) problems.push(`${name} ${hex(actual)} not ${hex(expected)}`);
  });
  return problems;
}

/** Instructions that store FLAGS themselves; their word has processor-specific bits 12-15. */
const storesFlags = (mnemonic: string): boolean => /^(pushf|int|into)/i.test(mnemonic);

function compareMemory(machine: VectorMachine, header: VectorHeader, vector: Vector): string[] {
  const problems: string[] = [];
  const expected = new Map<number, number>([...vector.m, ...vector.M]);
  const flagsAt = flagsWord(machine, header, vector);
  if (flagsAt !== undefined) {
    const mask = vector.x === undefined ? INITIAL_FLAGS : flagsMaskOf(header, vector);
    const low = machine.memory[flagsAt] ?? 0;
    const actual = low | ((machine.memory[flagsAt + 1] ?? 0) << 8);
    const wanted = (expected.get(flagsAt) ?? 0) | ((expected.get(flagsAt + 1) ?? 0) << 8);
    if (flagsDiffer(actual, wanted, mask)) problems.push(`pushed flags ${hex(actual)} not ${hex(wanted)}`);
    expected.delete(flagsAt);
    expected.delete(flagsAt + 1);
  }
  for (const [address, value] of expected) {
    const actual = machine.memory[address] ?? 0;
    if (actual !== value) problems.push(`[${hex(address)}] ${hex(actual)} not ${hex(value)}`);
  }
  return problems;
}

/** After a divide error the arithmetic flags are undefined. */
const flagsMaskOf = (header: VectorHeader, vector: Vector): number =>
  vector.x === 0 ? header.flagsMask & ~ARITHMETIC_FLAGS : header.flagsMask;

function flagsWord(machine: VectorMachine, header: VectorHeader, vector: Vector): number | undefined {
  if (vector.fa !== undefined) return vector.fa;
  if (!storesFlags(header.mnemonic) || vector.M.length === 0) return undefined;
  const sp = readRealModeRegister(machine.cpu, 'sp');
  const frame = /^pushf/i.test(header.mnemonic) ? 0 : 4;
  return readRealModeRegister(machine.cpu, 'ss') * 16 + ((sp + frame) & 0xffff);
}

function setByte(machine: VectorMachine, address: number, value: number): void {
  machine.memory[address] = value;
  machine.memoryChanged(address);
}

/** Runs one vector; undefined when it passes. */
export function runVector(machine: VectorMachine, header: VectorHeader, vector: Vector): string | undefined {
  const initial: Record<string, number> = {};
  header.regs.forEach((name, index) => {
    const value = vector.r[index] ?? 0;
    initial[name] = name === 'flags' ? (value & INITIAL_FLAGS) | 2 : value;
  });
  const memory = withStackException(vector);
  for (const [address, value] of memory) setByte(machine, address, value);
  setRealModeRegisters(machine.cpu, initial);
  const halted = machine.runToHalt(INSTRUCTION_LIMIT);
  const problems = halted
    ? [...compareRegisters(machine, header, vector), ...compareMemory(machine, header, vector)]
    : ['no HLT'];
  for (const [address] of [...memory, ...vector.M]) setByte(machine, address, 0);
  if (problems.length === 0) return undefined;
  return `${header.file} #${vector.i} ${vector.n}${vector.c ? ` (${vector.c})` : ''}: ${problems.join(', ')}`;
}
