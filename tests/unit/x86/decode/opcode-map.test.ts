// The opcode tables as a whole: readable encodings and operand codes, no overlaps, attributes that fit together.

import { describe, expect, it } from 'vitest';
import {
  buildOpcodeMap,
  OPCODE_ROWS,
  PREFIX_66,
  PREFIX_F2,
  PREFIX_F3,
  PREFIX_NONE,
  parseEncoding,
  slotOf,
} from '../../../../src-main/engine/x86/decode/opcode-map.ts';
import { OPERAND_KIND, parseOperandCode } from '../../../../src-main/engine/x86/decode/operand-codes.ts';
import { row } from '../../../../src-main/engine/x86/decode/table-row.ts';

describe('opcode tables', () => {
  it('build into a map: every row can be read and none overlaps another', () => {
    const map = buildOpcodeMap(OPCODE_ROWS);
    expect(map.rows.length).toBe(OPCODE_ROWS.length + 1);
  });

  it('leave no row without an encoding that reaches it', () => {
    const map = buildOpcodeMap(OPCODE_ROWS);
    const reached = new Set<number>([...map.slots, ...map.groups]);
    const lost = OPCODE_ROWS.filter((_, index) => !reached.has(index + 1)).map((one) => one.encoding);
    expect(lost).toEqual([]);
  });

  it('restrict ModRM to memory where a row has only a memory operand, and to registers where only those', () => {
    const wrong = OPCODE_ROWS.filter((one) => {
      const kinds = one.operands.map((code) => parseOperandCode(code).kind);
      const { cells } = parseEncoding(one.encoding);
      const needsMemory = kinds.includes(OPERAND_KIND.memoryOnly);
      const needsRegister = kinds.includes(OPERAND_KIND.rmMmxOnly) || kinds.includes(OPERAND_KIND.rmXmmOnly);
      return (
        (needsMemory && cells.some((cell) => cell >= 8)) || (needsRegister && cells.some((cell) => cell < 8))
      );
    });
    expect(wrong.map((one) => one.encoding)).toEqual([]);
  });

  it('allow LOCK only where the destination can be memory', () => {
    const memory = new Set<number>([OPERAND_KIND.rmGeneral, OPERAND_KIND.memoryOnly]);
    const locked = OPCODE_ROWS.filter((one) => one.lock === true);
    const wrong = locked.filter((one) => !memory.has(parseOperandCode(one.operands[0] ?? 'AL').kind));
    expect(wrong).toEqual([]);
    expect(new Set(locked.map((one) => one.mnemonic))).toEqual(
      new Set([
        'ADD',
        'OR',
        'ADC',
        'SBB',
        'AND',
        'SUB',
        'XOR',
        'XCHG',
        'NOT',
        'NEG',
        'INC',
        'DEC',
        'BTS',
        'BTR',
        'BTC',
        'XADD',
        'CMPXCHG',
        'CMPXCHG8B',
        'CMPXCHG16B',
      ]),
    );
  });

  it('mark vector registers with the unit they need and the feature they came with', () => {
    const wrong = OPCODE_ROWS.filter((one) => {
      const files = one.operands.map((code) => code.charAt(0));
      const vector = files.some((letter) => 'PQNVWU'.includes(letter));
      const x87 = one.operands.some((code) => code.startsWith('ST'));
      return (vector || x87) && (one.unit === undefined || one.feature === undefined);
    });
    expect(wrong.map((one) => one.encoding)).toEqual([]);
  });

  it('mark aligned exactly rows with a 128-bit memory form', () => {
    const wrong = OPCODE_ROWS.filter((one) => {
      const wide = one.operands.some((code) => /^[WM](dq|ps|pd)$/.test(code));
      return one.aligned === true && !wide;
    });
    expect(wrong.map((one) => one.encoding)).toEqual([]);
    const unaligned = OPCODE_ROWS.filter(
      (one) => one.aligned !== true && one.operands.some((code) => /^[WM](dq|ps|pd)$/.test(code)),
    );
    expect(new Set(unaligned.map((one) => one.mnemonic))).toEqual(
      new Set(['MOVUPS', 'MOVUPD', 'MOVDQU', 'LDDQU', 'PCMPESTRM', 'PCMPESTRI', 'PCMPISTRM', 'PCMPISTRI']),
    );
  });

  it('give the condition exactly to the conditional families, in encoding order', () => {
    const conditional = OPCODE_ROWS.filter((one) => one.condition !== undefined);
    expect(new Set(conditional.map((one) => one.mnemonic))).toEqual(
      new Set(['Jcc', 'CMOVcc', 'SETcc', 'FCMOVcc']),
    );
    expect(conditional.filter((one) => one.mnemonic === 'SETcc').map((one) => one.condition)).toEqual(
      Array.from({ length: 16 }, (_, n) => n),
    );
  });

  it.each(['00', '0F 00', 'D8', '0F 38 00'])('have rows at %s', (encoding) => {
    const map = buildOpcodeMap(OPCODE_ROWS);
    const { map: page, opcode } = parseEncoding(encoding);
    expect(map.slots[slotOf(0, page, PREFIX_NONE, opcode)]).not.toBe(0);
  });
});

