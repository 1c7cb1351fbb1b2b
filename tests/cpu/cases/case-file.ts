// Reads case files: a stage, what is put on it, code with its disassembly, and what must be true at the end.
//
//   stage protected 3            real; protected, virtual or long, with CPL (for virtual: IOPL)
//   descriptor 60 base 0 limit fffff access c09b
//   gate 60 type c dpl 3 selector 8 offset 6000 params 1      in the GDT; `vector` likewise, in the IDT
//   pages 11000 0 40 7           entries of a page table: address, first page, count, flags (identity)
//   set eax 1234                 a register by name, or a field of the CPU block
//   byte, word, dword, qword 8000 1234
//   nmi, interrupt 40            asked for before the first instruction
//   at 5000 32                   code for so many bits: bytes ; disassembly
//     B8 34 12 00 00 ; MOV EAX, 1234h
//   stop halt
//   expect eax 1234              also byte, word, dword, qword; `mask` and a number may follow
//
// Numbers are hexadecimal but for bits of code; # begins a comment.

import type { CpuContext } from '../../../src-main/engine/x86/helpers/cpu-context.ts';
import { CPU_FIELDS, type CpuFieldName, GPR_INDEX, SEGMENT_INDEX } from '../../../src-main/engine/x86/state/cpu-state.ts';
import {
  longCpu, protectedCpu, setDescriptor, setGate, setVector, virtualCpu,
} from '../../support/descriptor-tables.ts';
import { FakeCpu } from '../../support/fake-cpu.ts';
import { setSegment } from '../../../src-main/engine/x86/state/segments.ts';

export interface CodeLine {
  readonly bits: 16 | 32 | 64;
  readonly bytes: readonly number[];
  readonly text: string;
}

export interface Expectation {
  readonly line: string;
  readonly what: readonly string[];
  readonly value: bigint;
  readonly mask: bigint;
}

export interface CpuCase {
  readonly stage: FakeCpu;
  readonly code: readonly CodeLine[];
  readonly events: readonly { readonly kind: 'nmi' | 'interrupt'; readonly vector: number }[];
  readonly stop: string;
  readonly expectations: readonly Expectation[];
}

const SIZES = { byte: 1, word: 2, dword: 4, qword: 8 } as const;
const ALL_BITS = (1n << 64n) - 1n;
const number = (text: string | undefined): number => {
  const value = Number.parseInt(text ?? '', 16);
  if (Number.isNaN(value)) throw new Error(`"${text}" is not a number`);
  return value;
};
const big = (text: string | undefined): bigint => BigInt(`0x${text}`);

const STAGES: Readonly<Record<string, (level: 0 | 3) => FakeCpu>> = {
  real: () => realCpu(),
  protected: protectedCpu,
  virtual: virtualCpu,
  long: longCpu,
};

/** Real mode with all segments at 0. */
function realCpu(): FakeCpu {
  const cpu = new FakeCpu();
  for (let index = 0; index < 6; index++) setSegment(cpu, index, 0, 0x93, 0, 0xffff);
  cpu.setHalves('rip', 0x5000, 0);
  cpu.setHalves('gpr', 0x9000, 0, GPR_INDEX.rsp);
  cpu.updateMode();
  return cpu;
}

/** Words by name: `base 0 limit fffff` becomes {base: 0, limit: 0xfffff}. */
const named = (words: readonly string[]): Record<string, number> => {
  const result: Record<string, number> = {};
  for (let i = 0; i < words.length; i += 2) result[words[i] as string] = number(words[i + 1]);
  return result;
};

const gateOf = (words: readonly string[]) => {
  const { type = 0xe, dpl = 0, selector = 8, offset = 0, params = 0, high } = named(words);
  return { type, dpl, selector, offset, parameters: params, ...(high === undefined ? {} : { offsetHigh: high }) };
};

export function readRegister(cpu: CpuContext, name: string): bigint {
  if (name === 'eflags') return BigInt(cpu.readFlags());
  if (name in SEGMENT_INDEX) return BigInt(cpu.get32('segmentSelector', SEGMENT_INDEX[name as keyof typeof SEGMENT_INDEX]));
  const wide = name.replace(/^e(?=..$)/, 'r');
  if (wide in GPR_INDEX) return cpu.get64('gpr', GPR_INDEX[wide as keyof typeof GPR_INDEX]);
  const [field, index] = fieldOf(name);
  return CPU_FIELDS[field].bits === 32 ? BigInt(cpu.get32(field, index)) : cpu.get64(field, index);
}

