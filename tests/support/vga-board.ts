// A VGA for tests, with shorthand for its indexed registers. Nothing but the device is behind it.

import { setTextMode3 } from '../../src-main/engine/devices/vga/firmware-modes.ts';
import { Vga } from '../../src-main/engine/devices/vga/vga.ts';
import { accessor, fakeContext } from './fake-context.ts';

export const RED = 0xff0000ff;
export const BLACK = 0xff000000;

export function vgaBoard(memoryBytes = 0x40_0000) {
  const context = fakeContext();
  /** Pages of the linear frame buffer that the processor is made to have written. */
  const written = new Set<number>();
  const memory = new Uint8Array(memoryBytes);
  const copy = new Uint8Array(0x1_0000);
  /** Where the window at A0000h leads to without the device: an offset in memory, or in the copy behind it. */
  const window: { at: number | undefined } = { at: undefined };
  const vga = new Vga(context, {
    memory,
    direct: {
      copy,
      takeDirtyPages(pages) {
        for (const page of written) pages[page] = 1;
        const any = written.size > 0;
        written.clear();
        return any;
      },
      mapWindow(from) {
        window.at = from?.offset;
      },
    },
  });
  vga.reset();
  const io = accessor(vga);
  const indexed = (port: number) => ({
    set(index: number, value: number) {
      io.out(port, index);
      io.out(port + 1, value);
    },
    get(index: number) {
      io.out(port, index);
      return io.in(port + 1);
    },
  });
  return {
    context,
    vga,
    memory,
    ...io,
    seq: indexed(0x3c4),
    gfx: indexed(0x3ce),
    crtc: indexed(0x3d4),
    attr: {
      set(index: number, value: number) {
        io.in(0x3da);
        io.out(0x3c0, index);
        io.out(0x3c0, value);
      },
      get(index: number) {
        io.in(0x3da);
        io.out(0x3c0, index);
        const value = io.in(0x3c1);
        io.in(0x3da);
        io.out(0x3c0, 0x20);
        return value;
      },
    },
    vbe: {
      set(index: number, value: number) {
        io.out(0x1ce, index, 2);
        io.out(0x1cf, value, 2);
      },
      get(index: number) {
        io.out(0x1ce, index, 2);
        return io.in(0x1cf, 2);
      },
    },
    /** What is written to the start address counts from the next frame on. */
    nextFrame: () => context.clock.advance(20e6),
    textMode3: () => setTextMode3(vga),
    window,
    /** What the processor does with the window while it's mapped. */
    direct: {
      read: (offset: number) =>
        window.at === memoryBytes ? copy[offset]! : memory[(window.at ?? Number.NaN) + offset]!,
      write(offset: number, value: number) {
        if (window.at === memoryBytes) copy[offset] = value;
        else memory[(window.at ?? Number.NaN) + offset] = value;
        written.add(((window.at ?? Number.NaN) + offset) >>> 12);
      },
    },
    /** A store through the linear frame buffer. */
    storeLinear(at: number, bytes: readonly number[]) {
      memory.set(bytes, at);
      written.add(at >>> 12);
    },
    pixel(x: number, y: number, width: number): number {
      return new Uint32Array(vga.screen.pixels)[y * width + x]!;
    },
  };
}