describe('the table language', () => {
  it.each(['', '0G', '0F', 'NP', '00 /8', '00 /0 both', '00 C0+r', '00 /0 mem reg', 'C0 +r', 'D8 C0 /1'])(
    'refuses the encoding "%s"',
    (encoding) => {
      expect(() => parseEncoding(encoding)).toThrow(/cannot be read/);
    },
  );

  it.each(['', 'E', 'Kb', 'Ex', 'Rd/Wd', 'Rd/Md/Mb', 'eBX', '2'])('refuses the operand code "%s"', (code) => {
    expect(() => parseOperandCode(code)).toThrow(/operand code/i);
  });

  it.each([
    ['00', '00'],
    ['80 /0', '80 mem'],
    ['66 0F 10', 'NFx 0F 10'],
    ['50+r', '53'],
    ['D9 D0', 'D9 D0+i'],
    ['W1 0F C7 /1', '0F C7 /1 mem'],
  ])('refuses tables in which "%s" and "%s" meet', (first, second) => {
    expect(() => buildOpcodeMap([row(first, 'FIRST'), row(second, 'SECOND')])).toThrow(/claim one encoding/);
  });

  it('lets a row with a prefix take precedence over one without', () => {
    for (const table of [
      [row('90', 'NOP'), row('F3 90', 'PAUSE')],
      [row('F3 90', 'PAUSE'), row('90', 'NOP')],
    ]) {
      const map = buildOpcodeMap(table);
      const names = [PREFIX_NONE, PREFIX_66, PREFIX_F3, PREFIX_F2].map(
        (prefix) => map.rows[map.slots[slotOf(0, 0, prefix, 0x90)] ?? 0]?.row.mnemonic,
      );
      expect(names).toEqual(['NOP', 'NOP', 'PAUSE', 'NOP']);
    }
  });

  it('separates rows by REX.W and by 64-bit code', () => {
    const map = buildOpcodeMap([
      row('W0 00', 'NARROW'),
      row('W1 00', 'WIDE'),
      row('01', 'OLD', '', { long: 'invalid' }),
      row('01', 'NEW', '', { long: 'only' }),
    ]);
    const name = (column: number, opcode: number): string | undefined =>
      map.rows[map.slots[slotOf(column, 0, PREFIX_NONE, opcode)] ?? 0]?.row.mnemonic;
    expect([0, 1, 2].map((column) => name(column, 0))).toEqual(['NARROW', 'NARROW', 'WIDE']);
    expect([0, 1, 2].map((column) => name(column, 1))).toEqual(['OLD', 'NEW', 'NEW']);
  });
});
