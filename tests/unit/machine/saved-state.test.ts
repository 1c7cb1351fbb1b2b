// Saved, put into another machine and run on, a guest is where it would be without: on the whole board, in both tiers, in
// time that is counted in instructions.

import { describe, expect, it } from 'vitest';
import { createMachine, type MachineOptions } from '../../../src-main/engine/index.ts';
import { NOT_SAVED, SAVED_FIELDS } from '../../../src-main/engine/execution/cpu-section.ts';
import { StateError } from '../../../src-main/engine/snapshot/codec.ts';
import { CPU_FIELDS } from '../../../src-main/engine/x86/state/cpu-state.ts';
import { asm, bootImage, disk } from '../../support/bios-machine.ts';
import { fingerprint, machineFrom, takeState } from '../../support/saved-machine.ts';
import { MiB, testOptions } from '../../support/machine-options.ts';
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
  testOptions(new Uint8Array(), { boot: undefined, drives: [disk(code.slice())], videoMemoryBytes: MiB, memoryBytes: 4 * MiB, ...change });

const GUESTS: readonly [name: string, options: () => MachineOptions, at: readonly number[]][] = [
  ['a kernel that sleeps between timer interrupts', () => testOptions(timerKernel(100_000)), [1, 5000]],
  // On its way from the BIOS to the disk, while the BIOS sleeps until the disk answers, between timer interrupts.
  ['the BIOS on its way to a boot disk, and a program that reads it', boot(bootImage(READER, 64 * 512)), [260_000, 15_000]],
];

/** A computer may be busy. */
const PATIENCE_MS = 180_000;

const machineOf = (options: MachineOptions) =>
  createMachine(options, { nowNs: () => 0, wallTimeMs: () => 0, receive: () => undefined, emit: () => {}, alarm: () => {} });

describe.each(['interp', 'jit'] as const)('in %s', (accelerator) => {
  it.each(GUESTS)('goes on as if nothing had happened: %s', (_name, options, at) => {
    const make = (): MachineOptions => ({ ...options(), accelerator });
    const original = machineOf(make());
    for (const instructions of at) {
      original.runFor(instructions);
      const copy = machineFrom(takeState(original), make());
      expect(fingerprint(copy)).toEqual(fingerprint(original));
      for (const more of [1, 5000, 30_000]) {
        expect(copy.runFor(more)).toEqual(original.runFor(more));
        expect(fingerprint(copy)).toEqual(fingerprint(original));
      }
    }
  }, PATIENCE_MS);
});

describe('the state of a machine', () => {
  const options = () => testOptions(tinyKernel([...code.print('A'), ...code.echo(), ...code.powerOff(), ...code.spin()]), { videoMemoryBytes: MiB, memoryBytes: 4 * MiB });

  it('has a section for the processor, for every device and for what stands beside them, each with its own name', () => {
    const machine = machineOf(options());
    const ids = takeState(machine).sections.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { id, spec } of machine.board.devices) {
      expect(ids).toContain(id);
      expect(spec.version).toBeGreaterThan(0);
    }
    expect(ids).toEqual(expect.arrayContaining(['cpu0', 'machine', 'keys', 'serial0']));
  });

  it('names every field of the processor once, to be saved or not', () => {
    expect([...SAVED_FIELDS, ...NOT_SAVED].sort()).toEqual(Object.keys(CPU_FIELDS).sort());
  });

  it('is refused with a part that the machine does not have, without one that it has, and in parts that are damaged', () => {
    const { sections, memory } = takeState(machineOf(options()));
    const refusal = (changed: typeof sections): string => {
      try {
        machineFrom({ sections: changed, memory }, options());
        return '';
      } catch (error) {
        expect(error).toBeInstanceOf(StateError);
        return (error as Error).message;
      }
    };
    expect(refusal([...sections, { id: 'hpet', version: 1, bytes: new Uint8Array(3) }])).toMatch(/^hpet: .*the machine does not/);
    expect(refusal(sections.filter(({ id }) => id !== 'pit'))).toMatch(/^pit: .*the state does not/);
    expect(refusal(sections.map((one) => (one.id === 'cpu0' ? { ...one, bytes: one.bytes.slice(0, -1) } : one)))).toMatch(/^cpu0: .*cut short/);
    expect(refusal(sections.map((one) => (one.id === 'pic' ? { ...one, version: 99 } : one)))).toMatch(/^pic: version 99/);
  });

  it('keeps keys and serial input that the guest has not taken yet', () => {
    const original = machineOf(options());
    original.runFor(50);
    original.command({ kind: 'keyboard', scanCodes: Uint8Array.from({ length: 80 }, (_, n) => (n % 2 === 0 ? 0x1e : 0x9e)) });
    original.command({ kind: 'serial-input', port: 0, bytes: Uint8Array.from('HAL 9000 and more than a FIFO holds\n', (c) => c.charCodeAt(0)) });
    const copy = machineFrom(takeState(original), options());
    original.runFor(50_000);
    copy.runFor(50_000);
    expect(fingerprint(copy)).toEqual(fingerprint(original));
    expect(original.ended).toEqual({ kind: 'power-off' });
    expect(copy.ended).toEqual({ kind: 'power-off' });
  });

  it('waits for the guest that is held, whose time stands still', () => {
    const machine = machineOf(testOptions(timerKernel(400)));
    machine.runFor(3000);
    machine.command({ kind: 'hold', copies: undefined });
    const before = machine.stats().instructions;
    expect(machine.runFor(10_000)).toEqual({ kind: 'idle' });
    expect(machine.stats().instructions).toBe(before);
    machine.command({ kind: 'release' });
    machine.runFor(10_000);
    expect(machine.stats().instructions).toBeGreaterThan(before);
  });
});
