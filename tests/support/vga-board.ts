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
  const vga = new Vga(context, {
    memory,
    takeDirtyPages(pages) {
      for (const page of written) pages[page] = 1;
      const any = written.size > 0;
      written.clear();
      return any;
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
    textMode3: () => setTextMode3(vga),
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
