// Which ways back to a region's entry make its innermost loop.

import { describe, expect, it } from 'vitest';
import { formRegion } from '../../../../src-main/engine/execution/jit/region.ts';
import { innerLatches } from '../../../../src-main/engine/execution/jit/region-loops.ts';
import { GUEST_PAGE } from '../../../../src-main/engine/execution/layout.ts';
import type { Instruction } from '../../../../src-main/engine/x86/decode/instruction.ts';
import {
  MODE_CODE32, MODE_FLAT_CS, MODE_FLAT_DATA, MODE_PROTECTED, MODE_STACK32,
} from '../../../../src-main/engine/x86/state/cpu-state.ts';

const MODE = MODE_PROTECTED | MODE_CODE32 | MODE_STACK32 | MODE_FLAT_CS | MODE_FLAT_DATA;
const HLT = 0xf4;

function latches(code: readonly number[], entry: number): number[] {
  const page = new Uint8Array(GUEST_PAGE).fill(HLT);
  page.set(code);
  const source = {
    bytes: page, mode: MODE, features: new Set<never>(),
    pageAt: (index: number) => (index === 0 ? 0 : undefined),
    leavesBlock: ({ row }: Instruction) => row.mnemonic === 'HLT',
    wasEntered: () => true,
    enteredIn: () => [],
  };
  const region = formRegion(source, entry);
  if (region === undefined) throw new Error('no region');
  return [...innerLatches(region)];
}

/** 0: mov ecx, ebx; 2: dec ecx; 3: jnz 2; 5: dec edx; 6: jnz 0; hlt */
const NESTED = [0x89, 0xd9, 0x49, 0x75, 0xfd, 0x4a, 0x75, 0xf8];

describe('the innermost loop of a region', () => {
  it('is told from those around it that come back to its first block', () => {
    expect(latches(NESTED, 2)).toEqual([2]);
  });
  it('needs no telling where the region begins outside of it', () => {
    expect(latches(NESTED, 0)).toEqual([]);
  });
  it('is the first of two that are as short', () => {
    // 0: dec ecx; 1: jz 5; 3: jmp 0; 5: dec edx; 6: jnz 0; hlt
    expect(latches([0x49, 0x74, 0x02, 0xeb, 0xfb, 0x4a, 0x75, 0xf8], 0)).toEqual([3]);
  });
  it('may go through several blocks', () => {
    // 0: test al, al; 2: jz 5; 4: inc eax; 5: dec ecx; 6: jnz 0; 8: dec edx; 9: jnz 0; hlt
    expect(latches([0x84, 0xc0, 0x74, 0x01, 0x40, 0x49, 0x75, 0xf8, 0x4a, 0x75, 0xf5], 0)).toEqual([5]);
  });
  it('is empty without a loop', () => {
    expect(latches([0x49, 0x4a], 0)).toEqual([]);
  });
});
