// RF, which IRET sets for one instruction, as frames show it. Reference: Intel SDM vol. 3B 18.3.1.1 (RF is cleared behind the instruction
// that it is for; faults push it set).

import { describe, expect, it } from 'vitest';
import { EFLAGS_RF } from '../../src-main/engine/x86/state/control-bits.ts';
import { CODE, FlatGuest, IDT } from '../support/flat-guest.ts';

const VECTOR = 0x1f;
const PORT = 0x80;
const DE = 0;
const DF = 8;
const OUT_PORT = `e6${PORT.toString(16)}`;
const NOPS = '90 90 90';
/** IRET to what follows, with RF and IF set. */
const RETURN = {
  32: `68 02020100 6a08 68 TARGET cf`,
  64: `6a10 54 68 02020100 6a08 68 TARGET 48cf`,
} as const;

const hex32 = (value: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes.toString('hex');
};

function returning(bits: 32 | 64, code: string): string {
  const bytes = RETURN[bits].replaceAll(' ', '');
  const length = bytes.replace('TARGET', '00000000').length / 2;
  return bytes.replace('TARGET', hex32(CODE + length)) + code;
}

/** Counted in elements of a frame from the one that ESP points to. */
function flagsInFrame(guest: FlatGuest, bits: 32 | 64, index: number): number {
  return guest.view.getUint32(guest.machine.cpu.low('gpr', 4) + (index * bits) / 8, true);
}

function guestWithInterrupts(bits: 32 | 64, accel: 'interp' | 'jit'): FlatGuest {
  const guest: FlatGuest = new FlatGuest({
    bits,
    accel,
    environment: {
      portWrite: () => guest.machine.engine.setInterrupt(true),
      acknowledgeInterrupt: () => {
        guest.machine.engine.setInterrupt(false);
        return VECTOR;
      },
    },
  });
  return guest;
}

for (const bits of [32, 64] as const) {
  for (const accel of ['interp', 'jit'] as const) {
    describe(`RF that IRET has set, ${bits}-bit code, ${accel}`, () => {
      it('is clear in the frame of an interrupt that comes later', () => {
        const guest = guestWithInterrupts(bits, accel);
        for (let i = 0; i < 8; i++) {
          expect(guest.run(returning(bits, NOPS + OUT_PORT + NOPS))).toBe(VECTOR);
          expect(flagsInFrame(guest, bits, 2) & EFLAGS_RF).toBe(0);
        }
      });
      it('is set in the frame of an interrupt at once where breakpoints are looked for', () => {
        const guest = guestWithInterrupts(bits, accel);
        guest.machine.cpu.setHalves('dr', 0x10_0000, 0, 0);
        guest.machine.cpu.setHalves('dr', 2, 0, 7);
        guest.machine.cpu.updateMode();
        guest.machine.engine.setInterrupt(true);
        expect(guest.run(returning(bits, NOPS))).toBe(VECTOR);
        expect(flagsInFrame(guest, bits, 2) & EFLAGS_RF).toBe(EFLAGS_RF);
      });
      it('is clear in the frame of a double fault, and set in that of a fault', () => {
        const guest = guestWithInterrupts(bits, accel);
        const dividing = returning(bits, `${NOPS} 31c9 f7f1`);
        for (let i = 0; i < 8; i++) {
          expect(guest.run(dividing)).toBe(DE);
          expect(flagsInFrame(guest, bits, 2) & EFLAGS_RF).toBe(EFLAGS_RF);
        }
        guest.view.setUint32(IDT + 4, 0, true);
        for (let i = 0; i < 8; i++) {
          expect(guest.run(dividing)).toBe(DF);
          expect(flagsInFrame(guest, bits, 3) & EFLAGS_RF).toBe(0);
        }
      });
    });
  }
}
