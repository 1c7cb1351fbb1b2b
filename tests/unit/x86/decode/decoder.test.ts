// The decoder on cases of our own: texts in all three code sizes, prefixes, faults, features.
// Reference: Intel SDM vol. 2A chapter 2. Larger coverage with external data: decoder-vectors.test.ts.

import { describe, expect, it } from 'vitest';
import { decode } from '../../../../src-main/engine/x86/decode/decoder.ts';
import { formatInstruction } from '../../../../src-main/engine/x86/decode/format.ts';
import type { DecodeResult, Instruction } from '../../../../src-main/engine/x86/decode/instruction.ts';
import type { CpuFeature } from '../../../../src-main/engine/x86/models/cpu-model.ts';
import { SEGMENT_INDEX } from '../../../../src-main/engine/x86/state/cpu-state.ts';
import { ALL_FEATURES } from './every-feature.ts';

type CodeBits = 16 | 32 | 64;

const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(
    hex.split(' ').filter((pair) => pair !== ''),
    (pair) => Number.parseInt(pair, 16),
  );

const decodeHex = (
  hex: string,
  codeBits: CodeBits,
  features = ALL_FEATURES,
  protectedMode = true,
): DecodeResult => {
  const bytes = bytesOf(hex);
  return decode(bytes, 0, bytes.length, { codeBits }, features, protectedMode);
};

const instructionOf = (hex: string, codeBits: CodeBits): Instruction => {
  const result = decodeHex(hex, codeBits);
  if (!result.ok) throw new Error(`${hex} is rejected: ${JSON.stringify(result)}`);
  expect(result.instruction.length).toBe(bytesOf(hex).length);
  return result.instruction;
};

const textOf = (hex: string, codeBits: CodeBits): string =>
  formatInstruction(instructionOf(hex, codeBits), 0x1000);

const UNDEFINED = { ok: false, fault: 6 };

describe('16-bit code', () => {
  it.each([
    ['00 00', 'ADD BYTE PTR [BX+SI], AL'],
    ['8B 46 FE', 'MOV AX, WORD PTR [BP-2]'],
    ['8B 0E 34 12', 'MOV CX, WORD PTR [1234h]'],
    ['26 8A 27', 'MOV AH, BYTE PTR ES:[BX]'],
    ['2E FF 2E 00 10', 'JMP FAR DWORD PTR CS:[1000h]'],
    ['66 67 8B 44 24 08', 'MOV EAX, DWORD PTR [ESP+8]'],
    ['EA 00 00 00 F0', 'JMP FAR 0F000h:0'],
    ['66 EA 78 56 34 12 08 00', 'JMP FAR 8:12345678h'],
    ['E9 FD FF', 'JMP 1000h'],
    ['EB FE', 'JMP 1000h'],
    ['74 10', 'JZ 1012h'],
    ['F3 A5', 'REP MOVSW WORD PTR ES:[DI], WORD PTR DS:[SI]'],
    ['F2 2E AE', 'REPNE SCASB AL, BYTE PTR ES:[DI]'],
    ['F3 65 A6', 'REPE CMPSB BYTE PTR GS:[SI], BYTE PTR ES:[DI]'],
    ['66 6D', 'INSD DWORD PTR ES:[DI], DX'],
    ['98', 'CBW'],
    ['66 99', 'CDQ'],
    ['60', 'PUSHA'],
    ['66 9C', 'PUSHFD'],
    ['C8 10 00 01', 'ENTER 10h, 1'],
    ['D5 0A', 'AAD 0Ah'],
    ['D6', 'SALC'],
    ['67 E3 05', 'JECXZ 1008h'],
    ['83 C0 FF', 'ADD AX, 0FFFFh'],
    ['66 83 C0 FF', 'ADD EAX, 0FFFFFFFFh'],
    ['D8 C1', 'FADD ST, ST(1)'],
    ['0F 20 C0', 'MOV EAX, CR0'],
    ['A1 34 12', 'MOV AX, WORD PTR [1234h]'],
    ['C4 07', 'LES AX, DWORD PTR [BX]'],
    ['0F 01 17', 'LGDT FWORD PTR [BX]'],
  ])('%s is %s', (hex, text) => {
    expect(textOf(hex, 16)).toBe(text);
  });
});

