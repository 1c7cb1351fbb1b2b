// Opcodes of one byte; their groups stand in `groups.table.ts`, D8-DF in `x87.table.ts`.
// Reference: Intel SDM vol. 2D table A-2; vol. 2A section 3.1.1 for the notation of `table-row.ts`.
//
// Conventions shared by all tables, so that one semantics function serves a mnemonic:
//  - Mnemonics are Intel's in upper case. No size suffixes: MOVS CMPS STOS LODS SCAS INS OUTS (operand bits tell;
//    the SSE instructions are MOVSD_XMM and CMPSD_XMM), PUSHA, POPA, PUSHF, POPF, IRET, RET (operandBits tells).
//    CBW is also CWDE and CDQE, CWD also CDQ and CQO; JCXZ takes CX, ECX or RCX by addressBits. MOVD and PINSRD and
//    PEXTRD have a 64-bit operand with REX.W (Intel's MOVQ, PINSRQ, PEXTRQ); MOVQ copies 64 bits between vectors.
//  - Jcc, SETcc, CMOVcc and FCMOVcc carry `condition`. CALL and JMP are near (Jz, Ev), CALL_FAR and JMP_FAR are
//    far (Ap, Mp), RET_FAR likewise. SHL is also SAL. IMUL has one, two or three operands.
//  - MOV of segment, control and debug registers: MOV_FROM_SEGMENT, MOV_TO_SEGMENT, MOV_FROM_CR, MOV_TO_CR,
//    MOV_FROM_DR, MOV_TO_DR. PUSH_SEGMENT and POP_SEGMENT move operandBits on the stack.
//  - Operand sizes: b w d q dq; v = operandBits; z = 16 or 32 (a z immediate grows to operandBits by its sign);
//    y = 64 if operandBits is 64, else 32; t = 80; p = far pointer of 16 + operandBits bits; a = two of v;
//    s = 48 or 80 (pseudo-descriptor). M without a size: 0 bits. "Rd/Mb": 32-bit register or 8-bit memory.
//    Ib is 8 bits wide as it stands; Ibs is sign-extended to operandBits; "1" is an 8-bit immediate.
//    An XMM register operand is always 128 bits wide and an MMX register 64; the size letter is the memory form's.
//  - X and Y are memory operands that give only the width: the address is rSI in the instruction's segment, and
//    rDI in ES. `Instruction.memory` stays undefined. The same holds for XLAT, MASKMOVQ and MONITOR (no operand).
//  - eAX is AX or EAX (z); rAX is AX, EAX or RAX (v). Sw is the segment register of ModRM.

import { arithmetic, conditional, row, type TableRow } from './table-row.ts';

const LOCK = { lock: true } as const;
const REPEAT = { repeat: true } as const;
const NO_LONG = { long: 'invalid' } as const;
const STACK = { long: 'default64' } as const;
const BRANCH = { long: 'force64' } as const;
const JUMP = { long: 'force64', ends: true } as const;
const ENDS = { ends: true } as const;

