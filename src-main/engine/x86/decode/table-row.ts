// How the opcode tables are written: one encoding string and an `OpcodeRow` per line. No decoding here.
// Reference: Intel SDM vol. 2A section 3.1.1.1 (opcode column), from which the notation is taken.
//
// An encoding reads: [W0|W1] [NP|NFx|66|F3|F2] [0F [38|3A]] opcode[+r] [/digit] [mem|reg] or a fixed ModRM[+i].
//   NP      none of 66, F3, F2 may stand before it; 66, F3, F2 are mandatory prefixes (F3 and F2 win over 66)
//   NFx     neither F3 nor F2; 66 keeps its meaning of operand size
//   nothing any prefix is accepted; rows with a prefix of their own take precedence
//   +r, +i  eight encodings, the register in the low three bits
//   /digit  the reg field of ModRM; mem and reg restrict the r/m field

import type { ConditionCode, OpcodeRow } from './instruction.ts';

export interface TableRow extends OpcodeRow {
  readonly encoding: string;
}

export type RowAttributes = Partial<Omit<OpcodeRow, 'mnemonic' | 'operands'>>;

/** One row; operand codes are separated by blanks. */
export const row = (
  encoding: string,
  mnemonic: string,
  operands = '',
  attributes: RowAttributes = {},
): TableRow => ({
  encoding,
  mnemonic,
  operands: operands === '' ? [] : operands.split(' '),
  ...attributes,
});

/** A row whose 128-bit memory operand must be aligned. */
export const packed = (
  encoding: string,
  mnemonic: string,
  operands: string,
  attributes: RowAttributes,
): TableRow => row(encoding, mnemonic, operands, { ...attributes, aligned: true });

const hexByte = (value: number): string => value.toString(16).toUpperCase().padStart(2, '0');

/** Sixteen rows, the condition in the low four bits of the opcode. */
export const conditional = (
  map: '' | '0F ',
  opcode: number,
  mnemonic: string,
  operands: string,
  attributes: RowAttributes = {},
): TableRow[] =>
  Array.from({ length: 16 }, (_, code) =>
    row(`${map}${hexByte(opcode + code)}`, mnemonic, operands, {
      ...attributes,
      condition: code as ConditionCode,
    }),
  );

/** The six encodings that ADD, OR, ADC, SBB, AND, SUB, XOR and CMP share. */
export const arithmetic = (opcode: number, mnemonic: string, attributes: RowAttributes = {}): TableRow[] => [
  row(hexByte(opcode), mnemonic, 'Eb Gb', attributes),
  row(hexByte(opcode + 1), mnemonic, 'Ev Gv', attributes),
  row(hexByte(opcode + 2), mnemonic, 'Gb Eb'),
  row(hexByte(opcode + 3), mnemonic, 'Gv Ev'),
  row(hexByte(opcode + 4), mnemonic, 'AL Ib'),
  row(hexByte(opcode + 5), mnemonic, 'rAX Iz'),
];

export const MMX = { unit: 'mmx', feature: 'mmx' } as const satisfies RowAttributes;
/** MMX registers, but the instruction came with SSE, SSE2 or SSSE3. */
export const MMX_SSE = { unit: 'mmx', feature: 'sse' } as const satisfies RowAttributes;
export const MMX_SSE2 = { unit: 'mmx', feature: 'sse2' } as const satisfies RowAttributes;
export const MMX_SSSE3 = { unit: 'mmx', feature: 'ssse3' } as const satisfies RowAttributes;
export const SSE = { unit: 'sse', feature: 'sse' } as const satisfies RowAttributes;
export const SSE2 = { unit: 'sse', feature: 'sse2' } as const satisfies RowAttributes;
export const SSE3 = { unit: 'sse', feature: 'sse3' } as const satisfies RowAttributes;
export const SSSE3 = { unit: 'sse', feature: 'ssse3' } as const satisfies RowAttributes;
export const SSE41 = { unit: 'sse', feature: 'sse4.1' } as const satisfies RowAttributes;
export const SSE42 = { unit: 'sse', feature: 'sse4.2' } as const satisfies RowAttributes;

/** The MMX form without prefix and the XMM form with 66 of one opcode. */
export const integerVector = (
  opcode: string,
  mnemonic: string,
  mmx: RowAttributes = MMX,
  xmm: RowAttributes = SSE2,
): TableRow[] => [
  row(`NP ${opcode}`, mnemonic, 'Pq Qq', mmx),
  packed(`66 ${opcode}`, mnemonic, 'Vdq Wdq', xmm),
];

/** PS, PD, SS and SD forms of one floating-point opcode: no prefix, 66, F3, F2. */
export const floatVector = (opcode: string, stem: string): TableRow[] => [
  packed(`NP ${opcode}`, `${stem}PS`, 'Vps Wps', SSE),
  packed(`66 ${opcode}`, `${stem}PD`, 'Vpd Wpd', SSE2),
  row(`F3 ${opcode}`, `${stem}SS`, 'Vss Wss', SSE),
  row(`F2 ${opcode}`, `${stem}SD`, 'Vsd Wsd', SSE2),
];

/** PS and PD forms only. */
export const packedFloat = (opcode: string, stem: string, suffix = ''): TableRow[] => [
  packed(`NP ${opcode}`, `${stem}PS`, `Vps Wps${suffix}`, SSE),
  packed(`66 ${opcode}`, `${stem}PD`, `Vpd Wpd${suffix}`, SSE2),
];