describe('32-bit code', () => {
  it.each([
    ['01 CE', 'ADD ESI, ECX'],
    ['66 01 CE', 'ADD SI, CX'],
    ['8B 44 8D F8', 'MOV EAX, DWORD PTR [EBP+ECX*4-8]'],
    ['8B 04 25 78 56 34 12', 'MOV EAX, DWORD PTR [12345678h]'],
    ['8B 04 8D 00 00 00 00', 'MOV EAX, DWORD PTR [ECX*4]'],
    ['67 8B 02', 'MOV EAX, DWORD PTR [BP+SI]'],
    ['64 A1 00 00 00 00', 'MOV EAX, DWORD PTR FS:[0]'],
    ['F0 0F B1 0B', 'LOCK CMPXCHG DWORD PTR [EBX], ECX'],
    ['F0 0F C7 0E', 'LOCK CMPXCHG8B QWORD PTR [ESI]'],
    ['0F 4C C1', 'CMOVL EAX, ECX'],
    ['0F 97 C4', 'SETNBE AH'],
    ['69 C0 00 01 00 00', 'IMUL EAX, EAX, 100h'],
    ['6B C0 FE', 'IMUL EAX, EAX, 0FFFFFFFEh'],
    ['0F A4 C2 03', 'SHLD EDX, EAX, 3'],
    ['82 C0 05', 'ADD AL, 5'],
    ['F6 C8 01', 'TEST AL, 1'],
    ['D1 F0', 'SHL EAX, 1'],
    ['63 C8', 'ARPL AX, CX'],
    ['62 08', 'BOUND ECX, QWORD PTR [EAX]'],
    ['0F 0B', 'UD2'],
    ['F1', 'INT1'],
    ['8E D8', 'MOV DS, AX'],
    ['8C D8', 'MOV EAX, DS'],
    ['8C 18', 'MOV WORD PTR [EAX], DS'],
    ['0F 1F 44 00 00', 'NOP DWORD PTR [EAX+EAX]'],
    ['F3 0F 1E FB', 'NOP EBX'],
    ['F3 90', 'PAUSE'],
    ['0F 58 C1', 'ADDPS XMM0, XMM1'],
    ['66 0F 58 C1', 'ADDPD XMM0, XMM1'],
    ['F3 0F 58 01', 'ADDSS XMM0, DWORD PTR [ECX]'],
    ['F2 0F 58 01', 'ADDSD XMM0, QWORD PTR [ECX]'],
    ['66 F2 0F 10 01', 'MOVSD XMM0, QWORD PTR [ECX]'],
    ['F2 F3 0F 10 01', 'MOVSS XMM0, DWORD PTR [ECX]'],
    ['0F FC C1', 'PADDB MM0, MM1'],
    ['66 0F FC 01', 'PADDB XMM0, XMMWORD PTR [ECX]'],
    ['0F 12 C1', 'MOVHLPS XMM0, XMM1'],
    ['0F 12 01', 'MOVLPS XMM0, QWORD PTR [ECX]'],
    ['66 0F 3A 0F C1 04', 'PALIGNR XMM0, XMM1, 4'],
    ['66 0F 38 14 C1', 'BLENDVPS XMM0, XMM1, XMM0'],
    ['66 F2 0F 38 F1 C1', 'CRC32 EAX, CX'],
    ['0F AE 00', 'FXSAVE [EAX]'],
    ['0F AE F8', 'SFENCE'],
    ['DD D8', 'FSTP ST'],
    ['DA C9', 'FCMOVE ST, ST(1)'],
    ['DB D9', 'FCMOVNU ST, ST(1)'],
    ['DF E0', 'FNSTSW AX'],
    ['DE E9', 'FSUBP ST(1), ST'],
    ['DC E1', 'FSUBR ST(1), ST'],
    ['DB 28', 'FLD TBYTE PTR [EAX]'],
    ['66 E8 00 10', 'CALL 2004h'],
    ['66 C3', 'RET'],
    ['CF', 'IRETD'],
    ['0F 20 00', 'MOV EAX, CR0'],
  ])('%s is %s', (hex, text) => {
    expect(textOf(hex, 32)).toBe(text);
  });
});

