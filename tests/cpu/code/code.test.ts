// What a handful of instructions become: sizes as handler and as region of one instruction, and the WebAssembly of
// one. A change of `golden.txt` is no failure of the engine but something for a review to see and accept
// (`npx vitest run --config tests/vitest.config.ts tests/cpu/code -u`).

import { expect, it } from 'vitest';
import { emitHandler } from '../../../src-main/engine/execution/interpreter/handler-numbers.ts';
import { returnedEnds } from '../../../src-main/engine/execution/interpreter/record-ends.ts';
import { IMPORT_MODULE, ImportSet } from '../../../src-main/engine/execution/interpreter/engine-imports.ts';
import { handlerShape } from '../../../src-main/engine/execution/interpreter/handler-shape.ts';
import { formRegion } from '../../../src-main/engine/execution/jit/region.ts';
import { RegionModule } from '../../../src-main/engine/execution/jit/region-module.ts';
import { translateRegion } from '../../../src-main/engine/execution/jit/translate.ts';
import { computeLayout, GUEST_PAGE } from '../../../src-main/engine/execution/layout.ts';
import { createModuleBuilder } from '../../../src-main/engine/ir/module.ts';
import { disassemble } from '../../../src-main/engine/wasm/disassemble.ts';
import { decode } from '../../../src-main/engine/x86/decode/decoder.ts';
import type { Instruction } from '../../../src-main/engine/x86/decode/instruction.ts';
import { formatInstruction } from '../../../src-main/engine/x86/decode/format.ts';
import { X86_64_V2 } from '../../../src-main/engine/x86/models/x86-64-v2.ts';
import {
  MODE_CODE32, MODE_FLAT_CS, MODE_FLAT_DATA, MODE_FPU, MODE_LONG, MODE_LONG64, MODE_PROTECTED, MODE_SSE, MODE_STACK32,
} from '../../../src-main/engine/x86/state/cpu-state.ts';

const UNITS = MODE_PROTECTED | MODE_FPU | MODE_SSE | MODE_FLAT_CS | MODE_FLAT_DATA;
const FLAT32 = UNITS | MODE_CODE32 | MODE_STACK32;
const LONG = UNITS | MODE_LONG | MODE_LONG64;
/** HLT: regions leave it to the interpreter, so it ends them. */
const END = 0xf4;

interface Sample {
  readonly mode: number;
  readonly bytes: readonly number[];
}

const SAMPLES: readonly Sample[] = [
  { mode: FLAT32, bytes: [0x89, 0xd8] },
  { mode: FLAT32, bytes: [0x8b, 0x43, 0x04] },
  { mode: FLAT32, bytes: [0x01, 0xd8] },
  { mode: FLAT32, bytes: [0x01, 0x43, 0x04] },
  { mode: FLAT32, bytes: [0x50] },
  { mode: FLAT32, bytes: [0x75, 0x10] },
  { mode: FLAT32, bytes: [0xf3, 0xa5] },
  { mode: FLAT32, bytes: [0x0f, 0xaf, 0xc3] },
  { mode: FLAT32, bytes: [0xf7, 0xf3] },
  { mode: FLAT32, bytes: [0x9a, 0, 0, 0, 0, 8, 0] },
  { mode: FLAT32, bytes: [0x0f, 0x58, 0xc1] },
  { mode: LONG, bytes: [0x48, 0x01, 0xd8] },
  { mode: LONG, bytes: [0x48, 0x8b, 0x43, 0x08] },
  { mode: LONG, bytes: [0x50] },
  { mode: LONG, bytes: [0xc3] },
];
const SHOWN = [2];

const layout = computeLayout({ ramBytes: 0x1_0000 });

function decoded({ mode, bytes }: Sample) {
  const codeBits = mode & MODE_LONG64 ? 64 : 32;
  const result = decode(Uint8Array.from(bytes), 0, bytes.length, { codeBits }, X86_64_V2.features, true);
  if (!result.ok) throw new Error('a sample is no instruction');
  return result.instruction;
}

function handlerModule(sample: Sample): Uint8Array {
  const module = createModuleBuilder();
  module.importMemory(IMPORT_MODULE, 'memory', { shared: true, initial: layout.pages, maximum: layout.pages });
  const imports = new ImportSet(module);
  const { builder } = module.defineFunction('handler', ['i32'], ['i32'], { export: 'handler' });
  emitHandler(builder, handlerShape(decoded(sample), sample.mode), {
    record: builder.parameter(0), layout, imports, ends: returnedEnds(builder, builder.parameter(0)),
  });
  return module.build();
}

function regionModule({ mode, bytes }: Sample): Uint8Array {
  const page = new Uint8Array(GUEST_PAGE).fill(END);
  page.set(bytes, 0x100);
  const source = {
    bytes: page, mode, features: X86_64_V2.features,
    pageAt: (index: number) => (index === 0 ? 0 : undefined),
    leavesBlock: ({ row }: Instruction) => row.mnemonic === 'HLT',
    wasEntered: () => false,
    enteredIn: () => [],
  };
  const region = formRegion(source, 0x100);
  if (region === undefined) throw new Error('a sample makes no region');
  const module = new RegionModule(layout);
  module.add('region', (f, imports) => translateRegion(f, region, { layout }, imports));
  return module.builder.build();
}

const sizes = (module: Uint8Array): string => {
  const lines = disassemble(module)[0]?.length ?? 0;
  return `${String(lines).padStart(5)} ops ${String(module.length).padStart(5)} bytes`;
};

function golden(): string {
  const table = SAMPLES.map((sample) => {
    const bits = sample.mode & MODE_LONG64 ? 64 : 32;
    const text = `${bits} ${formatInstruction(decoded(sample))}`;
    return `${text.padEnd(64)} handler ${sizes(handlerModule(sample))}   region ${sizes(regionModule(sample))}`;
  });
  const shown = SHOWN.map((index) => SAMPLES[index] as Sample).flatMap((sample) => [
    '',
    `${formatInstruction(decoded(sample))} as handler`,
    ...(disassemble(handlerModule(sample))[0] ?? []),
    '',
    `${formatInstruction(decoded(sample))} as region`,
    ...(disassemble(regionModule(sample))[0] ?? []),
  ]);
  return `${[...table, ...shown].join('\n')}\n`;
}

it('makes of chosen instructions what it made before', async () => {
  await expect(golden()).toMatchFileSnapshot('golden.txt');
});
