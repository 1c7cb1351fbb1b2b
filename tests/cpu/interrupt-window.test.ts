// When a pending interrupt is taken after STI, POPF and MOV SS, in both tiers.
// Reference: Intel SDM vol. 2 (STI: one instruction later; MOV, POP: the same for SS); vol. 3A, 6.8.1 and 6.8.3.

import { describe, expect, it } from 'vitest';
import { createFlatMachine } from '../../src-main/engine/execution/flat-machine.ts';
import { setRealModeRegisters } from './vectors/machines.ts';

const CODE = 0x1000;
const STACK = 0x8000;
const HANDLER = 0x2000;
const VECTOR = 0x20;
const HLT = 0xf4;
const NOP = 0x90;

/** Runs real-mode code with INTR raised and IF clear; the address the interrupt returns to. */
function returnAddress(
  accel: 'interp' | 'jit',
  code: readonly number[],
  stack: readonly number[] = [],
): number {
  const machine = createFlatMachine({
    ramBytes: 1 << 20,
    model: 'pentium3',
    accel,
    hotThreshold: 1,
    environment: { acknowledgeInterrupt: () => VECTOR },
  });
  const { memory, cpu } = machine;
  memory.set(code, CODE);
  memory.set([HANDLER & 0xff, HANDLER >> 8, 0, 0], VECTOR * 4);
  memory[HANDLER] = HLT;
  memory.set(stack, STACK);
  setRealModeRegisters(cpu, { ip: CODE, sp: STACK, flags: 2 });
  machine.engine.setInterrupt(true);
  expect(machine.runToHalt(100)).toBe('halt');
  expect(cpu.low('rip')).toBe(HANDLER + 1);
  const sp = cpu.low('gpr', 4) & 0xffff;
  return (memory[sp] ?? 0) | ((memory[sp + 1] ?? 0) << 8);
}

for (const accel of ['interp', 'jit'] as const) {
  describe(`interrupts in the ${accel === 'jit' ? 'JIT' : 'interpreter'}`, () => {
    it('wait for the instruction after STI', () => {
      expect(returnAddress(accel, [NOP, 0xfb, NOP, NOP, HLT])).toBe(CODE + 3);
    });
    it('come at once after POPF, which runs once', () => {
      expect(returnAddress(accel, [NOP, 0x9d, NOP, NOP, HLT], [0x02, 0x02, 0x02, 0x00])).toBe(CODE + 2);
    });
    it('wait for the instruction after MOV SS', () => {
      // sti; mov ss, ax; nop: STI shadows the move, the move shadows the NOP.
      expect(returnAddress(accel, [NOP, 0xfb, 0x8e, 0xd0, NOP, NOP, HLT])).toBe(CODE + 5);
    });
    it('wait for the instruction after POP SS', () => {
      expect(returnAddress(accel, [NOP, 0xfb, 0x17, NOP, NOP, HLT], [0, 0])).toBe(CODE + 4);
    });
    it('come before the next instruction when STI finds IF set', () => {
      // The first STI's shadow ends with the second, which makes none.
      expect(returnAddress(accel, [NOP, 0xfb, 0xfb, NOP, HLT])).toBe(CODE + 3);
    });
  });
}
