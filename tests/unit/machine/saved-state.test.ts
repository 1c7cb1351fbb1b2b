// Saved, put into another machine and run on, a guest is where it would be without: on the whole board, in both tiers, in
// time that is counted in instructions.

import { describe, expect, it } from 'vitest';
import { createMachine, type MachineOptions } from '../../../src-main/engine/index.ts';
import { NOT_SAVED, SAVED_FIELDS } from '../../../src-main/engine/execution/cpu-section.ts';
import { StateError } from '../../../src-main/engine/snapshot/codec.ts';
import { CPU_FIELDS } from '../../../src-main/engine/x86/state/cpu-state.ts';
import { asm, bootImage, disk } from '../../support/bios-machine.ts';
import { fingerprint, machineFrom, takeState } from '../../support/saved-machine.ts';
import { MiB, testOptions } from '../../support/test-machine.ts';
import { code, tinyKernel, timerKernel } from '../../support/tiny-kernel.ts';

/** Reads sectors by INT 13h one after the other, adds up their last bytes, and counts its rounds. */
const READER = [
  ...asm.poke(0x600, 0), ...asm.poke(0x602, 1),
  // again: mov ax, 0201h; mov bx, 7000h; mov cx, [602h]; mov dx, 0080h; int 13h
  ...asm.ax(0x0201), ...asm.bx(0x7000), 0x8b, 0x0e, 0x02, 0x06, ...asm.dx(0x80), ...asm.int(0x13),
  // mov al, [71FFh]; add [600h], al; inc word [604h]; mov ax, [602h]; inc ax; and ax, 31; or ax, 1; mov [602h], ax; sti
  0xa0, 0xff, 0x71, 0x00, 0x06, 0x00, 0x06, 0xff, 0x06, 0x04, 0x06, 0xa1, 0x02, 0x06, 0x40, 0x83, 0xe0, 0x1f, 0x83, 0xc8, 0x01, 0xa3, 0x02, 0x06, 0xfb,
  // mov ah, 0Eh; mov al, [600h]; int 10h; jmp again
  0xb4, 0x0e, 0xa0, 0x00, 0x06, ...asm.int(0x10), 0xeb, 0x100 - 51,
];

const boot = (code: Uint8Array, change: Partial<MachineOptions> = {}) => (): MachineOptions =>
  testOptions(new Uint8Array(), { boot: undefined, drives: [disk(code.slice())], videoMemoryBytes: MiB, memoryBytes: 2 * MiB, ...change });

const GUESTS: readonly [name: string, options: () => MachineOptions, at: readonly number[]][] = [
  ['a kernel that sleeps between timer interrupts', () => testOptions(timerKernel(400)), [1, 500, 5000]],
  ['the BIOS on its way to a boot disk, and a program that reads it', boot(bootImage(READER, 64 * 512)), [2, 3000, 400_000, 1_500_000]],
];

describe.each(['interp', 'jit'] as const)('in %s', (accelerator) => {
  describe.each(GUESTS)('%s', (_name, options, at) => {
    it.each(at)('after %i instructions', (instructions) => {
      const make = (): MachineOptions => ({ ...options(), accelerator });
      const original = createMachine(make(), {
        nowNs: () => 0, wallTimeMs: () => 0, receive: () => undefined, emit: () => {}, alarm: () => {},
      });
      original.runFor(instructions);
      const state = takeState(original);
      const copy = machineFrom(state, make());
      expect(fingerprint(copy)).toEqual(fingerprint(original));
      for (const more of [1, 1000, 200_000]) {
        original.runFor(more);
        copy.runFor(more);
        expect(fingerprint(copy)).toEqual(fingerprint(original));
      }
    });
  });
});