describe('64-bit code', () => {
  it.each([
    ['48 01 CE', 'ADD RSI, RCX'],
    ['40 88 F8', 'MOV AL, DIL'],
    ['88 F8', 'MOV AL, BH'],
    ['45 88 C1', 'MOV R9B, R8B'],
    ['48 8D 05 00 01 00 00', 'LEA RAX, [RIP+100h]'],
    ['67 8B 05 F0 FF FF FF', 'MOV EAX, DWORD PTR [EIP-10h]'],
    ['8B 04 25 00 10 00 00', 'MOV EAX, DWORD PTR [1000h]'],
    ['8B 04 25 00 00 00 80', 'MOV EAX, DWORD PTR [0FFFFFFFF80000000h]'],
    ['43 8B 44 A5 00', 'MOV EAX, DWORD PTR [R13+R12*4]'],
    ['41 8B 04 24', 'MOV EAX, DWORD PTR [R12]'],
    ['8B 04 24', 'MOV EAX, DWORD PTR [RSP]'],
    ['48 B8 88 77 66 55 44 33 22 11', 'MOV RAX, 1122334455667788h'],
    ['48 A1 88 77 66 55 44 33 22 11', 'MOV RAX, QWORD PTR [1122334455667788h]'],
    ['67 A1 78 56 34 12', 'MOV EAX, DWORD PTR [12345678h]'],
    ['48 C7 C0 FF FF FF FF', 'MOV RAX, 0FFFFFFFFFFFFFFFFh'],
    ['41 90', 'XCHG R8D, EAX'],
    ['48 90', 'NOP'],
    ['F3 41 90', 'PAUSE'],
    ['50', 'PUSH RAX'],
    ['66 50', 'PUSH AX'],
    ['41 57', 'PUSH R15'],
    ['6A FF', 'PUSH 0FFFFFFFFFFFFFFFFh'],
    ['66 E8 00 00 00 00', 'CALL 1006h'],
    ['FF D0', 'CALL RAX'],
    ['66 FF E0', 'JMP RAX'],
    ['FF 18', 'CALL FAR FWORD PTR [RAX]'],
    ['48 FF 28', 'JMP FAR TBYTE PTR [RAX]'],
    ['48 63 C1', 'MOVSXD RAX, ECX'],
    ['48 98', 'CDQE'],
    ['48 CF', 'IRETQ'],
    ['F3 48 AB', 'REP STOSQ QWORD PTR ES:[RDI], RAX'],
    ['67 E3 00', 'JECXZ 1003h'],
    ['E3 00', 'JRCXZ 1002h'],
    ['66 48 0F 6E C0', 'MOVQ XMM0, RAX'],
    ['66 0F 7E C0', 'MOVD EAX, XMM0'],
    ['F2 48 0F 2A C0', 'CVTSI2SD XMM0, RAX'],
    ['45 0F 58 C1', 'ADDPS XMM8, XMM9'],
    ['48 0F C7 0E', 'CMPXCHG16B XMMWORD PTR [RSI]'],
    ['44 0F 20 C0', 'MOV RAX, CR8'],
    ['66 0F 20 C0', 'MOV RAX, CR0'],
    ['0F 01 F8', 'SWAPGS'],
    ['0F 01 18', 'LIDT TBYTE PTR [RAX]'],
    ['0F 05', 'SYSCALL'],
    ['65 48 8B 04 25 28 00 00 00', 'MOV RAX, QWORD PTR GS:[28h]'],
    ['65 3E 8B 00', 'MOV EAX, DWORD PTR GS:[RAX]'],
    ['2E 8B 00', 'MOV EAX, DWORD PTR [RAX]'],
    ['36 8B 45 00', 'MOV EAX, DWORD PTR [RBP]'],
    ['0F C8', 'BSWAP EAX'],
    ['49 0F C8', 'BSWAP R8'],
    ['F3 48 0F AE C0', 'RDFSBASE RAX'],
    ['E5 10', 'IN EAX, 10h'],
    ['48 ED', 'IN EAX, DX'],
  ])('%s is %s', (hex, text) => {
    expect(textOf(hex, 64)).toBe(text);
  });

  it('drops REX unless it is the last prefix', () => {
    expect(textOf('48 66 01 C8', 64)).toBe('ADD AX, CX');
    expect(textOf('66 48 01 C8', 64)).toBe('ADD RAX, RCX');
    expect(textOf('4F 40 01 C8', 64)).toBe('ADD EAX, ECX');
  });

  it.each([
    '06',
    '27',
    '37',
    '60',
    '62 00',
    '82 C0 00',
    '9A 00 00 00 00 00 00',
    'C4 00',
    'CE',
    'D4 0A',
    'D6',
    'EA 00 00 00 00 00 00',
  ])('does not have %s', (hex) => {
    expect(decodeHex(hex, 64)).toMatchObject(UNDEFINED);
    expect(decodeHex(hex, 32).ok).toBe(true);
  });
});

