// One decoded instruction: the decoder's only output, read by interpreter records, JIT and disassembler.
// Reference: Intel SDM vol. 2A chapter 2 (format), vol. 2D appendix A (operand codes of the rows).

import type { CpuFeature } from '../models/cpu-model.ts';

/** Condition codes in encoding order: O NO B NB Z NZ BE NBE S NS P NP L NL LE NLE. */
export type ConditionCode = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15;

/** One row of an opcode table: everything about an encoding that is not its meaning. */
export interface OpcodeRow {
  /** Intel's mnemonic in upper case; also the key of the semantics function (`semantics/index.ts`). */
  readonly mnemonic: string;
  /**
   * Operand codes of SDM appendix A.2 ("Eb", "Gv", "Iz", "Xv", …), fixed registers ("AL", "rAX", "CL", "DX",
   * "ES"…) or the constant "1". Destination first. "Zb"/"Zv" is the register in the low opcode bits.
   */
  readonly operands: readonly string[];
  /** For Jcc, SETcc, CMOVcc. */
  readonly condition?: ConditionCode;
  /** LOCK is allowed (with a memory destination). */
  readonly lock?: true;
  /** F2/F3 act as REP/REPE/REPNE rather than as a mandatory prefix. */
  readonly repeat?: true;
  /** In 64-bit code: not encodable, or only there; operand size is 64 by default, or always. */
  readonly long?: 'invalid' | 'only' | 'default64' | 'force64';
  /** #UD in real and virtual-8086 mode. */
  readonly protectedOnly?: true;
  /** #UD without this CPUID feature. */
  readonly feature?: CpuFeature;
  /** Needs CR0/CR4 permission before anything else: #UD or #NM by the mode word. */
  readonly unit?: 'x87' | 'mmx' | 'sse';
  /** A memory operand of 128 bits must be aligned: else #GP(0). */
  readonly aligned?: true;
  /** Only at CPL 0 (real mode counts as 0): else #GP(0). */
  readonly privileged?: true;
  /** Nothing sequential follows: jumps, returns, faults always. Ends a block. */
  readonly ends?: true;
}

export type RegisterFile = 'gpr' | 'segment' | 'control' | 'debug' | 'xmm' | 'mmx' | 'x87';

export type DecodedOperand =
  /** `high8`: AH, CH, DH or BH, with `index` 0-3. */
  | {
      readonly kind: 'register';
      readonly file: RegisterFile;
      readonly index: number;
      readonly bits: number;
      readonly high8: boolean;
    }
  /** Address in the instruction's `memory`. `bits` 0 where no data is accessed (LEA, INVLPG, FXSAVE). */
  | { readonly kind: 'memory'; readonly bits: number }
  /**
   * Sign- or zero-extended to `bits` as the opcode says; `low` and `high` are its signed 32-bit halves. Of 8 and
   * 16 bits `low` has no upper bits set, and `high` is 0 below 64 bits.
   */
  | { readonly kind: 'immediate'; readonly bits: number; readonly low: number; readonly high: number }
  /** Signed displacement from the next instruction. */
  | { readonly kind: 'relative'; readonly bits: number; readonly displacement: number }
  /** ptr16:16 or ptr16:32. */
  | { readonly kind: 'far'; readonly bits: number; readonly selector: number; readonly offset: number };

export interface MemoryAddress {
  /** `SEGMENT_INDEX` after default and override (in 64-bit code only FS and GS have a base). */
  readonly segment: number;
  /** GPR index, or -1. */
  readonly base: number;
  readonly index: number;
  readonly scale: 1 | 2 | 4 | 8;
  /** Signed halves; `displacementHigh` is the sign except for a 64-bit moffs. */
  readonly displacement: number;
  readonly displacementHigh: number;
  /** Displacement counts from the next instruction. */
  readonly ripRelative: boolean;
}

export interface Instruction {
  readonly row: OpcodeRow;
  /** Bytes, 1 to 15. */
  readonly length: number;
  readonly operandBits: 16 | 32 | 64;
  readonly addressBits: 16 | 32 | 64;
  readonly lock: boolean;
  readonly repeat: 'none' | 'rep' | 'repne';
  /** Segment of string sources and of `memory`, override applied. */
  readonly segment: number;
  readonly operands: readonly DecodedOperand[];
  readonly memory: MemoryAddress | undefined;
}

/** What `decode` answers. `fault`: 6 (#UD), or 13 (#GP: longer than 15 bytes). */
export type DecodeResult =
  | { readonly ok: true; readonly instruction: Instruction }
  | { readonly ok: false; readonly fault: 6 | 13; readonly length: number }
  /** The bytes given end before the instruction does: fetch more or fault there. */
  | { readonly ok: false; readonly fault: 'short' };
