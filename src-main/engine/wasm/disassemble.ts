// Prints the function bodies of a module as indented text, for golden tests and for looking at generated code.
// Not a general disassembler: it knows what the engine writes, and says so where it meets anything else.
// Reference: WebAssembly core specification 2.0, sections 5.4 and 5.5.

import { OPCODES, type Opcode } from './opcodes.table.ts';

class Reader {
  at = 0;
  readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw new Error('truncated module');
    return value;
  }

  u32(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  signed(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(Number(shift) + 7, value);
    }
  }

  skip(count: number): Uint8Array {
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  float(size: 4 | 8): number {
    this.at += size;
    return size === 4 ? this.view.getFloat32(this.at - 4, true) : this.view.getFloat64(this.at - 8, true);
  }
}

const VALUE_TYPES: Readonly<Record<number, string>> = {
  127: 'i32',
  126: 'i64',
  125: 'f32',
  124: 'f64',
  123: 'v128',
};

/** Instructions outside the opcode table whose immediates are plain indices. */
const PLAIN: Readonly<Record<number, readonly [name: string, indices: number]>> = {
  0: ['unreachable', 0],
  1: ['nop', 0],
  5: ['else', 0],
  11: ['end', 0],
  12: ['br', 1],
  13: ['br_if', 1],
  15: ['return', 0],
  16: ['call', 1],
  17: ['call_indirect', 2],
  18: ['return_call', 1],
  19: ['return_call_indirect', 2],
  26: ['drop', 0],
  27: ['select', 0],
  32: ['local.get', 1],
  33: ['local.set', 1],
  34: ['local.tee', 1],
};

const OPENING: Readonly<Record<number, string>> = { 2: 'block', 3: 'loop', 4: 'if' };

function constantText(reader: Reader, op: number): string | undefined {
  if (op === 0x41) return `i32.const ${reader.signed()}`;
  if (op === 0x42) return `i64.const ${reader.signed()}`;
  if (op === 0x43) return `f32.const ${reader.float(4)}`;
  if (op === 0x44) return `f64.const ${reader.float(8)}`;
  return undefined;
}

function opcodeText(reader: Reader, opcode: Opcode): string {
  if (opcode.immediate === 'lane') return `${opcode.name} ${reader.byte()}`;
  if (opcode.immediate === 'shuffle') return `${opcode.name} ${reader.skip(16).join(' ')}`;
  if (opcode.immediate === 'none') return opcode.name;
  const align = reader.u32();
  const offset = reader.u32();
  const exact = 1 << align === opcode.size ? ' aligned' : '';
  return `${opcode.name}${offset === 0 ? '' : ` offset=${offset}`}${exact}`;
}

function prefixedText(reader: Reader, prefix: number): string {
  const sub = reader.u32();
  if (prefix === 0xfd && sub === 0x0c) return `v128.const ${reader.skip(16).join(' ')}`;
  if (prefix === 0xfc && sub === 10) return indexed(reader, 2, 'memory.copy');
  if (prefix === 0xfc && sub === 11) return indexed(reader, 1, 'memory.fill');
  const opcode = OPCODES[(prefix - 0xfb) * 0x100 + sub];
  return opcode === undefined ? `unknown ${prefix.toString(16)} ${sub}` : opcodeText(reader, opcode);
}

function instructionText(reader: Reader): string {
  const op = reader.byte();
  const opening = OPENING[op];
  if (opening !== undefined) {
    reader.byte();
    return opening;
  }
  const plain = PLAIN[op];
  if (plain !== undefined)
    return [plain[0], ...Array.from({ length: plain[1] }, () => reader.u32())].join(' ');
  if (op === 0x0e)
    return ['br_table', ...Array.from({ length: reader.u32() + 1 }, () => reader.u32())].join(' ');
  if (op === 0x1c)
    return `select ${Array.from({ length: reader.u32() }, () => VALUE_TYPES[reader.byte()]).join(' ')}`;
  if (op >= 0xfc) return prefixedText(reader, op);
  const opcode = OPCODES[op];
  return (
    constantText(reader, op) ??
    (opcode === undefined ? `unknown ${op.toString(16)}` : opcodeText(reader, opcode))
  );
}

function bodyText(reader: Reader, end: number): string[] {
  const lines: string[] = [];
  const runs = reader.u32();
  const locals: string[] = [];
  for (let run = 0; run < runs; run++) locals.push(`${reader.u32()} ${VALUE_TYPES[reader.byte()]}`);
  if (locals.length > 0) lines.push(`local ${locals.join(', ')}`);
  let depth = 0;
  while (reader.at < end) {
    const text = instructionText(reader);
    if (text === 'end' || text === 'else') depth--;
    // The last `end` closes the function.
    if (depth >= 0) lines.push('  '.repeat(depth) + text);
    if (text === 'block' || text === 'loop' || text === 'if' || text === 'else') depth++;
  }
  return lines;
}

/** One list of lines per defined function, in order. */
export function disassemble(module: Uint8Array): string[][] {
  const reader = new Reader(module);
  reader.skip(8);
  while (reader.at < module.length) {
    const id = reader.byte();
    const size = reader.u32();
    if (id !== 10) {
      reader.skip(size);
      continue;
    }
    return Array.from({ length: reader.u32() }, () => {
      const length = reader.u32();
      return bodyText(reader, reader.at + length);
    });
  }
  return [];
}

/** An instruction with memory indices, which are always 0 here. */
function indexed(reader: Reader, count: number, name: string): string {
  reader.skip(count);
  return name;
}
