// Runs the case files of this folder on the interpreter and, compiled at once, as regions. What random programs do
// not reach: privilege changes, tasks, modes, debug exceptions, faults within faults. Format: `case-file.ts`.
// Expected values are the manual's: Intel SDM vol. 3A chapters 4 to 7, 9, 10, 17, 20; vol. 2 for SYSCALL and SYSENTER.

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createFlatMachine, type FlatMachine } from '../../../src-main/engine/execution/flat-machine.ts';
import { decode } from '../../../src-main/engine/x86/decode/decoder.ts';
import { formatInstruction } from '../../../src-main/engine/x86/decode/format.ts';
import { X86_64_V2 } from '../../../src-main/engine/x86/models/x86-64-v2.ts';
import { CPU_FIELDS, type CpuFieldName } from '../../../src-main/engine/x86/state/cpu-state.ts';
import { type CodeLine, type CpuCase, parseCase, valueOfExpectation } from './case-file.ts';

const FOLDER = new URL('./', import.meta.url);
const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith('.txt')).sort();
const RAM_BYTES = 0x20_0000;
const MAX_INSTRUCTIONS = 1000;

/** The engine's own, or not to be had through `CpuContext`. */
const NOT_COPIED: ReadonlySet<string> = new Set([
  'regionStart', 'regionRemaining', 'leftFlags', 'flagOperands',
  'xmm', 'codeBase', 'currentRecord', 'tlbRead', 'tlbWrite', 'tlbTables', 'retired', 'retireLimit', 'attention', 'exitReason', 'zero', 'scratch',
]);

function takeStage(machine: FlatMachine, { stage }: CpuCase): void {
  machine.memory.set(stage.memory);
  for (const name of Object.keys(CPU_FIELDS) as CpuFieldName[]) {
    if (NOT_COPIED.has(name)) continue;
    const { bits, count } = CPU_FIELDS[name];
    for (let index = 0; index < count; index++) {
      if (bits === 32) machine.cpu.set32(name, stage.get32(name, index), index);
      else machine.cpu.set64(name, stage.get64(name, index), index);
    }
  }
  machine.cpu.flushTlb('all');
  machine.cpu.updateMode();
}

function run(test: CpuCase, accel: 'interp' | 'jit'): FlatMachine & { readonly stop: string } {
  let vector = 0xff;
  const machine = createFlatMachine({
    ramBytes: RAM_BYTES,
    model: 'x86-64-v2',
    accel,
    hotThreshold: 1,
    environment: {
      acknowledgeInterrupt() {
        machine.engine.setInterrupt(false);
        return vector;
      },
    },
  });
  takeStage(machine, test);
  for (const event of test.events) {
    vector = event.vector;
    if (event.kind === 'nmi') machine.engine.nmi();
    else machine.engine.setInterrupt(true);
  }
  return { ...machine, stop: machine.runToHalt(MAX_INSTRUCTIONS) };
}

function disassembly({ bytes, bits }: CodeLine): string {
  const result = decode(Uint8Array.from(bytes), 0, bytes.length, { codeBits: bits }, X86_64_V2.features, true);
  return result.ok && result.instruction.length === bytes.length ? formatInstruction(result.instruction) : '(not one instruction)';
}

describe.each(NAMES)('%s', (name) => {
  const test = parseCase(readFileSync(new URL(name, FOLDER), 'utf8'));

  it('says what its bytes mean', () => {
    expect(test.code.map(disassembly)).toEqual(test.code.map((line) => line.text));
  });

  it.each(['interp', 'jit'] as const)('comes out as the manual says: %s', (accel) => {
    const { cpu, memory, stop } = run(test, accel);
    expect(test.expectations.length).toBeGreaterThan(0);
    const wrong = test.expectations.flatMap((expected) => {
      const value = valueOfExpectation(cpu, memory, expected) & expected.mask;
      return value === expected.value ? [] : [`${expected.line}: is ${value.toString(16)}`];
    });
    expect([`stop ${stop}`, ...wrong]).toEqual([`stop ${test.stop}`]);
  });
});
