// The coprocessor escapes D8-DF with their undocumented aliases.
// Register forms name both operands (ST0, STi) except where the instruction has one: FLD, FST, FSTP, FFREE.
// Conventions: header of `one-byte.table.ts`. Reference: Intel SDM vol. 2D section A.5.

import type { ConditionCode } from './instruction.ts';
import { type RowAttributes, row, type TableRow } from './table-row.ts';

const X87 = { unit: 'x87', feature: 'fpu' } as const satisfies RowAttributes;
const FISTTP = { unit: 'x87', feature: 'sse3' } as const satisfies RowAttributes;
/** FCMOVcc and FCOMI came with CMOV. */
const CMOV = { unit: 'x87', feature: 'cmov' } as const satisfies RowAttributes;

const x87 = (encoding: string, mnemonic: string, operands = '', attributes: RowAttributes = X87): TableRow =>
  row(encoding, mnemonic, operands, attributes);

const ARITHMETIC = ['ADD', 'MUL', 'COM', 'COMP', 'SUB', 'SUBR', 'DIV', 'DIVR'] as const;
/** DC and DE exchange the plain and the reversed forms: their destination is ST(i). */
const REVERSED = ['ADD', 'MUL', 'COM', 'COMP', 'SUBR', 'SUB', 'DIVR', 'DIV'] as const;
const COLUMNS = ['C0', 'C8', 'D0', 'D8', 'E0', 'E8', 'F0', 'F8'] as const;
const PLAIN = (stem: string): boolean => stem !== 'COM' && stem !== 'COMP';

/** Constants and functions of ST(0), by second byte. */
const FUNCTIONS: readonly (readonly [string, string])[] = [
  ['D0', 'FNOP'],
  ['E0', 'FCHS'],
  ['E1', 'FABS'],
  ['E4', 'FTST'],
  ['E5', 'FXAM'],
  ['E8', 'FLD1'],
  ['E9', 'FLDL2T'],
  ['EA', 'FLDL2E'],
  ['EB', 'FLDPI'],
  ['EC', 'FLDLG2'],
  ['ED', 'FLDLN2'],
  ['EE', 'FLDZ'],
  ['F0', 'F2XM1'],
  ['F1', 'FYL2X'],
  ['F2', 'FPTAN'],
  ['F3', 'FPATAN'],
  ['F4', 'FXTRACT'],
  ['F5', 'FPREM1'],
  ['F6', 'FDECSTP'],
  ['F7', 'FINCSTP'],
  ['F8', 'FPREM'],
  ['F9', 'FYL2XP1'],
  ['FA', 'FSQRT'],
  ['FB', 'FSINCOS'],
  ['FC', 'FRNDINT'],
  ['FD', 'FSCALE'],
  ['FE', 'FSIN'],
  ['FF', 'FCOS'],
];

const conditionalMove = (encoding: string, condition: ConditionCode): TableRow =>
  x87(encoding, 'FCMOVcc', 'ST0 STi', { ...CMOV, condition });

