// Which low halves of XMM registers a region's blocks will compute with as doubles: what is known of these is worth keeping from
// block to block. Only a guess at what translation finds; nothing is emitted here. Reference: SDM vol. 1, 11.4.1.

import type { Instruction } from '../../x86/decode/instruction.ts';
import type { Region } from './region.ts';
import { successors } from './region-loops.ts';

const OF_BOTH = /^(ADD|SUB|MUL|DIV|MIN|MAX|U?COMI)SD$/;
const OF_SOURCE = /^(SQRTSD|CVTSD2SS)$/;
const COMPARISON = /^U?COMIS/;
const COPY = /^(MOVAP[SD]|MOVUP[SD]|MOVDQ[AU]|MOVSD)$/;

/** Register numbers, by the offset of the block that they are awaited at. */
export type AwaitedDoubles = ReadonlyMap<number, ReadonlySet<number>>;

export function awaitedDoubles(region: Region): AwaitedDoubles {
  const awaited = new Map<number, Set<number>>();
  for (const offset of region.blocks.keys()) awaited.set(offset, new Set());
  for (let changes = true; changes; ) {
    changes = false;
    for (const block of region.blocks.values()) {
      const registers = new Set<number>();
      for (const next of successors(region, block)) for (const index of awaited.get(next) ?? []) registers.add(index);
      for (const { instruction } of [...block.instructions].reverse()) awaitBefore(instruction, registers);
      changes ||= registers.size !== awaited.get(block.offset)?.size;
      awaited.set(block.offset, registers);
    }
  }
  return awaited;
}

const vectorAt = ({ operands }: Instruction, at: number): number => {
  const operand = operands[at];
  return operand?.kind === 'register' && operand.file === 'xmm' ? operand.index : -1;
};

/** Turns what is awaited behind an instruction into what is before it. */
function awaitBefore(instruction: Instruction, registers: Set<number>): void {
  const { mnemonic } = instruction.row;
  const [destination, source] = [vectorAt(instruction, 0), vectorAt(instruction, 1)];
  const isOfBoth = OF_BOTH.test(mnemonic);
  const isAwaited = registers.has(destination);
  if (!COMPARISON.test(mnemonic)) registers.delete(destination);
  if (isOfBoth && destination >= 0) registers.add(destination);
  if ((isOfBoth || OF_SOURCE.test(mnemonic) || (isAwaited && COPY.test(mnemonic))) && source >= 0) registers.add(source);
}