describe('addresses', () => {
  it('default to SS for bases SP and BP, and follow an override', () => {
    expect(instructionOf('8B 46 00', 16).memory?.segment).toBe(SEGMENT_INDEX.ss);
    expect(instructionOf('8B 04 24', 32).segment).toBe(SEGMENT_INDEX.ss);
    expect(instructionOf('8B 44 05 00', 32).segment).toBe(SEGMENT_INDEX.ss);
    expect(instructionOf('8B 44 28 00', 32).segment).toBe(SEGMENT_INDEX.ds);
    expect(instructionOf('8B 05 00 00 00 00', 32).segment).toBe(SEGMENT_INDEX.ds);
    expect(instructionOf('26 36 8B 00', 32).segment).toBe(SEGMENT_INDEX.ss);
    expect(instructionOf('41 8B 45 00', 64).segment).toBe(SEGMENT_INDEX.ds);
  });

  it('keep the whole 64-bit offset of MOV accumulator, moffs', () => {
    const { memory } = instructionOf('A2 00 00 00 80 FF 00 00 00', 64);
    expect(memory).toMatchObject({ base: -1, index: -1, displacement: -0x80000000, displacementHigh: 0xff });
  });

  it('give the segment of instructions with implicit memory operands', () => {
    expect(instructionOf('64 D7', 32)).toMatchObject({ segment: SEGMENT_INDEX.fs, memory: undefined });
    expect(instructionOf('A4', 32)).toMatchObject({ segment: SEGMENT_INDEX.ds, memory: undefined });
  });
});

describe('immediates', () => {
  it('stand as bit patterns below 32 bits and as signed halves above', () => {
    const last = (hex: string, bits: CodeBits): unknown => instructionOf(hex, bits).operands.at(-1);
    expect(last('B0 FF', 32)).toEqual({ kind: 'immediate', bits: 8, low: 0xff, high: 0 });
    expect(last('83 C0 FF', 16)).toEqual({ kind: 'immediate', bits: 16, low: 0xffff, high: 0 });
    expect(last('83 C0 FF', 32)).toEqual({ kind: 'immediate', bits: 32, low: -1, high: 0 });
    expect(last('48 83 C0 FF', 64)).toEqual({ kind: 'immediate', bits: 64, low: -1, high: -1 });
    expect(last('48 05 00 00 00 80', 64)).toEqual({
      kind: 'immediate',
      bits: 64,
      low: -0x80000000,
      high: -1,
    });
    expect(last('D1 E0', 32)).toEqual({ kind: 'immediate', bits: 8, low: 1, high: 0 });
  });
});

describe('#UD', () => {
  it.each([
    ['F0 01 C0', 'LOCK with a register destination'],
    ['F0 03 00', 'LOCK with a register destination and a memory source'],
    ['F0 8B 00', 'LOCK on MOV'],
    ['F0 39 00', 'LOCK on CMP'],
    ['F0 0F BA 20 01', 'LOCK on BT'],
    ['F0 90', 'LOCK on NOP'],
    ['8E C8', 'MOV to CS'],
    ['8E F0', 'a sixth segment register'],
    ['8C F8', 'a seventh segment register'],
    ['0F 20 C8', 'CR1'],
    ['0F 22 E8', 'CR5'],
    ['8D C0', 'LEA of a register'],
    ['62 C0', 'EVEX'],
    ['C5 F8 77', 'VEX'],
    ['8F E8 78', 'XOP'],
    ['0F 0F C0 9E', '3DNow!'],
    ['FE D0', 'an empty place in a group'],
    ['FF F8', 'an empty place in a group'],
    ['0F 01 C1', 'VMCALL'],
    ['F3 0F 14 C0', 'a mandatory prefix nobody uses'],
    ['0F C7 C8', 'CMPXCHG8B of a register'],
    ['0F 04', 'an empty opcode'],
    ['0F 3A FF', 'an empty opcode'],
  ])('%s: %s', (hex) => {
    expect(decodeHex(`${hex} 00 00 00 00 00`, 32)).toMatchObject(UNDEFINED);
  });

  it('is raised for CR9 and DR8, which only REX.R can name', () => {
    expect(decodeHex('44 0F 20 C8', 64)).toMatchObject(UNDEFINED);
    expect(decodeHex('44 0F 21 C0', 64)).toMatchObject(UNDEFINED);
  });

  it('is raised for protected-mode instructions in real and virtual-8086 mode', () => {
    for (const hex of ['0F 00 D8', '0F 02 C0', '0F 03 C0', '63 C0', '0F 00 E0']) {
      expect(decodeHex(hex, 16, ALL_FEATURES, false)).toMatchObject(UNDEFINED);
      expect(decodeHex(hex, 16, ALL_FEATURES, true).ok).toBe(true);
    }
  });

  it('is raised for instructions the CPU does not have', () => {
    const old: ReadonlySet<CpuFeature> = new Set(['fpu', 'cx8', 'tsc', 'cmov', 'mmx', 'sse']);
    const lacking = [
      '66 0F 58 C0',
      'F2 0F 10 C0',
      '0F D4 C0',
      'F3 0F B8 C0',
      '0F 38 00 C0',
      '0F AE E8',
      'DB 08',
      '0F 31',
    ];
    const outcomes = lacking.map((hex) => decodeHex(hex, 32, old).ok);
    expect(outcomes).toEqual([false, false, false, false, false, false, false, true]);
    expect(decodeHex('0F 58 C0', 32, old).ok).toBe(true);
    expect(decodeHex('DA C1', 32, old).ok).toBe(true);
    expect(decodeHex('DA C1', 32, new Set<CpuFeature>(['fpu']))).toMatchObject(UNDEFINED);
    expect(decodeHex('9F', 64, old)).toMatchObject(UNDEFINED);
    expect(decodeHex('9F', 32, old).ok).toBe(true);
  });
});