export const X87_ROWS: readonly TableRow[] = [
  ...ARITHMETIC.flatMap((stem, digit) => [
    x87(`D8 /${digit} mem`, `F${stem}`, 'Md'),
    x87(`DC /${digit} mem`, `F${stem}`, 'Mq'),
    x87(`DA /${digit} mem`, `FI${stem}`, 'Md'),
    x87(`DE /${digit} mem`, `FI${stem}`, 'Mw'),
    x87(`D8 ${COLUMNS[digit]}+i`, `F${stem}`, 'ST0 STi'),
  ]),
  ...REVERSED.flatMap((stem, digit) => [
    // FCOM and FCOMP are aliases here and compare ST(0) with ST(i) as ever.
    x87(`DC ${COLUMNS[digit]}+i`, `F${stem}`, PLAIN(stem) ? 'STi ST0' : 'ST0 STi'),
    ...(PLAIN(stem) ? [x87(`DE ${COLUMNS[digit]}+i`, `F${stem}P`, 'STi ST0')] : []),
  ]),
  ...FUNCTIONS.map(([byte, mnemonic]) => x87(`D9 ${byte}`, mnemonic)),

  x87('D9 /0 mem', 'FLD', 'Md'),
  x87('D9 /2 mem', 'FST', 'Md'),
  x87('D9 /3 mem', 'FSTP', 'Md'),
  x87('D9 /4 mem', 'FLDENV', 'M'),
  x87('D9 /5 mem', 'FLDCW', 'Mw'),
  x87('D9 /6 mem', 'FNSTENV', 'M'),
  x87('D9 /7 mem', 'FNSTCW', 'Mw'),
  x87('D9 C0+i', 'FLD', 'STi'),
  x87('D9 C8+i', 'FXCH', 'ST0 STi'),
  x87('D9 D8+i', 'FSTP', 'STi'), // alias

  conditionalMove('DA C0+i', 2),
  conditionalMove('DA C8+i', 4),
  conditionalMove('DA D0+i', 6),
  conditionalMove('DA D8+i', 10),
  x87('DA E9', 'FUCOMPP'),

  x87('DB /0 mem', 'FILD', 'Md'),
  x87('DB /1 mem', 'FISTTP', 'Md', FISTTP),
  x87('DB /2 mem', 'FIST', 'Md'),
  x87('DB /3 mem', 'FISTP', 'Md'),
  x87('DB /5 mem', 'FLD', 'Mt'),
  x87('DB /7 mem', 'FSTP', 'Mt'),
  conditionalMove('DB C0+i', 3),
  conditionalMove('DB C8+i', 5),
  conditionalMove('DB D0+i', 7),
  conditionalMove('DB D8+i', 11),
  // FENI and FDISI of the 8087 and FSETPM of the 287 do nothing since the 387.
  x87('DB E0', 'FNOP'),
  x87('DB E1', 'FNOP'),
  x87('DB E2', 'FNCLEX'),
  x87('DB E3', 'FNINIT'),
  x87('DB E4', 'FNOP'),
  x87('DB E8+i', 'FUCOMI', 'ST0 STi', CMOV),
  x87('DB F0+i', 'FCOMI', 'ST0 STi', CMOV),

  x87('DD /0 mem', 'FLD', 'Mq'),
  x87('DD /1 mem', 'FISTTP', 'Mq', FISTTP),
  x87('DD /2 mem', 'FST', 'Mq'),
  x87('DD /3 mem', 'FSTP', 'Mq'),
  x87('DD /4 mem', 'FRSTOR', 'M'),
  x87('DD /6 mem', 'FNSAVE', 'M'),
  x87('DD /7 mem', 'FNSTSW', 'Mw'),
  x87('DD C0+i', 'FFREE', 'STi'),
  x87('DD C8+i', 'FXCH', 'ST0 STi'), // alias
  x87('DD D0+i', 'FST', 'STi'),
  x87('DD D8+i', 'FSTP', 'STi'),
  x87('DD E0+i', 'FUCOM', 'ST0 STi'),
  x87('DD E8+i', 'FUCOMP', 'ST0 STi'),

  x87('DE D0+i', 'FCOMP', 'ST0 STi'), // alias
  x87('DE D9', 'FCOMPP'),

  x87('DF /0 mem', 'FILD', 'Mw'),
  x87('DF /1 mem', 'FISTTP', 'Mw', FISTTP),
  x87('DF /2 mem', 'FIST', 'Mw'),
  x87('DF /3 mem', 'FISTP', 'Mw'),
  x87('DF /4 mem', 'FBLD', 'Mt'),
  x87('DF /5 mem', 'FILD', 'Mq'),
  x87('DF /6 mem', 'FBSTP', 'Mt'),
  x87('DF /7 mem', 'FISTP', 'Mq'),
  x87('DF C0+i', 'FFREEP', 'STi'), // undocumented
  x87('DF C8+i', 'FXCH', 'ST0 STi'), // alias
  x87('DF D0+i', 'FSTP', 'STi'), // alias
  x87('DF D8+i', 'FSTP', 'STi'), // alias
  x87('DF E0', 'FNSTSW', 'AX'),
  x87('DF E8+i', 'FUCOMIP', 'ST0 STi', CMOV),
  x87('DF F0+i', 'FCOMIP', 'ST0 STi', CMOV),
];
