// Writes decoded instructions as records. Field offsets and meanings: `record.ts`.

import type { DecodedOperand, Instruction } from '../../x86/decode/instruction.ts';
import { CPU_FIELDS, SEGMENT_STRIDE } from '../../x86/state/cpu-state.ts';
import type { MemoryViews } from '../views.ts';
import { FIELD, HANDLER, HEADER, RECORD_SIZE, registerSlot } from './record.ts';

type RegisterOperand = Extract<DecodedOperand, { kind: 'register' }>;

/** CPU block offset of a register held in the block as data, else its number. */
function registerField({ file, index, high8 }: RegisterOperand): number {
  if (file === 'gpr') return CPU_FIELDS.gpr.offset + index * CPU_FIELDS.gpr.stride + (high8 ? 1 : 0);
  if (file === 'xmm') return CPU_FIELDS.xmm.offset + index * CPU_FIELDS.xmm.stride;
  if (file === 'mmx') return CPU_FIELDS.fprSignificand.offset + index * CPU_FIELDS.fprSignificand.stride;
  return index;
}

function gprField(index: number): number {
  return index < 0 ? CPU_FIELDS.zero.offset : CPU_FIELDS.gpr.offset + index * CPU_FIELDS.gpr.stride;
}

export class RecordWriter {
  readonly #u8: Uint8Array;
  readonly #u16: Uint16Array;
  readonly #i32: Int32Array;

  constructor(views: MemoryViews) {
    this.#u8 = views.u8;
    this.#u16 = views.u16;
    this.#i32 = views.i32;
  }

  #clear(record: number): void {
    // `fill` would take as long as all the rest.
    const first = record >> 2;
    for (let at = first; at < first + RECORD_SIZE / 4; at++) this.#i32[at] = 0;
  }
  #setHandler(record: number, handler: number, pageOffset: number): void {
    this.#u16[(record + FIELD.handler) >> 1] = handler;
    this.#u16[(record + FIELD.pageOffset) >> 1] = pageOffset;
  }

  header(record: number, pageOffset: number, countdown: number): void {
    this.#clear(record);
    this.#setHandler(record, HANDLER.enter, pageOffset);
    this.#i32[(record + HEADER.countdown) >> 2] = countdown;
  }

  /** A record of the main loop's own: `proceed`, `stop`. */
  control(record: number, handler: number, at: { pageOffset: number; count: number; link?: number }): void {
    this.#clear(record);
    this.#setHandler(record, handler, at.pageOffset);
    this.#u8[record + FIELD.count] = at.count;
    this.#i32[(record + FIELD.link) >> 2] = at.link ?? 0;
  }

  fault(record: number, at: { pageOffset: number; count: number }, vector: number, errorCode: number): void {
    this.control(record, HANDLER.fault, at);
    this.#i32[(record + FIELD.immediate) >> 2] = vector;
    this.#i32[(record + FIELD.immediateHigh) >> 2] = errorCode;
  }

  instruction(
    record: number,
    at: { pageOffset: number; count: number },
    instruction: Instruction,
    handler: number,
  ): void {
    this.control(record, handler, at);
    const { memory, segment } = instruction;
    this.#u8[record + FIELD.lengthScale] =
      instruction.length | (memory === undefined ? 0 : Math.log2(memory.scale) << 4);
    this.#u16[(record + FIELD.segment) >> 1] = CPU_FIELDS.segmentSelector.offset + segment * SEGMENT_STRIDE;
    if (memory !== undefined) {
      this.#u16[(record + FIELD.base) >> 1] = gprField(memory.base);
      this.#u16[(record + FIELD.index) >> 1] = gprField(memory.index);
      this.#i32[(record + FIELD.displacement) >> 2] = memory.displacement;
      if (memory.displacementHigh !== memory.displacement >> 31) {
        this.#i32[(record + FIELD.immediateHigh) >> 2] = memory.displacementHigh;
      }
    }
    this.#operands(record, instruction.operands);
  }

  #operands(record: number, operands: readonly DecodedOperand[]): void {
    let registers = 0;
    let immediates = 0;
    for (const operand of operands) {
      if (operand.kind === 'register') {
        this.#u16[(record + registerSlot(registers++)) >> 1] = registerField(operand);
      } else if (operand.kind === 'immediate') {
        if (immediates++ > 0) this.#i32[(record + FIELD.immediateHigh) >> 2] = operand.low;
        else this.#immediates(record, operand.low, operand.bits === 64 ? operand.high : undefined);
      } else if (operand.kind === 'relative') this.#immediates(record, operand.displacement, undefined);
      else if (operand.kind === 'far') this.#immediates(record, operand.offset, operand.selector);
    }
  }

  #immediates(record: number, low: number, high: number | undefined): void {
    this.#i32[(record + FIELD.immediate) >> 2] = low;
    if (high !== undefined) this.#i32[(record + FIELD.immediateHigh) >> 2] = high;
  }
}
