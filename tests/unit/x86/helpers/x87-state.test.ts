// x87, MMX and SSE state as programs see it: pending exceptions, environment and save images, MMX transitions.
// Reference: Intel SDM vol. 1, 8.1.10, 8.7, 9.5, 10.5; vol. 3A, 12.2-12.5, 22.18.

import { describe, expect, it } from 'vitest';
import { DATA, FlatGuest } from '../../../support/flat-guest.ts';

const FNINIT = 'dbe3';
const FLD1 = 'd9e8';
const FLDZ = 'd9ee';
const FLDPI = 'd9eb';
/** FDIVP: here 1 / 0. */
const DIVIDE = 'def9';
const FWAIT = '9b';
/** FLDCW [RDI]. */
const LOAD_CONTROL = 'd92f';
const ONE_BY_ZERO = FNINIT + LOAD_CONTROL + FLD1 + FLDZ + DIVIDE;

const MATH_FAULT = 16;
const GENERAL_PROTECTION = 13;
const DEVICE_NOT_AVAILABLE = 7;
const CR0_NE = 0x20;
const CR0_TS = 0x08;

const UNMASKED_ZERO_DIVIDE = 0x37b;

describe('an unmasked x87 exception', () => {
  const guest = new FlatGuest({ bits: 64 });

  it('is raised by the next waiting instruction, not by its own', () => {
    guest.view.setUint16(DATA, UNMASKED_ZERO_DIVIDE, true);
    expect(guest.run(ONE_BY_ZERO)).toBe(-1);
    expect(guest.machine.cpu.get32('fsw') & 0x80ff).toBe(0x8084);
    expect(guest.run(ONE_BY_ZERO + FWAIT)).toBe(MATH_FAULT);
    expect(guest.run(ONE_BY_ZERO + FLD1)).toBe(MATH_FAULT);
    // PADDB MM0, MM1 waits too; FNSTSW AX and FNCLEX do not.
    expect(guest.run(`${ONE_BY_ZERO}0ffcc1`)).toBe(MATH_FAULT);
    expect(guest.run(`${ONE_BY_ZERO}dfe0 dbe2${FWAIT}`)).toBe(-1);
  });

  it('is reported on FERR# and not as an exception when CR0.NE is clear', () => {
    let reported = 0;
    const old = new FlatGuest({ bits: 32, environment: { floatError: () => reported++ } });
    old.machine.cpu.setHalves('cr0', old.machine.cpu.low('cr0') & ~CR0_NE, 0);
    old.view.setUint16(DATA, UNMASKED_ZERO_DIVIDE, true);
    expect(old.run(ONE_BY_ZERO + FWAIT)).toBe(-1);
    expect(reported).toBe(1);
  });

  it('appears when FLDCW unmasks what is already flagged', () => {
    guest.view.setUint16(DATA, UNMASKED_ZERO_DIVIDE, true);
    expect(guest.run(FNINIT + FLD1 + FLDZ + DIVIDE + LOAD_CONTROL)).toBe(-1);
    expect(guest.run(FNINIT + FLD1 + FLDZ + DIVIDE + LOAD_CONTROL + FWAIT)).toBe(MATH_FAULT);
  });
});

describe('FWAIT', () => {
  it('faults for a task switch only with CR0.MP', () => {
    const guest = new FlatGuest({ bits: 32 });
    const { cpu } = guest.machine;
    cpu.setHalves('cr0', cpu.low('cr0') | CR0_TS, 0);
    cpu.updateMode();
    expect(guest.run(FWAIT)).toBe(DEVICE_NOT_AVAILABLE);
    cpu.setHalves('cr0', cpu.low('cr0') & ~2, 0);
    cpu.updateMode();
    expect(guest.run(FWAIT)).toBe(-1);
    expect(guest.run(FLD1)).toBe(DEVICE_NOT_AVAILABLE);
  });
});

describe('environment images', () => {
  it('FNSTENV, 32-bit protected: words, tags and the instruction pointer; masks all exceptions', () => {
    const guest = new FlatGuest({ bits: 32 });
    guest.view.setUint16(DATA, 0x340, true);
    // FNINIT; FLDCW [EDI]; FLD1; FLDZ; FNSTENV [EDI+16]
    expect(guest.run(`${FNINIT + LOAD_CONTROL + FLD1 + FLDZ}d97710`)).toBe(-1);
    const at = (offset: number) => guest.view.getUint32(DATA + 16 + offset, true);
    expect(at(0)).toBe(0xffff0340);
    expect(at(4)).toBe(0xffff3000);
    // R7 valid, R6 zero, the others empty.
    expect(at(8)).toBe(0xffff1fff);
    expect(at(12)).toBe(0x8000 + 6);
    expect(at(16) & 0xffff).toBe(8);
    expect(guest.machine.cpu.get32('fcw')).toBe(0x37f);
  });

  it('FNSTENV and FLDENV, 16-bit: 14 bytes there and back', () => {
    const guest = new FlatGuest({ bits: 32 });
    guest.view.setUint32(DATA + 16 + 14, 0xdeadbeef, true);
    // FNINIT; FLD1; FLDZ; o16 FNSTENV [EDI+16]; FNINIT; o16 FLDENV [EDI+16]
    expect(guest.run(`${FNINIT + FLD1 + FLDZ}66d97710${FNINIT}66d96710`)).toBe(-1);
    expect(guest.view.getUint16(DATA + 16 + 2, true)).toBe(0x3000);
    expect(guest.view.getUint16(DATA + 16 + 4, true)).toBe(0x1fff);
    expect(guest.view.getUint32(DATA + 16 + 14, true)).toBe(0xdeadbeef);
    const { cpu } = guest.machine;
    expect([cpu.get32('ftop'), cpu.get32('ftag'), cpu.get32('fcw')]).toEqual([6, 0xc0, 0x37f]);
  });

  it('FNSAVE initialises, FRSTOR brings everything back', () => {
    for (const accel of ['interp', 'jit'] as const) {
      const guest = new FlatGuest({ bits: 64, accel });
      expect(guest.run(`${FNINIT + FLDPI + FLD1}dd7710`)).toBe(-1);
      expect(guest.machine.cpu.get32('ftag')).toBe(0);
      expect(guest.run('dd6710')).toBe(-1);
      const { cpu } = guest.machine;
      expect([cpu.get32('ftop'), cpu.get32('ftag')]).toEqual([6, 0xc0]);
      expect(cpu.get64('fprSignificand', 7)).toBe(0xc90fdaa22168c235n);
      expect(cpu.get32('fprExponent', 7)).toBe(0x4000);
    }
  });

  it('an image that ends on a page without access faults before anything is written', () => {
    const guest = new FlatGuest({ bits: 64 });
    const end = 0x20_0000;
    guest.view.setUint32(end - 16, 0x12345678, true);
    // MOV EAX, end - 16; FNSAVE [RAX]
    expect(guest.run(`${FNINIT}b8f0ff1f00dd30`)).toBe(14);
    expect(guest.view.getUint32(end - 16, true)).toBe(0x12345678);
  });
});