function setRegister(cpu: CpuContext, name: string, value: bigint): void {
  const wide = name.replace(/^e(?=..$)/, 'r');
  if (name === 'eflags') cpu.writeFlags(Number(value));
  else if (wide in GPR_INDEX) cpu.set64('gpr', value, GPR_INDEX[wide as keyof typeof GPR_INDEX]);
  else {
    const [field, index] = fieldOf(name);
    if (CPU_FIELDS[field].bits === 32) cpu.set32(field, Number(value), index);
    else cpu.set64(field, value, index);
  }
}

/** `dr6` is the element 6 of a field that has several. */
function fieldOf(name: string): [CpuFieldName, number] {
  if (name in CPU_FIELDS) return [name as CpuFieldName, 0];
  const match = /^([a-zA-Z]+)(\d)$/.exec(name);
  if (match === null || !((match[1] as string) in CPU_FIELDS)) throw new Error(`no register is called "${name}"`);
  return [match[1] as CpuFieldName, Number(match[2])];
}

function writeNumber(cpu: FakeCpu, size: keyof typeof SIZES, address: number, value: bigint): void {
  for (let i = 0; i < SIZES[size]; i++) cpu.memory[address + i] = Number((value >> BigInt(8 * i)) & 0xffn);
}

export function parseCase(text: string): CpuCase {
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').trim()).filter((line) => line !== '');
  const code: CodeLine[] = [];
  const events: { kind: 'nmi' | 'interrupt'; vector: number }[] = [];
  const expectations: Expectation[] = [];
  let stage = realCpu();
  let stop = 'halt';
  let place = { address: 0, bits: 32 as 16 | 32 | 64 };
  for (const line of lines) {
    const [word = '', ...rest] = line.split(/\s+/);
    const [first = '', second = ''] = rest;
    if (/^[0-9A-F]{2}$/.test(word)) {
      const [hex = '', disassembly = ''] = line.split(';');
      const bytes = hex.trim().split(/\s+/).map(number);
      stage.memory.set(bytes, place.address);
      code.push({ bits: place.bits, bytes, text: disassembly.trim() });
      place = { ...place, address: place.address + bytes.length };
    } else if (word === 'stage') stage = (STAGES[first] as (typeof STAGES)[string])(number(second === '' ? '0' : second) as 0 | 3);
    else if (word === 'at') place = { address: number(first), bits: Number(second) as 16 | 32 | 64 };
    else if (word === 'descriptor') setDescriptor(stage, number(first), { access: 0, ...named(rest.slice(1)) });
    else if (word === 'gate') setGate(stage, number(first), gateOf(rest.slice(1)));
    else if (word === 'vector') setVector(stage, number(first), gateOf(rest.slice(1)));
    else if (word === 'pages') {
      const [table, from, count, flags] = rest.map(number) as [number, number, number, number];
      for (let page = from; page < from + count; page++) stage.view.setUint32(table + page * 4, (page << 12) | flags, true);
    } else if (word === 'set') setRegister(stage, first, big(second));
    else if (word in SIZES) writeNumber(stage, word as keyof typeof SIZES, number(first), big(second));
    else if (word === 'nmi') events.push({ kind: 'nmi', vector: 2 });
    else if (word === 'interrupt') events.push({ kind: 'interrupt', vector: number(first) });
    else if (word === 'stop') stop = first;
    else if (word === 'expect') expectations.push(expectation(line, rest));
    else throw new Error(`a case has no line "${line}"`);
  }
  stage.updateMode();
  return { stage, code, events, stop, expectations };
}

function expectation(line: string, words: readonly string[]): Expectation {
  const masked = words.indexOf('mask');
  const plain = masked < 0 ? words : words.slice(0, masked);
  return {
    line,
    what: plain.slice(0, -1),
    value: big(plain.at(-1)),
    mask: masked < 0 ? ALL_BITS : big(words[masked + 1]),
  };
}

export function valueOfExpectation(cpu: CpuContext, memory: Uint8Array, { what }: Expectation): bigint {
  const [first = '', address] = what;
  if (!(first in SIZES)) return readRegister(cpu, first);
  let value = 0n;
  for (let i = SIZES[first as keyof typeof SIZES] - 1; i >= 0; i--) value = (value << 8n) | BigInt(memory[number(address) + i] ?? 0);
  return value;
}
