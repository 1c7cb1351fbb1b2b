// Instructions that the dispatch loop carries out itself: that they are what it can, and are known by what decoding finds.

import { describe, expect, it } from 'vitest';
import { IMPORT_MODULE, ImportSet } from '../../../../src-main/engine/execution/interpreter/engine-imports.ts';
import { emitHandler, HandlerNumbers } from '../../../../src-main/engine/execution/interpreter/handler-numbers.ts';
import { HANDLER } from '../../../../src-main/engine/execution/interpreter/record.ts';
import { returnedEnds } from '../../../../src-main/engine/execution/interpreter/record-ends.ts';
import { usualShapes } from '../../../../src-main/engine/execution/interpreter/usual-shapes.ts';
import { computeLayout } from '../../../../src-main/engine/execution/layout.ts';
import { createModuleBuilder } from '../../../../src-main/engine/ir/module.ts';
import { decode } from '../../../../src-main/engine/x86/decode/decoder.ts';
import { X86_64_V2 } from '../../../../src-main/engine/x86/models/x86-64-v2.ts';
import {
  MODE_CODE32, MODE_FLAT_CS, MODE_FLAT_DATA, MODE_FPU, MODE_LONG, MODE_LONG64, MODE_PROTECTED, MODE_SSE, MODE_STACK32,
} from '../../../../src-main/engine/x86/state/cpu-state.ts';

/** With the floating-point units on, as guests have them. */
const FLAT = MODE_PROTECTED | MODE_FPU | MODE_SSE | MODE_FLAT_CS | MODE_FLAT_DATA;
const MODES = { 32: FLAT | MODE_CODE32 | MODE_STACK32, 64: FLAT | MODE_LONG | MODE_LONG64 } as const;

const layout = computeLayout({ ramBytes: 0x1_0000 });

function isKnown(bits: 32 | 64, ...bytes: number[]): boolean {
  const decoded = decode(Uint8Array.from(bytes), 0, bytes.length, { codeBits: bits }, X86_64_V2.features, true);
  if (!decoded.ok) throw new Error('no instruction');
  const numbers = new HandlerNumbers(layout);
  const number = numbers.numberFor(decoded.instruction, MODES[bits]);
  const hasFunction = numbers.takePending() !== undefined;
  expect(hasFunction).toBe(number >= HANDLER.first + usualShapes().length);
  return !hasFunction;
}

describe('shapes that the dispatch loop has', () => {
  it('are different', () => {
    expect(new Set(usualShapes().map(({ key }) => key)).size).toBe(usualShapes().length);
  });

  it('never end a block, as nobody is told that they do', () => {
    const module = createModuleBuilder();
    module.importMemory(IMPORT_MODULE, 'memory', { shared: true, initial: layout.pages, maximum: layout.pages });
    const imports = new ImportSet(module);
    const ending = usualShapes().filter((shape) => {
      const { builder } = module.defineFunction(shape.key, ['i32'], ['i32'], {});
      const record = builder.parameter(0);
      return emitHandler(builder, shape, { record, layout, imports, ends: returnedEnds(builder, record) });
    });
    expect(ending.map(({ key }) => key)).toEqual([]);
  });

  it('are met with whatever registers, displacements and constants, in both modes', () => {
    expect(isKnown(32, 0x8b, 0x51, 0x7c)).toBe(true);
    expect(isKnown(32, 0x8b, 0x85, 0, 1, 0, 0)).toBe(true);
    expect(isKnown(64, 0x4d, 0x89, 0x7c, 0x24, 0x10)).toBe(true);
    expect(isKnown(64, 0x0f, 0x84, 0, 1, 0, 0)).toBe(true);
  });

  it('are not met by what only looks like them', () => {
    expect(isKnown(32, 0x66, 0x8b, 0x51, 0x7c)).toBe(false);
    expect(isKnown(32, 0x67, 0x8b, 0x51, 0x7c)).toBe(false);
    expect(isKnown(32, 0xf0, 0x01, 0x51, 0x7c)).toBe(false);
    expect(isKnown(64, 0x0f, 0x80, 0, 1, 0, 0)).toBe(false);
  });
});