describe('FXSAVE and FXRSTOR', () => {
  it('carry x87 and XMM registers, in stack order with abridged tags', () => {
    for (const accel of ['interp', 'jit'] as const) {
      const guest = new FlatGuest({ bits: 64, accel });
      guest.write128(DATA, 0x0123456789abcdef_0fedcba987654321n);
      // MOVAPS XMM15, [RDI]; FNINIT; FLDPI; FXSAVE64 [RDI+16]; XORPS XMM15, XMM15; FNINIT; FXRSTOR64 [RDI+16]
      expect(guest.run(`440f283f${FNINIT + FLDPI}480fae4710 450f57ff${FNINIT}480fae4f10`)).toBe(-1);
      const area = DATA + 16;
      expect(guest.view.getUint16(area, true)).toBe(0x37f);
      expect(guest.view.getUint16(area + 2, true)).toBe(0x3800);
      expect(guest.view.getUint8(area + 4)).toBe(0x80);
      expect(guest.view.getUint32(area + 28, true)).toBe(0xffff);
      expect(guest.read128(area + 32)).toBe(0x4000_c90fdaa22168c235n);
      expect(guest.read128(area + 160 + 15 * 16)).toBe(0x0123456789abcdef_0fedcba987654321n);
      // MOVAPS [RDI], XMM15 after the restore.
      guest.write128(DATA, 0n);
      expect(guest.run('440f293f')).toBe(-1);
      expect(guest.read128(DATA)).toBe(0x0123456789abcdef_0fedcba987654321n);
      expect(guest.machine.cpu.get32('ftag')).toBe(0x80);
    }
  });

  it('refuse unaligned areas and reserved MXCSR bits', () => {
    const guest = new FlatGuest({ bits: 64 });
    expect(guest.run('0fae4708')).toBe(GENERAL_PROTECTION);
    expect(guest.run('0fae07')).toBe(-1);
    guest.view.setUint32(DATA + 24, 0x1_1f80, true);
    expect(guest.run('0fae0f')).toBe(GENERAL_PROTECTION);
    // LDMXCSR [RDI+24]
    expect(guest.run('0fae5718')).toBe(GENERAL_PROTECTION);
    guest.view.setUint32(DATA + 24, 0x1fc0, true);
    expect(guest.run('0fae5718')).toBe(-1);
  });

  it('know no denormals-are-zeros on a processor without SSE2', () => {
    const guest = new FlatGuest({ bits: 32, model: 'pentium3' });
    guest.view.setUint32(DATA, 0x1fc0, true);
    expect(guest.run('0fae17')).toBe(GENERAL_PROTECTION);
    // FXSAVE [EDI+16]
    expect(guest.run('0fae4710')).toBe(-1);
    expect(guest.view.getUint32(DATA + 16 + 28, true)).toBe(0xffbf);
  });
});

describe('MMX', () => {
  it('marks all registers valid, resets TOP and fills the exponent of what it writes; EMMS empties', () => {
    for (const accel of ['interp', 'jit'] as const) {
      const guest = new FlatGuest({ bits: 64, accel });
      const { cpu } = guest.machine;
      guest.write128(DATA, 0x1122334455667788n);
      // FNINIT; FLD1; MOVQ MM2, [RDI]
      expect(guest.run(`${FNINIT + FLD1}0f6f17`)).toBe(-1);
      expect([cpu.get32('ftop'), cpu.get32('ftag')]).toEqual([0, 0xff]);
      expect([cpu.get32('fprExponent', 2), cpu.get64('fprSignificand', 2)]).toEqual([
        0xffff,
        0x1122334455667788n,
      ]);
      expect(cpu.get32('fprExponent', 7)).toBe(0x3fff);
      expect(guest.run('0f77')).toBe(-1);
      expect(cpu.get32('ftag')).toBe(0);
    }
  });
});

describe('the SSE alignment rule', () => {
  it('applies to 128-bit operands but not to MOVUPS and scalar ones', () => {
    const guest = new FlatGuest({ bits: 64 });
    for (const code of ['0f284701', '0f584701', '660f6f4701', '660ffc4701']) {
      expect(guest.run(code)).toBe(GENERAL_PROTECTION);
    }
    for (const code of ['0f104701', 'f30f584701', '660f3a0ac10b', 'f20ff04701']) {
      expect(guest.run(code)).toBe(-1);
    }
  });
});