describe('length', () => {
  it('may be 15 bytes and no more', () => {
    const prefixes = (count: number): string => Array.from({ length: count }, () => '26').join(' ');
    expect(instructionOf(`${prefixes(13)} 01 CE`, 32).length).toBe(15);
    expect(decodeHex(`${prefixes(14)} 01 CE`, 32)).toEqual({ ok: false, fault: 13, length: 15 });
    expect(decodeHex(prefixes(15), 32)).toEqual({ ok: false, fault: 13, length: 15 });
    expect(decodeHex(prefixes(400), 32)).toEqual({ ok: false, fault: 13, length: 15 });
    expect(decodeHex(`${prefixes(12)} B8 00 00 00 00`, 32)).toEqual({ ok: false, fault: 13, length: 15 });
  });

  it('needs every byte: a shorter slice says so, whatever stands behind it', () => {
    const cases: readonly [string, CodeBits][] = [
      ['66 67 F0 81 84 88 00 00 00 00 00 00 00 00', 16],
      ['48 B8 00 00 00 00 00 00 00 00', 64],
      ['66 0F 3A 0F 84 88 00 00 00 00 01', 32],
      ['9A 00 00 00 00 00 00', 32],
      ['0F 01 10', 32],
      ['C8 00 00 00', 32],
    ];
    for (const [hex, codeBits] of cases) {
      const bytes = bytesOf(`90 ${hex} FF FF FF`);
      const length = bytesOf(hex).length;
      for (let end = 1; end <= length; end++) {
        const cut = decode(bytes, 1, end, { codeBits }, ALL_FEATURES, true);
        expect(cut, `${hex} cut to ${end - 1}`).toEqual({ ok: false, fault: 'short' });
      }
      expect(decode(bytes, 1, length + 1, { codeBits }, ALL_FEATURES, true)).toMatchObject({ ok: true });
    }
    expect(decode(bytesOf('66 66 66'), 0, 3, { codeBits: 32 }, ALL_FEATURES, true)).toEqual({
      ok: false,
      fault: 'short',
    });
  });

  it('is bounded for any bytes, and never throws', () => {
    const bytes = new Uint8Array(64);
    let seed = 12345;
    for (let round = 0; round < 6000; round++) {
      for (let n = 0; n < bytes.length; n++) {
        seed = (Math.imul(seed, 1103515245) + 12345) | 0;
        bytes[n] = seed >>> 16;
      }
      const codeBits = ([16, 32, 64] as const)[round % 3] ?? 32;
      const result = decode(bytes, 0, bytes.length, { codeBits }, ALL_FEATURES, true);
      if (result.ok) {
        expect(result.instruction.length).toBeGreaterThan(0);
        expect(result.instruction.length).toBeLessThanOrEqual(15);
        expect(formatInstruction(result.instruction)).not.toMatch(/undefined|\?|NaN/);
      } else if (result.fault !== 'short') {
        expect(result.length).toBeLessThanOrEqual(15);
      }
    }
  });
});
