// Loops of one block, which regions carry out several times in a row before they come back to its head: whether a loop is one of
// these, and what it accesses by registers that go up or down by the same each time. From decoded operands alone; a
// wrong guess costs a check, as in access-range.ts.

import type { Instruction } from '../../x86/decode/instruction.ts';
import { GPR_INDEX } from '../../x86/state/cpu-state.ts';
import { isSegmented } from '../interpreter/handler-shape.ts';
import { type AccessRange, likelyRange } from './access-range.ts';
import { type BasicBlock, branchTarget, type Placed } from './region.ts';

/** How often in a row. */
export const REPETITIONS = 4;
/** What takes longer gains little by it, and TurboFan's time grows with it. */
const MAX_INSTRUCTIONS = 20;
const READS_FIRST: ReadonlySet<string> = new Set(['CMP', 'TEST', 'BT', 'MUL', 'IMUL', 'DIV', 'IDIV', 'PUSH', 'CALL', 'JMP', 'NOP']);

/** What all repetitions access by a register, counted from what it holds before the first. */
export interface SharedRange extends AccessRange {
  readonly register: number;
  readonly write: boolean;
}

/** Plain integer code that conditionally goes back to where it begins. */
export function isRepeated({ offset, instructions }: BasicBlock): boolean {
  const last = instructions.at(-1) as Placed;
  if (branchTarget(last) !== offset || last.instruction.row.condition === undefined) return false;
  return instructions.length <= MAX_INSTRUCTIONS && instructions.every(({ instruction }) => isPlain(instruction));
}

function isPlain({ row, repeat, operands }: Instruction): boolean {
  return row.unit === undefined && repeat === 'none' && operands.every((one) => one.kind !== 'register' || one.file === 'gpr');
}

/** `bits`: of registers that hold addresses in this mode. */
export function sharedRanges({ instructions }: BasicBlock, mode: number, bits: number): readonly SharedRange[] {
  const all = new Array<readonly Placed[]>(REPETITIONS).fill(instructions).flat();
  const written = new Map<number, boolean>();
  for (const { instruction } of instructions) {
    const register = addressRegister(instruction, mode, bits);
    if (register !== undefined) written.set(register, written.get(register) === true || writesMemory(instruction));
  }
  return [...written].flatMap(([register, write]) => {
    const range = likelyRange(all, 0, register, bits / 8);
    return range === undefined ? [] : [{ register, write, ...range }];
  });
}

/** Of an access by one register. */
function addressRegister({ memory, segment, addressBits, operands }: Instruction, mode: number, bits: number): number | undefined {
  const isAccess = operands.some((operand) => operand.kind === 'memory' && operand.bits > 0);
  if (!isAccess || memory === undefined || memory.base < 0 || memory.base === GPR_INDEX.rsp || memory.index >= 0) return undefined;
  return addressBits === bits && !isSegmented(segment, mode) ? memory.base : undefined;
}

function writesMemory({ row, operands }: Instruction): boolean {
  return operands[0]?.kind === 'memory' && !READS_FIRST.has(row.mnemonic);
}
