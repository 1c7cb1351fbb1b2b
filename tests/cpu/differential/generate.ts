// Random programs: instructions of every opcode row that has a meaning here, between pointer loads, loops, calls,
// repeated string instructions, jumps through registers and stores into code that is still to come.
//
// Left out: what depends on time or chance (RDTSC, RDRAND), far transfers and returns to random places, and what
// would take the scene apart (control registers, descriptor tables, MSRs, HLT).

import type { Instruction } from '../../../src-main/engine/x86/decode/instruction.ts';
import { OPCODE_ROWS } from '../../../src-main/engine/x86/decode/opcode-map.ts';
import type { TableRow } from '../../../src-main/engine/x86/decode/table-row.ts';
import { X86_64_V2 } from '../../../src-main/engine/x86/models/x86-64-v2.ts';
import { GPR_INDEX } from '../../../src-main/engine/x86/state/cpu-state.ts';
import { dataOffset, decodePiece, type Encoded, encodeRow, isBranch } from './encode-row.ts';
import type { Piece, Program, Step } from './program.ts';
import { Random } from './random.ts';
import { HIDDEN_DATA, isRealMode, type Scene } from './scene.ts';

const LEFT_OUT = new Set([
  'RDTSC', 'RDTSCP', 'RDPMC', 'RDRAND', 'CALL_FAR', 'JMP_FAR', 'RET_FAR', 'RET', 'IRET', 'INT', 'RSM', 'SYSENTER',
  'SYSCALL', 'SYSEXIT', 'SYSRET', 'MONITOR', 'MWAIT', 'HLT', 'MOV_TO_CR', 'MOV_TO_DR', 'LMSW', 'LGDT', 'LIDT', 'LLDT',
  'LTR', 'RDMSR', 'WRMSR', 'SWAPGS', 'CLTS',
]);
const THROUGH_REGISTER = (row: TableRow): boolean =>
  (row.mnemonic === 'CALL' || row.mnemonic === 'JMP') && row.operands.includes('Ev');
const MOVES_STACK = new Set(['LEAVE', 'ENTER', 'POPA', 'LSS']);
const LOADS_SEGMENT = new Set(['MOV_TO_SEGMENT', 'POP_SEGMENT', 'LDS', 'LES', 'LFS', 'LGS']);

const isUsable = (row: TableRow): boolean =>
  !LEFT_OUT.has(row.mnemonic) && !THROUGH_REGISTER(row) && (row.feature === undefined || X86_64_V2.features.has(row.feature));

const USABLE = OPCODE_ROWS.filter(isUsable);
const BRANCHES = USABLE.filter(isBranch);
const STRAIGHT = USABLE.filter((row) => !isBranch(row));
const INTEGER = STRAIGHT.filter((row) => row.unit === undefined);
const FLOAT = STRAIGHT.filter((row) => row.unit === 'x87' || row.unit === 'mmx');
const VECTOR = STRAIGHT.filter((row) => row.unit === 'sse');
const STRINGS = INTEGER.filter((row) => row.repeat === true);

/** How many rows programs are made from. */
export const ROW_COUNT = USABLE.length;

export interface GeneratorOptions {
  readonly scenes: readonly Scene[];
  /** Without: only general registers, as far as the oracle goes. */
  readonly vectors: boolean;
}

export function generate(seed: number, { scenes, vectors }: GeneratorOptions): Program {
  const random = new Random(seed);
  const scene = random.pick(scenes);
  const steps = new Generator(random, scene, vectors).generate();
  // Often so near the end of a page that the program runs over it.
  const start = random.chance(0.5) ? 0x100 : 0x1000 - random.below(0x80);
  return { scene, seed, start, steps };
}

class Generator {
  readonly #random: Random;
  readonly #scene: Scene;
  readonly #steps: Step[] = [];
  readonly #subroutines: number[] = [];
  readonly #rows: readonly TableRow[];
  #nextId = 0;

  constructor(random: Random, scene: Scene, vectors: boolean) {
    this.#random = random;
    this.#scene = scene;
    const kind = random.below(vectors ? 10 : 6);
    this.#rows = kind < 6 ? INTEGER : kind < 8 ? [...INTEGER, ...FLOAT] : [...INTEGER.slice(0, 80), ...VECTOR];
  }

