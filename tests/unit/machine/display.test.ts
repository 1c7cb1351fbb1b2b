// The display adapter on its board: what a small kernel writes to memory, as a window gets to see it.

import { describe, expect, it } from 'vitest';
import type { MachineEvent } from '../../../src-main/engine/machine/messages.ts';
import { MiB } from '../../support/machine-options.ts';
import { testMachine } from '../../support/test-machine.ts';
import { code, tinyKernel } from '../../support/tiny-kernel.ts';

const FRAME_BUFFER = 0xfd00_0000;
const dword = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
const storeDword = (address: number, value: number): number[] => [
  0xc7,
  0x05,
  ...dword(address),
  ...dword(value),
];
const vbe = (register: number, value: number): number[] => [
  ...code.outw(0x1ce, register),
  ...code.outw(0x1cf, value),
];
const setMode = [...vbe(1, 640), ...vbe(2, 480), ...vbe(3, 32), ...vbe(4, 0x41)];
/** Spins until the byte at `address` is no longer 0. */
const waitFor = (address: number): number[] => [0x80, 0x3d, ...dword(address), 0, 0x74, 0xf7];
const MAILBOX = 0x20_0000;
/** Instructions in a sixtieth of a second. */
const FRAME = 16_800_000;

function displayMachine(program: readonly number[]) {
  const { machine, events } = testMachine(tinyKernel(program), {
    videoMemoryBytes: 16 * MiB,
    accelerator: 'jit',
  });
  const frames = () =>
    events.filter((event): event is MachineEvent & { kind: 'frame' } => event.kind === 'frame');
  const pixel = (x: number, y: number) => {
    const { update, pixels } = frames().at(-1)!;
    return new Uint32Array(pixels)[y * update.width + x]!;
  };
  return { machine, events, frames, pixel };
}

describe('a machine with a display', () => {
  it('starts in text mode 3 and shows what the guest writes to B8000h', () => {
    const { machine, frames } = displayMachine([...storeDword(0xb_8000, 0x0769_0748), ...code.spin()]);
    machine.runFor(1000);
    expect(frames()).toEqual([]);
    machine.command({ kind: 'display', wanted: true });
    const { update } = frames()[0]!;
    expect([update.width, update.height]).toEqual([720, 400]);
    expect(update.text!.rows[0]!.trimEnd()).toBe('Hi');
    expect(update.text!.rows).toHaveLength(25);
  });

  it('shows the linear frame buffer where PCI has it', () => {
    const { machine, frames, pixel } = displayMachine([
      ...setMode,
      ...storeDword(FRAME_BUFFER + (640 * 2 + 3) * 4, 0x0011_2233),
      ...code.spin(),
    ]);
    machine.runFor(1000);
    machine.command({ kind: 'display', wanted: true });
    const { update } = frames()[0]!;
    expect([update.width, update.height, update.text]).toEqual([640, 480, undefined]);
    expect(pixel(3, 2)).toBe(0xff33_2211);
  });

  it('sends changes at 60 Hz, one frame at a time', () => {
    const { machine, frames, pixel } = displayMachine([
      ...setMode,
      ...waitFor(MAILBOX),
      ...storeDword(FRAME_BUFFER, 0xff),
      ...waitFor(MAILBOX + 1),
      ...storeDword(FRAME_BUFFER, 0xff00),
      ...code.spin(),
    ]);
    machine.command({ kind: 'display', wanted: true });
    machine.runFor(FRAME);
    expect(frames()).toHaveLength(1);
    machine.command({ kind: 'frame-done' });
    machine.runFor(FRAME);
    machine.command({ kind: 'frame-done' });
    const before = frames().length;
    machine.runFor(2 * FRAME);
    expect(frames()).toHaveLength(before);
    machine.ram.write(MAILBOX, Uint8Array.of(1));
    machine.runFor(FRAME);
    expect(frames()).toHaveLength(before + 1);
    expect(frames().at(-1)!.update.dirty).toEqual([{ x: 0, y: 0, width: 64, height: 64 }]);
    machine.ram.write(MAILBOX + 1, Uint8Array.of(1));
    machine.runFor(FRAME);
    expect(frames()).toHaveLength(before + 1);
    machine.command({ kind: 'frame-done' });
    machine.runFor(FRAME);
    expect(frames()).toHaveLength(before + 2);
    expect(pixel(0, 0)).toBe(0xff00_ff00);
  });

  it('shows a paused machine to a window that comes late', () => {
    const { machine, frames } = displayMachine(code.spin());
    machine.command({ kind: 'pause' });
    machine.runFor(1000);
    machine.command({ kind: 'display', wanted: true });
    expect(frames()).toHaveLength(1);
  });

  it('shows what a device writes into the frame buffer', () => {
    const { machine, frames, pixel } = displayMachine([...setMode, ...code.spin()]);
    machine.runFor(1000);
    machine.command({ kind: 'display', wanted: true });
    machine.command({ kind: 'frame-done' });
    machine.ram.write(FRAME_BUFFER + 640 * 4 * 100, Uint8Array.of(0, 0, 0xff, 0));
    machine.runFor(FRAME);
    expect(frames()).toHaveLength(2);
    expect(pixel(0, 100)).toBe(0xff00_00ff);
  });

  it('says nothing while nobody looks', () => {
    const { machine, frames } = displayMachine([...storeDword(0xb_8000, 0x0769_0748), ...code.spin()]);
    machine.command({ kind: 'display', wanted: true });
    machine.command({ kind: 'display', wanted: false });
    machine.runFor(2 * FRAME);
    expect(frames()).toHaveLength(1);
  });
});