export const ONE_BYTE_ROWS: readonly TableRow[] = [
  ...arithmetic(0x00, 'ADD', LOCK),
  row('06', 'PUSH_SEGMENT', 'ES', NO_LONG),
  row('07', 'POP_SEGMENT', 'ES', NO_LONG),
  ...arithmetic(0x08, 'OR', LOCK),
  row('0E', 'PUSH_SEGMENT', 'CS', NO_LONG),
  ...arithmetic(0x10, 'ADC', LOCK),
  row('16', 'PUSH_SEGMENT', 'SS', NO_LONG),
  row('17', 'POP_SEGMENT', 'SS', NO_LONG),
  ...arithmetic(0x18, 'SBB', LOCK),
  row('1E', 'PUSH_SEGMENT', 'DS', NO_LONG),
  row('1F', 'POP_SEGMENT', 'DS', NO_LONG),
  ...arithmetic(0x20, 'AND', LOCK),
  row('27', 'DAA', '', NO_LONG),
  ...arithmetic(0x28, 'SUB', LOCK),
  row('2F', 'DAS', '', NO_LONG),
  ...arithmetic(0x30, 'XOR', LOCK),
  row('37', 'AAA', '', NO_LONG),
  ...arithmetic(0x38, 'CMP'),
  row('3F', 'AAS', '', NO_LONG),

  row('40+r', 'INC', 'Zv', NO_LONG),
  row('48+r', 'DEC', 'Zv', NO_LONG),
  row('50+r', 'PUSH', 'Zv', STACK),
  row('58+r', 'POP', 'Zv', STACK),

  row('60', 'PUSHA', '', NO_LONG),
  row('61', 'POPA', '', NO_LONG),
  row('62 mem', 'BOUND', 'Gv Ma', NO_LONG),
  row('63', 'ARPL', 'Ew Gw', { long: 'invalid', protectedOnly: true }),
  row('63', 'MOVSXD', 'Gv Ez', { long: 'only' }),
  row('68', 'PUSH', 'Iz', STACK),
  row('69', 'IMUL', 'Gv Ev Iz'),
  row('6A', 'PUSH', 'Ibs', STACK),
  row('6B', 'IMUL', 'Gv Ev Ibs'),
  row('6C', 'INS', 'Yb DX', REPEAT),
  row('6D', 'INS', 'Yz DX', REPEAT),
  row('6E', 'OUTS', 'DX Xb', REPEAT),
  row('6F', 'OUTS', 'DX Xz', REPEAT),

  ...conditional('', 0x70, 'Jcc', 'Jb', BRANCH),

  row('84', 'TEST', 'Eb Gb'),
  row('85', 'TEST', 'Ev Gv'),
  row('86', 'XCHG', 'Eb Gb', LOCK),
  row('87', 'XCHG', 'Ev Gv', LOCK),
  row('88', 'MOV', 'Eb Gb'),
  row('89', 'MOV', 'Ev Gv'),
  row('8A', 'MOV', 'Gb Eb'),
  row('8B', 'MOV', 'Gv Ev'),
  row('8C', 'MOV_FROM_SEGMENT', 'Rv/Mw Sw'),
  row('8D mem', 'LEA', 'Gv M'),
  row('8E', 'MOV_TO_SEGMENT', 'Sw Ew'),

  // With REX.B, 90 is XCHG r8 (`decoder.ts`).
  row('90', 'NOP'),
  row('F3 90', 'PAUSE'),
  row('91', 'XCHG', 'Zv rAX'),
  row('92', 'XCHG', 'Zv rAX'),
  row('93', 'XCHG', 'Zv rAX'),
  row('94', 'XCHG', 'Zv rAX'),
  row('95', 'XCHG', 'Zv rAX'),
  row('96', 'XCHG', 'Zv rAX'),
  row('97', 'XCHG', 'Zv rAX'),
  row('98', 'CBW'),
  row('99', 'CWD'),
  row('9A', 'CALL_FAR', 'Ap', { long: 'invalid', ends: true }),
  row('9B', 'WAIT'),
  row('9C', 'PUSHF', '', STACK),
  row('9D', 'POPF', '', STACK),
  row('9E', 'SAHF', '', NO_LONG),
  row('9E', 'SAHF', '', { long: 'only', feature: 'lahf64' }),
  row('9F', 'LAHF', '', NO_LONG),
  row('9F', 'LAHF', '', { long: 'only', feature: 'lahf64' }),

  row('A0', 'MOV', 'AL Ob'),
  row('A1', 'MOV', 'rAX Ov'),
  row('A2', 'MOV', 'Ob AL'),
  row('A3', 'MOV', 'Ov rAX'),
  row('A4', 'MOVS', 'Yb Xb', REPEAT),
  row('A5', 'MOVS', 'Yv Xv', REPEAT),
  row('A6', 'CMPS', 'Xb Yb', REPEAT),
  row('A7', 'CMPS', 'Xv Yv', REPEAT),
  row('A8', 'TEST', 'AL Ib'),
  row('A9', 'TEST', 'rAX Iz'),
  row('AA', 'STOS', 'Yb AL', REPEAT),
  row('AB', 'STOS', 'Yv rAX', REPEAT),
  row('AC', 'LODS', 'AL Xb', REPEAT),
  row('AD', 'LODS', 'rAX Xv', REPEAT),
  row('AE', 'SCAS', 'AL Yb', REPEAT),
  row('AF', 'SCAS', 'rAX Yv', REPEAT),

  row('B0+r', 'MOV', 'Zb Ib'),
  row('B8+r', 'MOV', 'Zv Iv'),

  row('C2', 'RET', 'Iw', JUMP),
  row('C3', 'RET', '', JUMP),
  row('C4 mem', 'LES', 'Gv Mp', NO_LONG),
  row('C5 mem', 'LDS', 'Gv Mp', NO_LONG),
  row('C8', 'ENTER', 'Iw Ib', STACK),
  row('C9', 'LEAVE', '', STACK),
  row('CA', 'RET_FAR', 'Iw', ENDS),
  row('CB', 'RET_FAR', '', ENDS),
  row('CC', 'INT3', '', ENDS),
  row('CD', 'INT', 'Ib', ENDS),
  row('CE', 'INTO', '', NO_LONG),
  row('CF', 'IRET', '', ENDS),

  row('D4', 'AAM', 'Ib', NO_LONG),
  row('D5', 'AAD', 'Ib', NO_LONG),
  row('D6', 'SALC', '', NO_LONG),
  row('D7', 'XLAT'),

  row('E0', 'LOOPNE', 'Jb', BRANCH),
  row('E1', 'LOOPE', 'Jb', BRANCH),
  row('E2', 'LOOP', 'Jb', BRANCH),
  row('E3', 'JCXZ', 'Jb', BRANCH),
  row('E4', 'IN', 'AL Ib'),
  row('E5', 'IN', 'eAX Ib'),
  row('E6', 'OUT', 'Ib AL'),
  row('E7', 'OUT', 'Ib eAX'),
  row('E8', 'CALL', 'Jz', JUMP),
  row('E9', 'JMP', 'Jz', JUMP),
  row('EA', 'JMP_FAR', 'Ap', { long: 'invalid', ends: true }),
  row('EB', 'JMP', 'Jb', JUMP),
  row('EC', 'IN', 'AL DX'),
  row('ED', 'IN', 'eAX DX'),
  row('EE', 'OUT', 'DX AL'),
  row('EF', 'OUT', 'DX eAX'),

  row('F1', 'ICEBP', '', ENDS),
  row('F4', 'HLT', '', { privileged: true }),
  row('F5', 'CMC'),
  row('F8', 'CLC'),
  row('F9', 'STC'),
  row('FA', 'CLI'),
  row('FB', 'STI'),
  row('FC', 'CLD'),
  row('FD', 'STD'),
];
