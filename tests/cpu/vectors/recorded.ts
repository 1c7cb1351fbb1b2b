// Reads and runs the instruction results of `data/`, whose README describes the format.

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { CR0_PG, CR4_PAE, EFER_LMA, EFER_LME } from '../../../src-main/engine/x86/state/control-bits.ts';
import { SEGMENT_INDEX } from '../../../src-main/engine/x86/state/cpu-state.ts';
import { ACCESS_G, ACCESS_L, ACCESS_REAL, setSegment } from '../../../src-main/engine/x86/state/segments.ts';
import { enterFlatProtectedMode, type VectorMachine } from './machines.ts';

export interface RecordedVector {
  readonly n: string;
  readonly b: string;
  readonly s: number;
  readonly r: Readonly<Record<string, string>>;
  readonly f: number;
  readonly R?: Readonly<Record<string, string>>;
  readonly F?: number;
  readonly u?: number;
  readonly M?: readonly (readonly [number, number])[];
  readonly x?: number;
}

export type CodeBits = 32 | 64;

export function readRecorded(bits: CodeBits): RecordedVector[] {
  return [`data/integer${bits}.jsonl.gz`, `data/sequences${bits}.jsonl.gz`].flatMap((name) => {
    const file = new URL(name, import.meta.url);
    const lines = gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as RecordedVector);
  });
}

const CODE = 0x280000;
const DATA = 0x300000;
const DATA_BYTES = 4096;
const HANDLERS = 0x210000;
const HANDLER_BYTES = 16;
const IDT = 0x220000;
const GDT = 0x230000;
const TSS = 0x231000;
const TSS_IST1 = 0x24;
const INTERRUPT_STACK = 0x240000;
const PAGE_TABLES = 0x250000;
const HLT = 0xf4;
const COMPARED_FLAGS = 0xcd5;
export const RAM_BYTES = 4 << 20;

/** Interrupt gates 0 to 31, each to a HLT of its own; in 64-bit code on a stack of their own. */
function writeGates(view: DataView, memory: Uint8Array, bits: CodeBits): void {
  for (let vector = 0; vector < 32; vector++) {
    const handler = HANDLERS + vector * HANDLER_BYTES;
    const gate = IDT + vector * (bits === 64 ? 16 : 8);
    memory[handler] = HLT;
    view.setUint16(gate, handler & 0xffff, true);
    view.setUint16(gate + 2, 8, true);
    view.setUint16(gate + 4, bits === 64 ? 0x8e01 : 0x8e00, true);
    view.setUint16(gate + 6, handler >>> 16, true);
  }
}

/** Identity map of the first 4 MiB in two large pages. */
function enterLongMode(machine: VectorMachine, view: DataView): void {
  const { cpu } = machine;
  view.setUint32(PAGE_TABLES, (PAGE_TABLES + 0x1000) | 7, true);
  view.setUint32(PAGE_TABLES + 0x1000, (PAGE_TABLES + 0x2000) | 7, true);
  view.setUint32(PAGE_TABLES + 0x2000, 0x87, true);
  view.setUint32(PAGE_TABLES + 0x2008, 0x200087, true);
  cpu.setHalves('cr3', PAGE_TABLES, 0);
  cpu.setHalves('cr4', cpu.low('cr4') | CR4_PAE, 0);
  cpu.setHalves('efer', EFER_LME | EFER_LMA, 0);
  cpu.setHalves('cr0', (cpu.low('cr0') | CR0_PG) >>> 0, 0);
  setSegment(cpu, SEGMENT_INDEX.cs, 8, ACCESS_REAL | 8 | ACCESS_L | ACCESS_G, 0, 0xffffffff);
}

export function prepareRecorded(machine: VectorMachine, bits: CodeBits): void {
  const { cpu, memory } = machine;
  const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
  enterFlatProtectedMode(cpu);
  if (bits === 64) enterLongMode(machine, view);
  writeGates(view, memory, bits);
  view.setUint32(GDT + 8, 0x0000ffff, true);
  view.setUint32(GDT + 12, bits === 64 ? 0x00af9b00 : 0x00cf9b00, true);
  view.setUint32(TSS + TSS_IST1, INTERRUPT_STACK, true);
  setSegment(cpu, SEGMENT_INDEX.tr, 0, 0x8b, TSS, 0x67);
  cpu.setHalves('idtrBase', IDT, 0);
  cpu.set32('idtrLimit', 0xfff);
  cpu.setHalves('gdtrBase', GDT, 0);
  cpu.set32('gdtrLimit', 15);
  cpu.updateMode();
  cpu.flushTlb('all');
}

function dataOf(seed: number): Uint8Array {
  const bytes = new Uint8Array(DATA_BYTES);
  let x = seed;
  for (let k = 0; k < DATA_BYTES; k++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    bytes[k] = x >>> 24;
  }
  return bytes;
}

const initialRegister = (vector: RecordedVector, index: number, bits: CodeBits): bigint => {
  const given = vector.r[index];
  return given === undefined
    ? BigInt.asUintN(bits, 0x1111111111111111n * BigInt(index))
    : BigInt(`0x${given}`);
};

function compareData(memory: Uint8Array, vector: RecordedVector): string[] {
  const expected = dataOf(vector.s);
  for (const [offset, value] of vector.M ?? []) expected[offset] = value;
  const wrong = expected.findIndex((value, offset) => memory[DATA + offset] !== value);
  return wrong < 0 ? [] : [`[${(DATA + wrong).toString(16)}] ${memory[DATA + wrong]} not ${expected[wrong]}`];
}

function compareRegisters(machine: VectorMachine, vector: RecordedVector, bits: CodeBits): string[] {
  const problems: string[] = [];
  for (let index = 0; index < bits / 4; index++) {
    const changed = vector.R?.[index];
    const expected = changed === undefined ? initialRegister(vector, index, bits) : BigInt(`0x${changed}`);
    const actual = machine.cpu.get64('gpr', index);
    if (actual !== expected) problems.push(`r${index} ${actual.toString(16)} not ${expected.toString(16)}`);
  }
  const flags = machine.cpu.readFlags();
  const wrong = (flags ^ (vector.F ?? 0)) & COMPARED_FLAGS & ~(vector.u ?? 0);
  if (wrong !== 0) problems.push(`flags ${flags.toString(16)}, wrong bits ${wrong.toString(16)}`);
  return problems;
}

/** Runs one vector; undefined when it passes. */
export function runRecorded(
  machine: VectorMachine,
  vector: RecordedVector,
  bits: CodeBits,
): string | undefined {
  const { cpu, memory } = machine;
  const code = Buffer.from(vector.b, 'hex');
  memory.set([...code, HLT], CODE);
  machine.memoryChanged(CODE);
  memory.set(dataOf(vector.s), DATA);
  for (let index = 0; index < bits / 4; index++)
    cpu.set64('gpr', initialRegister(vector, index, bits), index);
  cpu.writeFlags(vector.f | 2);
  cpu.setHalves('rip', CODE, 0);
  const title = `${vector.n} ${vector.b}`;
  if (!machine.runToHalt(100)) return `${title}: no HLT`;
  const rip = cpu.low('rip');
  const end = vector.x === undefined ? CODE + code.length : HANDLERS + vector.x * HANDLER_BYTES;
  if (rip !== end + 1) return `${title}: ends at ${rip.toString(16)}`;
  const problems =
    vector.x === undefined
      ? [...compareRegisters(machine, vector, bits), ...compareData(memory, vector)]
      : [];
  return problems.length === 0 ? undefined : `${title}: ${problems.join(', ')}`;
}
