// The i440FX host bridge as a PCI function: of its registers only PAM, which says for each piece of
// C0000h to FFFFFh whether reads and writes reach RAM, and SMRAM have an effect.
// Reference: Intel 82441FX datasheet (290549), 3.2.18 (PAM), 3.2.19 (DRB), 3.2.26 (SMRAM).

import type { ConfigSpace } from './config-space.ts';
import type { PciFunction } from './pci-function.ts';

/** Says what answers a piece of the upper memory area: RAM, or the ROM and PCI behind it. */
export interface ShadowControl {
  shadow(base: number, bytes: number, readRam: boolean, writeRam: boolean): void;
}

const PAM0 = 0x59;
const SMRAM = 0x72;
const READ_RAM = 1;
const WRITE_RAM = 2;
const PIECE_BYTES = 0x4000;

interface Piece {
  readonly offset: number;
  readonly shift: 0 | 4;
  readonly base: number;
  readonly bytes: number;
}

/** PAM0 has F0000h in its upper half; each further nibble stands for 16 KiB from C0000h on. */
const PIECES: readonly Piece[] = [
  { offset: PAM0, shift: 4, base: 0xf0000, bytes: 0x1_0000 },
  ...Array.from(
    { length: 12 },
    (_, i): Piece => ({
      offset: PAM0 + 1 + (i >>> 1),
      shift: i & 1 ? 4 : 0,
      base: 0xc0000 + i * PIECE_BYTES,
      bytes: PIECE_BYTES,
    }),
  ),
];

export interface HostBridgeOptions {
  readonly shadow: ShadowControl;
  /** PAM nibbles at reset. 0 is the chip's; 3 is what a machine without firmware starts with. */
  readonly initialPam?: number;
}

export function hostBridge({ shadow, initialPam = 0 }: HostBridgeOptions): PciFunction {
  const pam = initialPam | (initialPam << 4);
  const current: number[] = PIECES.map(() => -1);
  return {
    slot: 0,
    function: 0,
    vendorId: 0x8086,
    deviceId: 0x1237,
    revision: 2,
    // By these firmware knows a virtual machine that has the configuration device at port 510h.
    subsystemVendorId: 0x1af4,
    subsystemId: 0x1100,
    classCode: 0x060000,
    registers: [
      { offset: PAM0, width: 1, value: pam & 0xf0, writable: 0x30 },
      ...Array.from({ length: 6 }, (_, i) => ({
        offset: PAM0 + 1 + i,
        width: 1 as const,
        value: pam,
        writable: 0x33,
      })),
      { offset: SMRAM, width: 1, value: 0x02, writable: 0x78 },
    ],
    configure(config: ConfigSpace) {
      for (let i = 0; i < PIECES.length; i++) {
        const { offset, shift, base, bytes } = PIECES[i]!;
        const bits = (config.u8(offset) >>> shift) & 3;
        if (bits === current[i]) continue;
        current[i] = bits;
        shadow.shadow(base, bytes, (bits & READ_RAM) !== 0, (bits & WRITE_RAM) !== 0);
      }
    },
  };
}
