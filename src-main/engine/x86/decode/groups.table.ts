// Opcodes whose meaning depends on the ModRM byte (Intel's groups 1-11, 15, 16), of one and two bytes.
// Conventions: header of `one-byte.table.ts`. Reference: Intel SDM vol. 2D table A-6.

import { MMX, packed, type RowAttributes, row, SSE, SSE2, type TableRow } from './table-row.ts';

const LOCK = { lock: true } as const;
const PROTECTED = { protectedOnly: true } as const;
const PRIVILEGED_PROTECTED = { protectedOnly: true, privileged: true } as const;
const TABLE = { long: 'force64' } as const;
const PRIVILEGED_TABLE = { long: 'force64', privileged: true } as const;
const FSGSBASE = { long: 'only', feature: 'fsgsbase' } as const;

const ARITHMETIC = ['ADD', 'OR', 'ADC', 'SBB', 'AND', 'SUB', 'XOR', 'CMP'] as const;

const immediateArithmetic = (mnemonic: string, digit: number): TableRow[] => {
  const attributes: RowAttributes = mnemonic === 'CMP' ? {} : LOCK;
  return [
    row(`80 /${digit}`, mnemonic, 'Eb Ib', attributes),
    row(`81 /${digit}`, mnemonic, 'Ev Iz', attributes),
    row(`82 /${digit}`, mnemonic, 'Eb Ib', { ...attributes, long: 'invalid' }),
    row(`83 /${digit}`, mnemonic, 'Ev Ibs', attributes),
  ];
};

/** /6 is an undocumented SHL that every processor has. */
const SHIFTS = ['ROL', 'ROR', 'RCL', 'RCR', 'SHL', 'SHR', 'SHL', 'SAR'] as const;

const shifts = (mnemonic: string, digit: number): TableRow[] => [
  row(`C0 /${digit}`, mnemonic, 'Eb Ib'),
  row(`C1 /${digit}`, mnemonic, 'Ev Ib'),
  row(`D0 /${digit}`, mnemonic, 'Eb 1'),
  row(`D1 /${digit}`, mnemonic, 'Ev 1'),
  row(`D2 /${digit}`, mnemonic, 'Eb CL'),
  row(`D3 /${digit}`, mnemonic, 'Ev CL'),
];

const vectorShift = (opcode: string, mnemonic: string): TableRow[] => [
  row(`NP ${opcode} reg`, mnemonic, 'Nq Ib', MMX),
  row(`66 ${opcode} reg`, mnemonic, 'Udq Ib', SSE2),
];