  generate(): Step[] {
    const random = this.#random;
    for (const index of [0, 1, 2, 3, 5, 6, 7]) if (random.chance(0.7)) this.#pointer(index);
    if (this.#rows.includes(VECTOR[0] as TableRow)) this.#loadVectors();
    this.#body(4 + random.below(24), 2);
    if (this.#rows.includes(VECTOR[0] as TableRow)) this.#storeVectors();
    this.#step({ bytes: [0xf4] });
    for (const id of this.#subroutines) {
      this.#nextId = Math.max(this.#nextId, id);
      this.#pieces(id, [{ bytes: [0x90] }]);
      this.#body(1 + random.below(4), 0);
      this.#step({ bytes: [0xc3] });
    }
    return this.#steps;
  }

  #pieces(id: number, pieces: readonly Piece[]): void {
    this.#steps.push({ id, pieces });
    this.#nextId = Math.max(this.#nextId, id + 1);
  }
  #step(...pieces: Piece[]): void {
    this.#pieces(this.#nextId, pieces);
  }

  #body(count: number, depth: number): void {
    const random = this.#random;
    for (let i = 0; i < count; i++) {
      const choice = random.below(100);
      if (choice < 8) this.#pointer(random.pick([0, 1, 2, 3, 5, 6, 7]));
      else if (choice < 18) this.#branch(count - i);
      else if (choice < 22 && depth > 0) this.#loop(depth);
      else if (choice < 25) this.#strings();
      else if (choice < 27 && depth > 0) this.#call();
      else if (choice < 29) this.#throughRegister(count - i);
      else if (choice < 32) this.#modifyCode();
      else if (choice < 33) this.#interrupt();
      else this.#instruction();
    }
  }

  #instruction(): void {
    for (let attempt = 0; attempt < 20; attempt++) {
      const row = this.#random.pick(this.#rows);
      const encoded = encodeRow(this.#random, row, this.#scene);
      if (encoded !== undefined && this.#isTame(encoded.instruction)) {
        this.#step(encoded);
        return;
      }
    }
  }

  /** Not often: moving the stack away or loading a segment register, which mostly faults. */
  #isTame({ row, operands }: Instruction): boolean {
    const random = this.#random;
    if (MOVES_STACK.has(row.mnemonic)) return random.chance(0.1);
    if (LOADS_SEGMENT.has(row.mnemonic)) return random.chance(0.2);
    const touchesStack = operands.some((o) => o.kind === 'register' && o.file === 'gpr' && o.index === GPR_INDEX.rsp && !o.high8);
    return !touchesStack || random.chance(0.1);
  }

  /** A register gets an address of the data area. */
  #pointer(index: number): void {
    this.#step(this.#moveImmediate(index, dataOffset(this.#random, this.#scene)));
  }
  #moveImmediate(index: number, value: number): Piece {
    return { bytes: [0xb8 + index, ...little(value, this.#scene.codeBits === 16 ? 2 : 4)] };
  }

  /** A forward branch of any kind. */
  #branch(left: number): void {
    const distance = 1 + this.#random.below(Math.min(left, 6));
    this.#step(...this.#branchTo(this.#random.pick(BRANCHES), this.#nextId + distance));
  }
  #branchTo(row: TableRow, step: number): Piece[] {
    for (let attempt = 0; attempt < 20; attempt++) {
      const encoded = encodeRow(this.#random, row, this.#scene);
      if (encoded !== undefined) return [{ bytes: encoded.bytes, fixups: [relativeFixup(encoded, row, step)] }];
    }
    return [];
  }

  #loop(depth: number): void {
    const { codeBits } = this.#scene;
    const counter = HIDDEN_DATA - this.#scene.dataBase + depth * 8;
    const address = little(counter, codeBits === 16 ? 2 : 4);
    const modRm = codeBits === 16 ? [6] : codeBits === 32 ? [5] : [4, 0x25];
    const [first, ...rest] = modRm as [number, ...number[]];
    // MOV BYTE PTR [counter], n … DEC BYTE PTR [counter]; JNZ
    this.#step({ bytes: [0xc6, first, ...rest, ...address, 2 + this.#random.below(5)] });
    const head = this.#nextId;
    this.#body(1 + this.#random.below(6), depth - 1);
    const jump: Piece =
      codeBits === 16
        ? { bytes: [0x0f, 0x85, 0, 0], fixups: [{ kind: 'relative', at: 2, bytes: 2, step: head }] }
        : { bytes: [0x0f, 0x85, 0, 0, 0, 0], fixups: [{ kind: 'relative', at: 2, bytes: 4, step: head }] };
    this.#step({ bytes: [0xfe, first | 8, ...rest, ...address] }, jump);
  }

  /** A string instruction, mostly repeated, with a small count and mostly with good pointers. */
  #strings(): void {
    const random = this.#random;
    const pieces = [this.#moveImmediate(1, random.below(40))];
    for (const index of [6, 7]) if (random.chance(0.8)) pieces.push(this.#moveImmediate(index, dataOffset(random, this.#scene)));
    const encoded = encodeRow(random, random.pick(STRINGS), this.#scene);
    if (encoded === undefined) return;
    const prefix = random.chance(0.8) ? [random.pick([0xf2, 0xf3])] : [];
    const bytes = [...prefix, ...encoded.bytes];
    if (decodePiece(bytes, this.#scene) !== undefined) this.#step(...pieces, { bytes });
  }

  #call(): void {
    const id = 10_000 + this.#subroutines.length * 1000;
    this.#subroutines.push(id);
    const narrow = this.#scene.codeBits === 16;
    this.#step({ bytes: narrow ? [0xe8, 0, 0] : [0xe8, 0, 0, 0, 0], fixups: [{ kind: 'relative', at: 1, bytes: narrow ? 2 : 4, step: id }] });
  }

  /** MOV register, target; JMP register. */
  #throughRegister(left: number): void {
    const index = this.#random.pick([0, 1, 2, 3, 5, 6, 7]);
    const step = this.#nextId + 1 + this.#random.below(Math.min(left, 4));
    const bytes = this.#scene.codeBits === 16 ? 2 : 4;
    const load: Piece = { bytes: [0xb8 + index, ...little(0, bytes)], fixups: [{ kind: 'offset', at: 1, bytes, step, byte: 0 }] };
    this.#step(load, { bytes: [0xff, 0xe0 | index] });
  }

  /** MOV BYTE PTR [a byte of an instruction to come], value: where code can be written. */
  #modifyCode(): void {
    const { codeBits, dataBase } = this.#scene;
    const random = this.#random;
    const isReal = isRealMode(this.#scene);
    if (dataBase !== 0 && !isReal) return this.#instruction();
    const head = isReal ? [0x2e, 0xc6, 6] : codeBits === 64 ? [0xc6, 4, 0x25] : [0xc6, 5];
    const bytes = isReal ? 2 : 4;
    const step = this.#nextId + 1 + random.below(4);
    this.#step({
      bytes: [...head, ...little(0, bytes), random.pick([0x90, 0x40, 0x05, random.below(256)])],
      fixups: [{ kind: 'offset', at: head.length, bytes, step, byte: random.below(6) }],
    });
    while (this.#nextId < step) this.#instruction();
    this.#pieces(step, [{ bytes: [0x81, 0xc0 | random.pick([0, 3, 6, 7]), ...little(random.next(), codeBits === 16 ? 2 : 4)] }]);
  }

  #interrupt(): void {
    this.#step({ bytes: [0xcd, 0x20 + this.#random.below(8)] });
  }

  #vectorSlot(index: number): number[] {
    const { codeBits, dataBase } = this.#scene;
    const address = HIDDEN_DATA - dataBase + 0x100 + index * 16;
    if (codeBits === 16) return [(index << 3) | 6, ...little(address, 2)];
    return codeBits === 32 ? [(index << 3) | 5, ...little(address, 4)] : [(index << 3) | 4, 0x25, ...little(address, 4)];
  }
  /** MOVUPS of XMM0-7 from and to the hidden part of the data area, where the runner can see them. */
  #loadVectors(): void {
    for (let index = 0; index < 8; index++) this.#step({ bytes: [0x0f, 0x10, ...this.#vectorSlot(index)] });
  }
  #storeVectors(): void {
    for (let index = 0; index < 8; index++) this.#step({ bytes: [0x0f, 0x11, ...this.#vectorSlot(index)] });
  }
}

function relativeFixup(encoded: Encoded, row: TableRow, step: number) {
  const bytes = row.operands.includes('Jb') ? 1 : encoded.instruction.operandBits === 16 ? 2 : 4;
  return { kind: 'relative', at: encoded.bytes.length - bytes, bytes, step } as const;
}

function little(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => (value >>> (8 * i)) & 0xff);
}
