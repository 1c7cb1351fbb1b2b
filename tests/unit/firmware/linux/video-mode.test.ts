// The modes that "vga=" names on a kernel's command line.

import { describe, expect, it } from 'vitest';
import { videoModeOf } from '../../../../src-main/engine/firmware/linux/video-mode.ts';

describe('vga=', () => {
  it.each([
    ['vga=0x301', 640, 480, 8],
    ['quiet vga=791', 1024, 768, 16],
    ['vga=0x315 quiet', 800, 600, 32],
    ['vga=0x301 vga=0x31A', 1280, 1024, 16],
    ['vga=784', 640, 480, 15],
  ])('%s sets %i by %i with %i bits', (commandLine, width, height, bitsPerPixel) => {
    expect(videoModeOf(commandLine)).toEqual({ width, height, bitsPerPixel });
  });

  it.each(['', 'vga=normal', 'vga=ask', 'vga=0x0f04', 'xvga=0x301', 'vga=0x301x', 'vga=1e9'])(
    '"%s" leaves text',
    (commandLine) => {
      expect(videoModeOf(commandLine)).toBeUndefined();
    },
  );
});
