// What the rest of a block is likely to access around an address: from decoded operands alone, and only a guess. A wrong one
// makes a check wider than it need be, or leaves accesses to checks of their own.

import type { Instruction } from '../../x86/decode/instruction.ts';
import { GPR_INDEX } from '../../x86/state/cpu-state.ts';
import type { Placed } from './region.ts';

/** Counted from what the register holds before the first instruction. */
export interface AccessRange {
  readonly low: number;
  readonly end: number;
}

/** A wider one would lie in two pages too often, and then its region is left for nothing. */
const MAX_RANGE = 256;
const READS_ONLY: ReadonlySet<string> = new Set(['CMP', 'TEST', 'BT', 'PUSH', 'CALL', 'JMP', 'NOP']);
const NO_ACCESS: ReadonlySet<string> = new Set(['LEA', 'NOP']);

class RangeFinder {
  readonly #register: number;
  readonly #wordBytes: number;
  /** What the register has grown by. */
  #shift = 0;
  #low = Number.POSITIVE_INFINITY;
  #end = Number.NEGATIVE_INFINITY;

  constructor(register: number, wordBytes: number) {
    this.#register = register;
    this.#wordBytes = wordBytes;
  }

  get range(): AccessRange | undefined {
    return this.#end < this.#low ? undefined : { low: this.#low, end: this.#end };
  }

  /** False where the register becomes something else. */
  take(instruction: Instruction): boolean {
    const { row, operands, memory } = instruction;
    const { mnemonic } = row;
    const [first] = operands;
    if (memory !== undefined && memory.base === this.#register && memory.index < 0 && !NO_ACCESS.has(mnemonic)) {
      const bits = operands.find(({ kind }) => kind === 'memory')?.bits ?? 0;
      this.#access(this.#shift + memory.displacement, bits / 8);
    }
    if (this.#register === GPR_INDEX.rsp && this.#stack(mnemonic)) return true;
    if (first?.kind !== 'register' || first.file !== 'gpr' || first.index !== this.#register) return true;
    if (READS_ONLY.has(mnemonic)) return true;
    const step = this.#stepOf(instruction);
    this.#shift += step ?? 0;
    return step !== undefined;
  }

  /** What an instruction adds to the register; undefined where it makes something else of it. */
  #stepOf({ row: { mnemonic }, operands, memory }: Instruction): number | undefined {
    if (mnemonic === 'INC') return 1;
    if (mnemonic === 'DEC') return -1;
    const isOwn = memory?.base === this.#register && memory.index < 0;
    if (mnemonic === 'LEA') return isOwn ? memory.displacement : undefined;
    const [, second] = operands;
    if (second?.kind !== 'immediate' || (mnemonic !== 'ADD' && mnemonic !== 'SUB')) return undefined;
    return mnemonic === 'ADD' ? second.low : -second.low;
  }

  #stack(mnemonic: string): boolean {
    const bytes = this.#wordBytes;
    if (mnemonic === 'PUSH' || mnemonic === 'CALL') {
      this.#shift -= bytes;
      this.#access(this.#shift, bytes);
    } else if (mnemonic === 'POP' || mnemonic === 'RET') {
      this.#access(this.#shift, bytes);
      this.#shift += bytes;
    } else return false;
    return true;
  }

  #access(at: number, bytes: number): void {
    const low = Math.min(this.#low, at);
    const end = Math.max(this.#end, at + bytes);
    if (bytes === 0 || end - low > MAX_RANGE) return;
    this.#low = low;
    this.#end = end;
  }
}

/** Of a block's instructions from one of them on; undefined where none accesses memory so. */
export function likelyRange(instructions: readonly Placed[], from: number, register: number, wordBytes: number): AccessRange | undefined {
  const finder = new RangeFinder(register, wordBytes);
  for (let at = from; at < instructions.length; at++) {
    if (!finder.take((instructions[at] as Placed).instruction)) break;
  }
  return finder.range;
}
