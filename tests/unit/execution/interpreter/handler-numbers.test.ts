// Handlers' numbers: equal shapes have the same one, and all of them can be given out anew.

import { expect, it } from 'vitest';
import { HandlerNumbers } from '../../../../src-main/engine/execution/interpreter/handler-numbers.ts';
import { computeLayout } from '../../../../src-main/engine/execution/layout.ts';
import { decode } from '../../../../src-main/engine/x86/decode/decoder.ts';
import { MODE_CODE32, MODE_FLAT_CS, MODE_FLAT_DATA, MODE_PROTECTED, MODE_STACK32 } from '../../../../src-main/engine/x86/state/cpu-state.ts';

const MODE = MODE_PROTECTED | MODE_CODE32 | MODE_STACK32 | MODE_FLAT_CS | MODE_FLAT_DATA;
const [ADC_EAX_EBX, ADC_ECX_EDX, STI] = [[0x11, 0xd8], [0x11, 0xd1], [0xfb]] as const;

function instruction(bytes: readonly number[]) {
  const result = decode(Uint8Array.from(bytes), 0, bytes.length, { codeBits: 32 }, new Set(), true);
  if (!result.ok) throw new Error('no instruction');
  return result.instruction;
}

it('gives equal shapes one number, and once they are cleared makes their handlers again', () => {
  const numbers = new HandlerNumbers(computeLayout({ ramBytes: 0x1_0000 }));
  const usual = numbers.size;
  const adc = numbers.numberFor(instruction(ADC_EAX_EBX), MODE);
  expect(numbers.numberFor(instruction(ADC_ECX_EDX), MODE)).toBe(adc);
  const sti = numbers.numberFor(instruction(STI), MODE);
  expect([numbers.leaves(adc), numbers.leaves(sti)]).toEqual([false, true]);
  expect(numbers.takePending()?.numbers).toEqual([adc, sti]);

  numbers.clear();
  expect(numbers.numberFor(instruction(STI), MODE)).toBe(adc);
  expect(numbers.leaves(adc)).toBe(true);
  expect([numbers.size, numbers.takePending()?.numbers]).toEqual([usual + 1, [adc]]);
});
