// Numbers of instruction shapes, and the handler of each as IR: when decoding meets a shape that has none yet, its semantics
// are instantiated over the record binding. No function is made here (`handlers.ts` does), so that a thread that runs
// nothing can ask where blocks end, too.

import { createModuleBuilder, type ModuleBuilder } from '../../ir/module.ts';
import type { FunctionBuilder } from '../../ir/types.ts';
import type { Instruction, OpcodeRow } from '../../x86/decode/instruction.ts';
import { SEMANTICS } from '../../x86/semantics/index.ts';
import type { Operand } from '../../x86/semantics/emitter.ts';
import { IrEmitter } from '../emit/ir-emitter.ts';
import type { MemoryLayout } from '../layout.ts';
import { IMPORT_MODULE, ImportSet } from './engine-imports.ts';
import { encodeShape, handlerShape, type HandlerShape, type ShapeCode } from './handler-shape.ts';
import { RecordBinding, type RecordBindingParts } from './record-binding.ts';
import { HANDLER } from './record.ts';
import { returnedEnds } from './record-ends.ts';
import { usualShapes } from './usual-shapes.ts';

/**
 * Slots of the code table: handlers below, compiled regions from here on. All are less than 2^15: turned over by the sign of an
 * address, as in the jump cache, a region's slot is that of no other region.
 */
export const FIRST_REGION_SLOT = 0x4000;
export const REGION_SLOTS = 0x4000;

/** Numbers that are left when no more should be asked for: more than a block or a region has instructions. */
const SPARE_NUMBERS = 0x1000;

/** Instantiates semantics into a function under construction; true if they ask the block to end. */
export function emitHandler(f: FunctionBuilder, shape: HandlerShape, parts: RecordBindingParts): boolean {
  const semantics = SEMANTICS[shape.mnemonic];
  if (semantics === undefined) throw new Error(`no semantics for ${shape.mnemonic}`);
  const binding = new RecordBinding(f, shape, parts);
  // Instructions with a variable number of operands look for `undefined`.
  semantics(
    new IrEmitter(f, binding),
    ...(shape.operands as unknown as [Operand, Operand, Operand, Operand]),
  );
  if (f.open) binding.proceed();
  return binding.endsBlock;
}

interface KnownShape extends ShapeCode {
  readonly mode: number;
  readonly number: number;
}

/** Handlers that are no functions yet, in a module of their own. */
export interface PendingHandlers {
  readonly module: ModuleBuilder;
  readonly imports: ImportSet;
  readonly numbers: number[];
}

export class HandlerNumbers {
  /** Shapes that the dispatch loop has: there are no functions of them. Their numbers come first, in this order. */
  readonly usual: readonly HandlerShape[];
  readonly #layout: MemoryLayout;
  readonly #numbers = new Map<string, number>();
  /** Shapes met so far by opcode row, few for each: building a key takes longer than decoding. */
  readonly #known = new Map<OpcodeRow, KnownShape[]>();
  readonly #code: ShapeCode = { form: 0, first: 0, rest: 0 };
  /** Numbers of handlers that return to the run loop, on some path at least. */
  readonly #leaving = new Set<number>();
  #next: number = HANDLER.first;
  #pending: PendingHandlers | undefined;

  constructor(layout: MemoryLayout, usual = usualShapes()) {
    this.#layout = layout;
    this.usual = usual;
    this.#numberUsual();
  }

  get size(): number {
    return this.#numbers.size;
  }
  /** `clear` is due. A guest that runs all that bytes can mean comes to it. */
  get isFull(): boolean {
    return this.#next >= FIRST_REGION_SLOT - SPARE_NUMBERS;
  }

  /**
   * Whether an instruction returns to the run loop, on some path at least. Known of its shape alone, whatever ran before:
   * blocks and regions then end at the same places in every engine.
   */
  leavesBlock(instruction: Instruction, mode: number): boolean {
    return this.leaves(this.numberFor(instruction, mode));
  }

  /** As `leavesBlock`, by the number of the instruction's shape. */
  leaves(number: number): boolean {
    return this.#leaving.has(number);
  }

  /** As `numberOf` the instruction's shape. */
  numberFor(instruction: Instruction, mode: number): number {
    const code = this.#code;
    encodeShape(instruction, mode, code);
    let known = this.#known.get(instruction.row);
    if (known === undefined) {
      known = [];
      this.#known.set(instruction.row, known);
    }
    for (const shape of known) {
      if (shape.mode === mode && shape.form === code.form && shape.first === code.first && shape.rest === code.rest)
        return shape.number;
    }
    const number = this.numberOf(handlerShape(instruction, mode));
    known.push({ ...code, mode, number });
    return number;
  }

  /** The handler's number; its function is among those pending, if it is new. */
  numberOf(shape: HandlerShape): number {
    const known = this.#numbers.get(shape.key);
    if (known !== undefined) return known;
    const number = this.#next++;
    if (number >= FIRST_REGION_SLOT) throw new Error('too many instruction shapes');
    this.#numbers.set(shape.key, number);
    this.#pending ??= this.#newModule();
    const { module, imports, numbers } = this.#pending;
    const { builder } = module.defineFunction(shape.key, ['i32'], ['i32'], { export: `h${number}` });
    const record = builder.parameter(0);
    const leaves = emitHandler(builder, shape, { record, layout: this.#layout, imports, ends: returnedEnds(builder, record) });
    if (leaves) this.#leaving.add(number);
    numbers.push(number);
    return number;
  }

  #newModule(): PendingHandlers {
    const module = createModuleBuilder();
    const { pages } = this.#layout;
    module.importMemory(IMPORT_MODULE, 'memory', { shared: true, initial: pages, maximum: pages });
    return { module, imports: new ImportSet(module), numbers: [] };
  }

  /** Numbers are given out anew: only where no record has one any more. */
  clear(): void {
    this.#numbers.clear();
    this.#known.clear();
    this.#leaving.clear();
    this.#pending = undefined;
    this.#next = HANDLER.first;
    this.#numberUsual();
  }

  #numberUsual(): void {
    for (const { key } of this.usual) this.#numbers.set(key, this.#next++);
  }

  /** What was asked for since the last call. */
  takePending(): PendingHandlers | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    return pending;
  }
}
