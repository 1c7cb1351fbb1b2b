// A machine that starts from the built-in BIOS and boots a sector of real-mode code written for a test. The code leaves
// its results in memory and halts for good.

import type { DriveOptions, MachineOptions } from '../../src-main/engine/machine/options.ts';
import { MiB } from './machine-options.ts';
import { testMachine } from './test-machine.ts';

export const SECTOR = 512;
/** Where programs of tests put what they found. */
export const RESULTS = 0x600;

/** A boot sector with `code` at its beginning. */
export function bootSector(code: readonly number[]): Uint8Array {
  if (code.length > SECTOR - 2) throw new RangeError(`${code.length} bytes do not fit into a boot sector`);
  const sector = new Uint8Array(SECTOR);
  sector.set(code);
  sector.set([0x55, 0xaa], SECTOR - 2);
  return sector;
}

/** An image of `bytes` that begins with a boot sector; sector n ends in the byte n. */
export function bootImage(code: readonly number[], bytes: number): Uint8Array {
  const image = new Uint8Array(bytes);
  for (let sector = 1; sector * SECTOR < bytes; sector++) image[(sector + 1) * SECTOR - 1] = sector;
  image.set(bootSector(code));
  return image;
}

export const FLOPPY_BYTES = 1_474_560;

export function floppy(content: Uint8Array | undefined, id = 'floppy0'): DriveOptions {
  return drive(id, 'floppy', content, { bus: 'floppy', unit: 0 });
}

export function disk(content: Uint8Array, id = 'ide0-hd0'): DriveOptions {
  return drive(id, 'disk', content, { bus: 'ide', channel: 0, unit: 0 });
}

export function cdrom(content: Uint8Array | undefined, id = 'ide1-cd0'): DriveOptions {
  return drive(id, 'cdrom', content, { bus: 'ide', channel: 1, unit: 0 });
}

function drive(id: string, kind: DriveOptions['kind'], content: Uint8Array | undefined, attachment: DriveOptions['attachment']): DriveOptions {
  const medium = content && { bytes: content.length, readOnly: kind === 'cdrom' };
  return { id, kind, attachment, medium, ...(content === undefined ? {} : { memory: content }) };
}

const INSTRUCTIONS = 40_000_000;

export function biosMachine(drives: readonly DriveOptions[], change: Partial<MachineOptions> = {}) {
  const { machine, events, serial } = testMachine(new Uint8Array(), {
    boot: undefined, drives, videoMemoryBytes: 16 * MiB, accelerator: 'interp', ...change,
  });
  machine.command({ kind: 'display', wanted: true });
  const bytes = (address: number, count: number): number[] => {
    const into = new Uint8Array(count);
    machine.ram.read(address, into);
    return [...into];
  };
  const word = (address: number): number => bytes(address, 2).reduce((value, byte, at) => value | (byte << (8 * at)), 0);
  return {
    machine, events, serial, bytes, word,
    dword: (address: number): number => (word(address) | (word(address + 2) << 16)) >>> 0,
    /** Until the program halts with interrupts off, or a second of the guest's time. */
    run: (instructions = INSTRUCTIONS) => machine.runFor(instructions, 3e9),
    /** The rows of the text screen. */
    screen: (): string[] => {
      machine.board.display?.sendLast();
      const last = events.findLast((event) => event.kind === 'frame');
      return (last?.kind === 'frame' ? last.update.text?.rows ?? [] : []).map((row) => row.trimEnd());
    },
  };
}

const word = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff];

/** Real-mode code, a line an instruction. */
export const asm = {
  ax: (value: number): number[] => [0xb8, ...word(value)],
  bx: (value: number): number[] => [0xbb, ...word(value)],
  cx: (value: number): number[] => [0xb9, ...word(value)],
  dx: (value: number): number[] => [0xba, ...word(value)],
  si: (value: number): number[] => [0xbe, ...word(value)],
  di: (value: number): number[] => [0xbf, ...word(value)],
  eax: (value: number): number[] => [0x66, 0xb8, ...word(value & 0xffff), ...word(value >>> 16)],
  ebx: (value: number): number[] => [0x66, 0xbb, ...word(value & 0xffff), ...word(value >>> 16)],
  ecx: (value: number): number[] => [0x66, 0xb9, ...word(value & 0xffff), ...word(value >>> 16)],
  edx: (value: number): number[] => [0x66, 0xba, ...word(value & 0xffff), ...word(value >>> 16)],
  int: (vector: number): number[] => [0xcd, vector],
  /** pushf; pop [RESULTS + at]; then AX, BX, CX, DX, SI, DI, ES behind it. */
  keep: (at = 0): number[] => {
    const to = (offset: number): number[] => word(RESULTS + at + offset);
    return [
      0x9c, 0x8f, 0x06, ...to(0), 0xa3, ...to(2), 0x89, 0x1e, ...to(4), 0x89, 0x0e, ...to(6), 0x89, 0x16, ...to(8), 0x89, 0x36, ...to(10),
      0x89, 0x3e, ...to(12), 0x8c, 0x06, ...to(14),
    ];
  },
  /** mov word [address], value */
  poke: (address: number, value: number): number[] => [0xc7, 0x06, ...word(address), ...word(value)],
  halt: (): number[] => [0xfa, 0xf4],
};

/** What `asm.keep` has stored. */
export function kept(machine: { word(address: number): number }, at = 0) {
  const [flags, ax, bx, cx, dx, si, di, es] = Array.from({ length: 8 }, (_, index) => machine.word(RESULTS + at + 2 * index)) as [
    number, number, number, number, number, number, number, number,
  ];
  return { carry: (flags & 1) !== 0, zero: (flags & 0x40) !== 0, ax, bx, cx, dx, si, di, es };
}
