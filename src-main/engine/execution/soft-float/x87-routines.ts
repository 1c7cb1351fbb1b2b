// WebAssembly in front of the busiest x87 helpers: the common case by `x87-instructions.ts` over the CPU block, and a call
// of the helper itself for everything else. Same names and signatures as `x86/helpers/float.table.ts`.
// Benchmark: the float program of tests/bench, built for x87.

import { createModuleBuilder, type ModuleBuilder } from '../../ir/module.ts';
import type { IrType, IrValue } from '../../ir/types.ts';
import { FLOAT_HELPERS } from '../../x86/helpers/float.table.ts';
import { X87_MEMORY } from '../../x86/helpers/x87-operations.ts';
import { type EngineImports, IMPORT_MODULE } from '../interpreter/engine-imports.ts';
import type { MemoryLayout } from '../layout.ts';
import { MemoryFile } from './memory-file.ts';
import { C1, PRECISION_FLAG, type Rounding } from './x87-file.ts';
import { inlineEffects, X87Instructions } from './x87-instructions.ts';

/** Scratch slot no helper passes anything in: what a fast `x87Store` leaves for `x87StoreEnd`. */
const PENDING = 7;
const PENDING_MARK = 0x8000_0000n;
const DONE = 0;

/** Imports to put in place of the helpers of the same name. */
export function createX87Routines(layout: MemoryLayout, imports: EngineImports): EngineImports {
  const module = createModuleBuilder();
  module.importMemory(IMPORT_MODULE, 'memory', {
    shared: true,
    initial: layout.pages,
    maximum: layout.pages,
  });
  defineRoutines(module, layout);
  const compiled = new WebAssembly.Module(module.build({ names: true }));
  const { exports } = new WebAssembly.Instance(compiled, {
    [IMPORT_MODULE]: imports as Record<string, unknown>,
  });
  return exports as Record<string, unknown>;
}

function defineRoutines(module: ModuleBuilder, layout: MemoryLayout): void {
  // Imports come first in a module.
  const routines = NAMES.map((name) => {
    const slow = module.importFunction(IMPORT_MODULE, `helper.${name}`, passed(name), ['i32']);
    return { name, slow };
  });
  for (const { name, slow } of routines) {
    const types = passed(name);
    const { builder } = module.defineFunction(name, types, ['i32'], { export: `helper.${name}` });
    const parameters = types.map((_, i) => builder.parameter(i));
    const r = new MemoryFile(builder, layout, () => builder.return(builder.call(slow, ...parameters)));
    const rest = parameters.values();
    const operands = FLOAT_HELPERS[name].parameters.map((type, position) =>
      type === 'i32' ? (rest.next().value as IrValue) : r.scratch(position),
    );
    bodies(r)[name](...(operands as [IrValue, IrValue, IrValue, IrValue]));
    builder.return(r.i32(DONE));
  }
}

/** What each routine does, by the name of its helper. */
function bodies(r: MemoryFile) {
  const x87 = new X87Instructions(r);
  return {
    ...inlineEffects(x87),
    x87Store: (kind: IrValue, truncate: IrValue) => store(x87, r, kind, truncate),
    x87StoreEnd: (pops: IrValue) => storeEnd(r, pops),
    x87CompareFlags: (flavour: IrValue, i: IrValue) =>
      r.setScratch(0, r.op('i64.extend_i32_u', x87.compareFlags(flavour, i))),
  };
}

type FastHelper = keyof ReturnType<typeof bodies>;

const NAMES: readonly FastHelper[] = [
  'x87Load',
  'x87Load80',
  'x87LoadRegister',
  'x87Constant',
  'x87Store',
  'x87StoreEnd',
  'x87StoreRegister',
  'x87Exchange',
  'x87ConditionalMove',
  'x87ArithmeticMemory',
  'x87Arithmetic',
  'x87CompareMemory',
  'x87Compare',
  'x87CompareFlags',
  'x87Function',
  'x87LoadControl',
  'x87Wait',
];

/** Types of a helper's call: its 32-bit parameters. */
function passed(name: FastHelper): IrType[] {
  return FLOAT_HELPERS[name].parameters.filter((type) => type === 'i32').map(() => 'i32');
}

/** The value first; status and pop after the memory write. */
function store(x87: X87Instructions<IrValue>, r: MemoryFile, kind: IrValue, truncate: IrValue): void {
  // Whatever comes: `x87StoreEnd` must not take an old mark for this store's.
  r.setScratch(PENDING, r.i64(0));
  r.slowly(r.with32('eq', kind, X87_MEMORY.decimal));
  r.when(
    r.with32('eq', kind, X87_MEMORY.f80),
    () => {
      const { significand, word } = x87.storedExtended();
      stored(r, significand, word, { lost: r.i64(0), up: r.i32(0) });
    },
    () => {
      const converted = x87.stored(kind, truncate);
      stored(r, converted.bits, r.i32(0), converted);
    },
  );
}

/** Ends the first step: value, upper 16 bits, "store it", and what the second step reports. */
function stored(r: MemoryFile, bits: IrValue, top: IrValue, { lost, up }: Rounding): void {
  const inexact = r.op('i32.mul', r.with64('ne', lost, 0), r.i32(PRECISION_FLAG));
  const flags = r.op('i32.or', inexact, r.op('i32.mul', up, r.i32(C1)));
  r.setScratch(0, bits);
  r.setScratch(1, r.with64('or', r.op('i64.extend_i32_u', top), 1n << 32n));
  r.setScratch(PENDING, r.with64('or', r.op('i64.extend_i32_u', flags), PENDING_MARK));
}

/** After the memory write: the flags of a fast store, or the helper for its own. */
function storeEnd(r: MemoryFile, pops: IrValue): void {
  const pending = r.scratch(PENDING);
  r.slowly(r.op('i64.eqz', pending));
  r.setScratch(PENDING, r.i64(0));
  const flags = r.op('i32.wrap_i64', pending);
  r.report({
    lost: r.op('i64.extend_i32_u', r.with32('and', flags, PRECISION_FLAG)),
    up: r.op('i32.ne', r.with32('and', flags, C1), r.i32(0)),
  });
  r.when(pops, () => r.pop());
}
