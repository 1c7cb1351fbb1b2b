// Modules as they are written: shared types, memories, branch hints; and the opcode table.

import { describe, expect, it } from 'vitest';
import { createModuleBuilder } from '../../../src-main/engine/ir/module.ts';
import { ModuleWriter } from '../../../src-main/engine/wasm/module-writer.ts';
import { OPCODES_BY_NAME, OPCODES } from '../../../src-main/engine/wasm/opcodes.table.ts';

/** Custom sections by name. */
function custom(bytes: Uint8Array, name: string): number[] | undefined {
  const [section] = WebAssembly.Module.customSections(new WebAssembly.Module(bytes as BufferSource), name);
  return section === undefined ? undefined : Array.from(new Uint8Array(section));
}

describe('module writer', () => {
  it('shares equal types', () => {
    const writer = new ModuleWriter();
    expect([writer.type([1], []), writer.type([], [1]), writer.type([1], [])]).toEqual([0, 1, 0]);
  });

  it('refuses a shared memory without maximum', () => {
    expect(() => new ModuleWriter().importMemory('env', 'memory', { initial: 1, shared: true })).toThrow(
      'maximum',
    );
  });

  it('writes branch hints at the offset of the branch', () => {
    const module = createModuleBuilder();
    const { builder: f } = module.defineFunction('f', ['i32'], [], { export: 'f' });
    const [yes, no] = [f.block(), f.block()];
    f.branch(f.parameter(0), yes, no, false);
    f.enter(yes);
    f.unreachable();
    f.enter(no);
    f.return();
    const bytes = module.build({ names: true });
    // function 0, one hint: offset 3 (no locals: 1 byte; local.get 0: 2 bytes), length 1, unlikely
    expect(custom(bytes, 'metadata.code.branch_hint')).toEqual([1, 0, 1, 3, 1, 0]);
    expect(custom(bytes, 'name')).toEqual([1, 4, 1, 0, 1, 'f'.charCodeAt(0)]);
  });
});

it('hints that functions are to be optimised at once, where that is asked for', () => {
  const module = createModuleBuilder();
  for (const name of ['f', 'g']) module.defineFunction(name, [], []).builder.return();
  // Compiled with the module (2), optimised first (2 << 2) and last (2 << 4).
  expect(custom(module.build({ optimized: true }), 'compilationHints')).toEqual([2, 0x2a, 0x2a]);
  expect(custom(module.build(), 'compilationHints')).toBeUndefined();
});

describe('opcode table', () => {
  it('has every name once', () => {
    const listed = OPCODES.filter((opcode) => opcode !== undefined);
    expect(OPCODES_BY_NAME.size).toBe(listed.length);
    // scalar, sign extension, memory, saturating, vector (no lane accesses to memory), atomic (no fence)
    expect(listed.length).toBe(123 + 5 + 23 + 8 + 227 + 66);
  });
});
