// Opcodes 0F 38 xx and 0F 3A xx: SSSE3, SSE4.1, SSE4.2, MOVBE.
// Conventions: header of `one-byte.table.ts`. Reference: Intel SDM vol. 2D tables.

import { integerVector, MMX_SSSE3, packed, row, SSE41, SSE42, SSSE3, type TableRow } from './table-row.ts';

/** A 0F 38 opcode with an MMX and an XMM form. */
const ssse3 = (opcode: string, mnemonic: string): TableRow[] =>
  integerVector(`0F 38 ${opcode}`, mnemonic, MMX_SSSE3, SSSE3);

const sse41 = (opcode: string, mnemonic: string, operands = 'Vdq Wdq'): TableRow =>
  packed(`66 0F ${opcode}`, mnemonic, operands, SSE41);

/** Memory operands shorter than 128 bits. */
const sse41Part = (opcode: string, mnemonic: string, operands: string): TableRow =>
  row(`66 0F ${opcode}`, mnemonic, operands, SSE41);

export const THREE_BYTE_ROWS: readonly TableRow[] = [
  ...ssse3('00', 'PSHUFB'),
  ...ssse3('01', 'PHADDW'),
  ...ssse3('02', 'PHADDD'),
  ...ssse3('03', 'PHADDSW'),
  ...ssse3('04', 'PMADDUBSW'),
  ...ssse3('05', 'PHSUBW'),
  ...ssse3('06', 'PHSUBD'),
  ...ssse3('07', 'PHSUBSW'),
  ...ssse3('08', 'PSIGNB'),
  ...ssse3('09', 'PSIGNW'),
  ...ssse3('0A', 'PSIGND'),
  ...ssse3('0B', 'PMULHRSW'),
  ...ssse3('1C', 'PABSB'),
  ...ssse3('1D', 'PABSW'),
  ...ssse3('1E', 'PABSD'),

  sse41('38 10', 'PBLENDVB', 'Vdq Wdq XMM0'),
  sse41('38 14', 'BLENDVPS', 'Vps Wps XMM0'),
  sse41('38 15', 'BLENDVPD', 'Vpd Wpd XMM0'),
  sse41('38 17', 'PTEST'),
  sse41Part('38 20', 'PMOVSXBW', 'Vdq Wq'),
  sse41Part('38 21', 'PMOVSXBD', 'Vdq Wd'),
  sse41Part('38 22', 'PMOVSXBQ', 'Vdq Ww'),
  sse41Part('38 23', 'PMOVSXWD', 'Vdq Wq'),
  sse41Part('38 24', 'PMOVSXWQ', 'Vdq Wd'),
  sse41Part('38 25', 'PMOVSXDQ', 'Vdq Wq'),
  sse41('38 28', 'PMULDQ'),
  sse41('38 29', 'PCMPEQQ'),
  sse41('38 2A mem', 'MOVNTDQA', 'Vdq Mdq'),
  sse41('38 2B', 'PACKUSDW'),
  sse41Part('38 30', 'PMOVZXBW', 'Vdq Wq'),
  sse41Part('38 31', 'PMOVZXBD', 'Vdq Wd'),
  sse41Part('38 32', 'PMOVZXBQ', 'Vdq Ww'),
  sse41Part('38 33', 'PMOVZXWD', 'Vdq Wq'),
  sse41Part('38 34', 'PMOVZXWQ', 'Vdq Wd'),
  sse41Part('38 35', 'PMOVZXDQ', 'Vdq Wq'),
  packed('66 0F 38 37', 'PCMPGTQ', 'Vdq Wdq', SSE42),
  sse41('38 38', 'PMINSB'),
  sse41('38 39', 'PMINSD'),
  sse41('38 3A', 'PMINUW'),
  sse41('38 3B', 'PMINUD'),
  sse41('38 3C', 'PMAXSB'),
  sse41('38 3D', 'PMAXSD'),
  sse41('38 3E', 'PMAXUW'),
  sse41('38 3F', 'PMAXUD'),
  sse41('38 40', 'PMULLD'),
  sse41('38 41', 'PHMINPOSUW'),

  row('NFx 0F 38 F0 mem', 'MOVBE', 'Gv Mv', { feature: 'movbe' }),
  row('NFx 0F 38 F1 mem', 'MOVBE', 'Mv Gv', { feature: 'movbe' }),
  row('F2 0F 38 F0', 'CRC32', 'Gy Eb', { feature: 'sse4.2' }),
  row('F2 0F 38 F1', 'CRC32', 'Gy Ev', { feature: 'sse4.2' }),

  sse41('3A 08', 'ROUNDPS', 'Vps Wps Ib'),
  sse41('3A 09', 'ROUNDPD', 'Vpd Wpd Ib'),
  sse41Part('3A 0A', 'ROUNDSS', 'Vss Wss Ib'),
  sse41Part('3A 0B', 'ROUNDSD', 'Vsd Wsd Ib'),
  sse41('3A 0C', 'BLENDPS', 'Vps Wps Ib'),
  sse41('3A 0D', 'BLENDPD', 'Vpd Wpd Ib'),
  sse41('3A 0E', 'PBLENDW', 'Vdq Wdq Ib'),
  row('NP 0F 3A 0F', 'PALIGNR', 'Pq Qq Ib', MMX_SSSE3),
  packed('66 0F 3A 0F', 'PALIGNR', 'Vdq Wdq Ib', SSSE3),
  sse41Part('3A 14', 'PEXTRB', 'Rd/Mb Vdq Ib'),
  sse41Part('3A 15', 'PEXTRW', 'Rd/Mw Vdq Ib'),
  sse41Part('3A 16', 'PEXTRD', 'Ey Vdq Ib'),
  sse41Part('3A 17', 'EXTRACTPS', 'Ed Vps Ib'),
  sse41Part('3A 20', 'PINSRB', 'Vdq Rd/Mb Ib'),
  sse41Part('3A 21 reg', 'INSERTPS', 'Vps Ups Ib'),
  sse41Part('3A 21 mem', 'INSERTPS', 'Vps Md Ib'),
  sse41Part('3A 22', 'PINSRD', 'Vdq Ey Ib'),
  sse41('3A 40', 'DPPS', 'Vps Wps Ib'),
  sse41('3A 41', 'DPPD', 'Vpd Wpd Ib'),
  sse41('3A 42', 'MPSADBW', 'Vdq Wdq Ib'),
  row('66 0F 3A 60', 'PCMPESTRM', 'Vdq Wdq Ib', SSE42),
  row('66 0F 3A 61', 'PCMPESTRI', 'Vdq Wdq Ib', SSE42),
  row('66 0F 3A 62', 'PCMPISTRM', 'Vdq Wdq Ib', SSE42),
  row('66 0F 3A 63', 'PCMPISTRI', 'Vdq Wdq Ib', SSE42),
];