export const GROUP_ROWS: readonly TableRow[] = [
  ...ARITHMETIC.flatMap(immediateArithmetic),
  ...SHIFTS.flatMap(shifts),
  row('8F /0', 'POP', 'Ev', { long: 'default64' }),
  row('C6 /0', 'MOV', 'Eb Ib'),
  row('C7 /0', 'MOV', 'Ev Iz'),

  // /1 is an undocumented TEST that every processor has.
  row('F6 /0', 'TEST', 'Eb Ib'),
  row('F6 /1', 'TEST', 'Eb Ib'),
  row('F6 /2', 'NOT', 'Eb', LOCK),
  row('F6 /3', 'NEG', 'Eb', LOCK),
  row('F6 /4', 'MUL', 'Eb'),
  row('F6 /5', 'IMUL', 'Eb'),
  row('F6 /6', 'DIV', 'Eb'),
  row('F6 /7', 'IDIV', 'Eb'),
  row('F7 /0', 'TEST', 'Ev Iz'),
  row('F7 /1', 'TEST', 'Ev Iz'),
  row('F7 /2', 'NOT', 'Ev', LOCK),
  row('F7 /3', 'NEG', 'Ev', LOCK),
  row('F7 /4', 'MUL', 'Ev'),
  row('F7 /5', 'IMUL', 'Ev'),
  row('F7 /6', 'DIV', 'Ev'),
  row('F7 /7', 'IDIV', 'Ev'),

  row('FE /0', 'INC', 'Eb', LOCK),
  row('FE /1', 'DEC', 'Eb', LOCK),
  row('FF /0', 'INC', 'Ev', LOCK),
  row('FF /1', 'DEC', 'Ev', LOCK),
  row('FF /2', 'CALL', 'Ev', { long: 'force64', ends: true }),
  row('FF /3 mem', 'CALL_FAR', 'Mp', { ends: true }),
  row('FF /4', 'JMP', 'Ev', { long: 'force64', ends: true }),
  row('FF /5 mem', 'JMP_FAR', 'Mp', { ends: true }),
  row('FF /6', 'PUSH', 'Ev', { long: 'default64' }),

  row('0F 00 /0', 'SLDT', 'Rv/Mw', PROTECTED),
  row('0F 00 /1', 'STR', 'Rv/Mw', PROTECTED),
  row('0F 00 /2', 'LLDT', 'Ew', PRIVILEGED_PROTECTED),
  row('0F 00 /3', 'LTR', 'Ew', PRIVILEGED_PROTECTED),
  row('0F 00 /4', 'VERR', 'Ew', PROTECTED),
  row('0F 00 /5', 'VERW', 'Ew', PROTECTED),

  row('0F 01 /0 mem', 'SGDT', 'Ms', TABLE),
  row('0F 01 /1 mem', 'SIDT', 'Ms', TABLE),
  row('0F 01 /2 mem', 'LGDT', 'Ms', PRIVILEGED_TABLE),
  row('0F 01 /3 mem', 'LIDT', 'Ms', PRIVILEGED_TABLE),
  row('0F 01 /4', 'SMSW', 'Rv/Mw'),
  row('0F 01 /6', 'LMSW', 'Ew', { privileged: true }),
  row('0F 01 /7 mem', 'INVLPG', 'M', { privileged: true }),
  // MONITOR, MWAIT, CLAC and STAC raise #UD rather than #GP outside CPL 0: their semantics say so.
  row('NP 0F 01 C8', 'MONITOR', '', { feature: 'monitor' }),
  row('NP 0F 01 C9', 'MWAIT', '', { feature: 'monitor' }),
  row('NP 0F 01 CA', 'CLAC', '', { feature: 'smap' }),
  row('NP 0F 01 CB', 'STAC', '', { feature: 'smap' }),
  row('0F 01 F8', 'SWAPGS', '', { long: 'only', privileged: true }),
  row('0F 01 F9', 'RDTSCP', '', { feature: 'rdtscp' }),

  row('0F 18 /0 mem', 'PREFETCHNTA', 'M'),
  row('0F 18 /1 mem', 'PREFETCHT0', 'M'),
  row('0F 18 /2 mem', 'PREFETCHT1', 'M'),
  row('0F 18 /3 mem', 'PREFETCHT2', 'M'),
  row('0F 18 /0 reg', 'NOP', 'Ev'),
  row('0F 18 /1 reg', 'NOP', 'Ev'),
  row('0F 18 /2 reg', 'NOP', 'Ev'),
  row('0F 18 /3 reg', 'NOP', 'Ev'),
  row('0F 18 /4', 'NOP', 'Ev'),
  row('0F 18 /5', 'NOP', 'Ev'),
  row('0F 18 /6', 'NOP', 'Ev'),
  row('0F 18 /7', 'NOP', 'Ev'),

  ...vectorShift('0F 71 /2', 'PSRLW'),
  ...vectorShift('0F 71 /4', 'PSRAW'),
  ...vectorShift('0F 71 /6', 'PSLLW'),
  ...vectorShift('0F 72 /2', 'PSRLD'),
  ...vectorShift('0F 72 /4', 'PSRAD'),
  ...vectorShift('0F 72 /6', 'PSLLD'),
  ...vectorShift('0F 73 /2', 'PSRLQ'),
  row('66 0F 73 /3 reg', 'PSRLDQ', 'Udq Ib', SSE2),
  ...vectorShift('0F 73 /6', 'PSLLQ'),
  row('66 0F 73 /7 reg', 'PSLLDQ', 'Udq Ib', SSE2),

  row('NP 0F AE /0 mem', 'FXSAVE', 'M', { feature: 'fxsr', unit: 'x87' }),
  row('NP 0F AE /1 mem', 'FXRSTOR', 'M', { feature: 'fxsr', unit: 'x87' }),
  row('NP 0F AE /2 mem', 'LDMXCSR', 'Md', SSE),
  row('NP 0F AE /3 mem', 'STMXCSR', 'Md', SSE),
  row('NP 0F AE /7 mem', 'CLFLUSH', 'M', { feature: 'clfsh' }),
  row('NP 0F AE /5 reg', 'LFENCE', '', { feature: 'sse2' }),
  row('NP 0F AE /6 reg', 'MFENCE', '', { feature: 'sse2' }),
  row('NP 0F AE /7 reg', 'SFENCE', '', { feature: 'sse' }),
  row('F3 0F AE /0 reg', 'RDFSBASE', 'Ry', FSGSBASE),
  row('F3 0F AE /1 reg', 'RDGSBASE', 'Ry', FSGSBASE),
  row('F3 0F AE /2 reg', 'WRFSBASE', 'Ry', FSGSBASE),
  row('F3 0F AE /3 reg', 'WRGSBASE', 'Ry', FSGSBASE),

  row('0F BA /4', 'BT', 'Ev Ib'),
  row('0F BA /5', 'BTS', 'Ev Ib', LOCK),
  row('0F BA /6', 'BTR', 'Ev Ib', LOCK),
  row('0F BA /7', 'BTC', 'Ev Ib', LOCK),

  row('W0 0F C7 /1 mem', 'CMPXCHG8B', 'Mq', { lock: true, feature: 'cx8' }),
  packed('W1 0F C7 /1 mem', 'CMPXCHG16B', 'Mdq', { lock: true, feature: 'cx16' }),
  row('NFx 0F C7 /6 reg', 'RDRAND', 'Rv', { feature: 'rdrand' }),
];
