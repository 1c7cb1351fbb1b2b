// Every instruction of WebAssembly that computes or accesses memory: text name, encoding, operand and result
// types, immediates. Control, variable and table instructions are not here; the lowering writes them itself.
// Reference: WebAssembly core specification 2.0, section 5.4; threads proposal (prefix 0xFE).

/** Type codes: index into `TYPE_NAMES`; the binary form is 0x80 - code. 0 is "nothing". */
export const NONE = 0;
export const I32 = 1;
export const I64 = 2;
export const F32 = 3;
export const F64 = 4;
export const V128 = 5;
export const TYPE_NAMES = ['none', 'i32', 'i64', 'f32', 'f64', 'v128'] as const;

/** What follows the opcode: nothing, a lane index, 16 lane indices, or alignment and offset. */
export type ImmediateKind = 'none' | 'lane' | 'shuffle' | 'memory';

export interface Opcode {
  /** Single-byte opcodes as they are; prefix 0xFC from 0x100, 0xFD from 0x200, 0xFE from 0x300. */
  readonly id: number;
  readonly name: string;
  readonly operands: readonly number[];
  readonly result: number;
  readonly immediate: ImmediateKind;
  /** For `lane`: the number of lanes. For `memory`: bytes accessed. */
  readonly size: number;
}

export const PREFIX_FC = 0x100;
export const PREFIX_FD = 0x200;
export const PREFIX_FE = 0x300;

/** First id, signature, names of consecutive ids ("-" is a hole). A name may carry its size: "i32.load:4". */
type Row = readonly [first: number, signature: string, names: string, immediate?: ImmediateKind];

const INTEGER_COMPARES = 'eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u';
const INTEGER_ARITHMETIC = 'add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr';
const FLOAT_COMPARES = 'eq ne lt gt le ge';

const NUMERIC: readonly Row[] = [
  [0x45, 'i:i', 'i32.eqz'],
  [0x46, 'ii:i', shaped('i32', INTEGER_COMPARES)],
  [0x50, 'l:i', 'i64.eqz'],
  [0x51, 'll:i', shaped('i64', INTEGER_COMPARES)],
  [0x5b, 'ff:i', shaped('f32', FLOAT_COMPARES)],
  [0x61, 'dd:i', shaped('f64', FLOAT_COMPARES)],
  [0x67, 'i:i', 'i32.clz i32.ctz i32.popcnt'],
  [0x6a, 'ii:i', shaped('i32', INTEGER_ARITHMETIC)],
  [0x79, 'l:l', 'i64.clz i64.ctz i64.popcnt'],
  [0x7c, 'll:l', shaped('i64', INTEGER_ARITHMETIC)],
  [0x8b, 'f:f', shaped('f32', 'abs neg ceil floor trunc nearest sqrt')],
  [0x92, 'ff:f', shaped('f32', 'add sub mul div min max copysign')],
  [0x99, 'd:d', shaped('f64', 'abs neg ceil floor trunc nearest sqrt')],
  [0xa0, 'dd:d', shaped('f64', 'add sub mul div min max copysign')],
  [0xa7, 'l:i', 'i32.wrap_i64'],
  [0xa8, 'f:i', 'i32.trunc_f32_s i32.trunc_f32_u'],
  [0xaa, 'd:i', 'i32.trunc_f64_s i32.trunc_f64_u'],
  [0xac, 'i:l', 'i64.extend_i32_s i64.extend_i32_u'],
  [0xae, 'f:l', 'i64.trunc_f32_s i64.trunc_f32_u'],
  [0xb0, 'd:l', 'i64.trunc_f64_s i64.trunc_f64_u'],
  [0xb2, 'i:f', 'f32.convert_i32_s f32.convert_i32_u'],
  [0xb4, 'l:f', 'f32.convert_i64_s f32.convert_i64_u'],
  [0xb6, 'd:f', 'f32.demote_f64'],
  [0xb7, 'i:d', 'f64.convert_i32_s f64.convert_i32_u'],
  [0xb9, 'l:d', 'f64.convert_i64_s f64.convert_i64_u'],
  [0xbb, 'f:d', 'f64.promote_f32'],
  [0xbc, 'f:i', 'i32.reinterpret_f32'],
  [0xbd, 'd:l', 'i64.reinterpret_f64'],
  [0xbe, 'i:f', 'f32.reinterpret_i32'],
  [0xbf, 'l:d', 'f64.reinterpret_i64'],
  [0xc0, 'i:i', 'i32.extend8_s i32.extend16_s'],
  [0xc2, 'l:l', 'i64.extend8_s i64.extend16_s i64.extend32_s'],
  [PREFIX_FC + 0, 'f:i', 'i32.trunc_sat_f32_s i32.trunc_sat_f32_u'],
  [PREFIX_FC + 2, 'd:i', 'i32.trunc_sat_f64_s i32.trunc_sat_f64_u'],
  [PREFIX_FC + 4, 'f:l', 'i64.trunc_sat_f32_s i64.trunc_sat_f32_u'],
  [PREFIX_FC + 6, 'd:l', 'i64.trunc_sat_f64_s i64.trunc_sat_f64_u'],
];

const VECTOR: readonly Row[] = [
  [0x20d, 'vv:v', 'i8x16.shuffle:32', 'shuffle'],
  [0x20e, 'vv:v', 'i8x16.swizzle'],
  [0x20f, 'i:v', 'i8x16.splat i16x8.splat i32x4.splat'],
  [0x212, 'l:v', 'i64x2.splat'],
  [0x213, 'f:v', 'f32x4.splat'],
  [0x214, 'd:v', 'f64x2.splat'],
  [0x215, 'v:i', 'i8x16.extract_lane_s:16 i8x16.extract_lane_u:16', 'lane'],
  [0x217, 'vi:v', 'i8x16.replace_lane:16', 'lane'],
  [0x218, 'v:i', 'i16x8.extract_lane_s:8 i16x8.extract_lane_u:8', 'lane'],
  [0x21a, 'vi:v', 'i16x8.replace_lane:8', 'lane'],
  [0x21b, 'v:i', 'i32x4.extract_lane:4', 'lane'],
  [0x21c, 'vi:v', 'i32x4.replace_lane:4', 'lane'],
  [0x21d, 'v:l', 'i64x2.extract_lane:2', 'lane'],
  [0x21e, 'vl:v', 'i64x2.replace_lane:2', 'lane'],
  [0x21f, 'v:f', 'f32x4.extract_lane:4', 'lane'],
  [0x220, 'vf:v', 'f32x4.replace_lane:4', 'lane'],
  [0x221, 'v:d', 'f64x2.extract_lane:2', 'lane'],
  [0x222, 'vd:v', 'f64x2.replace_lane:2', 'lane'],
  [0x223, 'vv:v', shaped('i8x16', INTEGER_COMPARES)],
  [0x22d, 'vv:v', shaped('i16x8', INTEGER_COMPARES)],
  [0x237, 'vv:v', shaped('i32x4', INTEGER_COMPARES)],
  [0x241, 'vv:v', shaped('f32x4', FLOAT_COMPARES)],
  [0x247, 'vv:v', shaped('f64x2', FLOAT_COMPARES)],
  [0x24d, 'v:v', 'v128.not'],
  [0x24e, 'vv:v', shaped('v128', 'and andnot or xor')],
  [0x252, 'vvv:v', 'v128.bitselect'],
  [0x253, 'v:i', 'v128.any_true'],
  [0x25e, 'v:v', 'f32x4.demote_f64x2_zero f64x2.promote_low_f32x4'],
  [0x260, 'v:v', shaped('i8x16', 'abs neg popcnt')],
  [0x263, 'v:i', shaped('i8x16', 'all_true bitmask')],
  [0x265, 'vv:v', 'i8x16.narrow_i16x8_s i8x16.narrow_i16x8_u'],
  [0x267, 'v:v', shaped('f32x4', 'ceil floor trunc nearest')],
  [0x26b, 'vi:v', shaped('i8x16', 'shl shr_s shr_u')],
  [0x26e, 'vv:v', shaped('i8x16', 'add add_sat_s add_sat_u sub sub_sat_s sub_sat_u')],
  [0x274, 'v:v', 'f64x2.ceil f64x2.floor'],
  [0x276, 'vv:v', shaped('i8x16', 'min_s min_u max_s max_u')],
  [0x27a, 'v:v', 'f64x2.trunc'],
  [0x27b, 'vv:v', 'i8x16.avgr_u'],
  [0x27c, 'v:v', 'i16x8.extadd_pairwise_i8x16_s i16x8.extadd_pairwise_i8x16_u'],
  [0x27e, 'v:v', 'i32x4.extadd_pairwise_i16x8_s i32x4.extadd_pairwise_i16x8_u'],
  [0x280, 'v:v', shaped('i16x8', 'abs neg')],
  [0x282, 'vv:v', 'i16x8.q15mulr_sat_s'],
  [0x283, 'v:i', shaped('i16x8', 'all_true bitmask')],
  [0x285, 'vv:v', 'i16x8.narrow_i32x4_s i16x8.narrow_i32x4_u'],
  [0x287, 'v:v', extensions('i16x8', 'i8x16')],
  [0x28b, 'vi:v', shaped('i16x8', 'shl shr_s shr_u')],
  [0x28e, 'vv:v', shaped('i16x8', 'add add_sat_s add_sat_u sub sub_sat_s sub_sat_u')],
  [0x294, 'v:v', 'f64x2.nearest'],
  [0x295, 'vv:v', shaped('i16x8', 'mul min_s min_u max_s max_u - avgr_u')],
  [0x29c, 'vv:v', multiplications('i16x8', 'i8x16')],
  [0x2a0, 'v:v', shaped('i32x4', 'abs neg')],
  [0x2a3, 'v:i', shaped('i32x4', 'all_true bitmask')],
  [0x2a7, 'v:v', extensions('i32x4', 'i16x8')],
  [0x2ab, 'vi:v', shaped('i32x4', 'shl shr_s shr_u')],
  [0x2ae, 'vv:v', shaped('i32x4', 'add - - sub - - - mul min_s min_u max_s max_u dot_i16x8_s')],
  [0x2bc, 'vv:v', multiplications('i32x4', 'i16x8')],
  [0x2c0, 'v:v', shaped('i64x2', 'abs neg')],
  [0x2c3, 'v:i', shaped('i64x2', 'all_true bitmask')],
  [0x2c7, 'v:v', extensions('i64x2', 'i32x4')],
  [0x2cb, 'vi:v', shaped('i64x2', 'shl shr_s shr_u')],
  [0x2ce, 'vv:v', shaped('i64x2', 'add - - sub - - - mul eq ne lt_s gt_s le_s ge_s')],
  [0x2dc, 'vv:v', multiplications('i64x2', 'i32x4')],
  [0x2e0, 'v:v', shaped('f32x4', 'abs neg - sqrt')],
  [0x2e4, 'vv:v', shaped('f32x4', 'add sub mul div min max pmin pmax')],
  [0x2ec, 'v:v', shaped('f64x2', 'abs neg - sqrt')],
  [0x2f0, 'vv:v', shaped('f64x2', 'add sub mul div min max pmin pmax')],
  [0x2f8, 'v:v', 'i32x4.trunc_sat_f32x4_s i32x4.trunc_sat_f32x4_u'],
  [0x2fa, 'v:v', 'f32x4.convert_i32x4_s f32x4.convert_i32x4_u'],
  [0x2fc, 'v:v', 'i32x4.trunc_sat_f64x2_s_zero i32x4.trunc_sat_f64x2_u_zero'],
  [0x2fe, 'v:v', 'f64x2.convert_low_i32x4_s f64x2.convert_low_i32x4_u'],
];

const MEMORY: readonly Row[] = [
  [0x28, 'i:i', 'i32.load:4', 'memory'],
  [0x29, 'i:l', 'i64.load:8', 'memory'],
  [0x2a, 'i:f', 'f32.load:4', 'memory'],
  [0x2b, 'i:d', 'f64.load:8', 'memory'],
  [0x2c, 'i:i', 'i32.load8_s:1 i32.load8_u:1 i32.load16_s:2 i32.load16_u:2', 'memory'],
  [0x30, 'i:l', 'i64.load8_s:1 i64.load8_u:1 i64.load16_s:2 i64.load16_u:2', 'memory'],
  [0x34, 'i:l', 'i64.load32_s:4 i64.load32_u:4', 'memory'],
  [0x36, 'ii:', 'i32.store:4', 'memory'],
  [0x37, 'il:', 'i64.store:8', 'memory'],
  [0x38, 'if:', 'f32.store:4', 'memory'],
  [0x39, 'id:', 'f64.store:8', 'memory'],
  [0x3a, 'ii:', 'i32.store8:1 i32.store16:2', 'memory'],
  [0x3c, 'il:', 'i64.store8:1 i64.store16:2 i64.store32:4', 'memory'],
  [0x200, 'i:v', 'v128.load:16 v128.load8x8_s:8 v128.load8x8_u:8 v128.load16x4_s:8', 'memory'],
  [0x204, 'i:v', 'v128.load16x4_u:8 v128.load32x2_s:8 v128.load32x2_u:8', 'memory'],
  [0x207, 'i:v', 'v128.load8_splat:1 v128.load16_splat:2 v128.load32_splat:4 v128.load64_splat:8', 'memory'],
  [0x20b, 'iv:', 'v128.store:16', 'memory'],
  [0x25c, 'i:v', 'v128.load32_zero:4 v128.load64_zero:8', 'memory'],
];

const ATOMIC: readonly Row[] = [
  [0x300, 'ii:i', 'memory.atomic.notify:4', 'memory'],
  [0x301, 'iil:i', 'memory.atomic.wait32:4', 'memory'],
  [0x302, 'ill:i', 'memory.atomic.wait64:8', 'memory'],
  [0x310, 'i:i', 'i32.atomic.load:4', 'memory'],
  [0x311, 'i:l', 'i64.atomic.load:8', 'memory'],
  [0x312, 'i:i', 'i32.atomic.load8_u:1 i32.atomic.load16_u:2', 'memory'],
  [0x314, 'i:l', 'i64.atomic.load8_u:1 i64.atomic.load16_u:2 i64.atomic.load32_u:4', 'memory'],
  [0x317, 'ii:', 'i32.atomic.store:4', 'memory'],
  [0x318, 'il:', 'i64.atomic.store:8', 'memory'],
  [0x319, 'ii:', 'i32.atomic.store8:1 i32.atomic.store16:2', 'memory'],
  [0x31b, 'il:', 'i64.atomic.store8:1 i64.atomic.store16:2 i64.atomic.store32:4', 'memory'],
  ...readModifyWrite(0x31e, 'add', ''),
  ...readModifyWrite(0x325, 'sub', ''),
  ...readModifyWrite(0x32c, 'and', ''),
  ...readModifyWrite(0x333, 'or', ''),
  ...readModifyWrite(0x33a, 'xor', ''),
  ...readModifyWrite(0x341, 'xchg', ''),
  ...readModifyWrite(0x348, 'cmpxchg', 'expected'),
];

function shaped(shape: string, names: string): string {
  return names.replace(/[^ ]+/g, (name) => (name === '-' ? name : `${shape}.${name}`));
}

function extensions(to: string, from: string): string {
  return shaped(to, ['low_#_s', 'high_#_s', 'low_#_u', 'high_#_u'].join(' '))
    .replaceAll('.', '.extend_')
    .replaceAll('#', from);
}

function multiplications(to: string, from: string): string {
  return extensions(to, from).replaceAll('.extend_', '.extmul_');
}

function readModifyWrite(first: number, name: string, expected: '' | 'expected'): readonly Row[] {
  const narrow = expected === '' ? 'ii:i' : 'iii:i';
  const wide = expected === '' ? 'il:l' : 'ill:l';
  return [
    [first, narrow, `i32.atomic.rmw.${name}:4`, 'memory'],
    [first + 1, wide, `i64.atomic.rmw.${name}:8`, 'memory'],
    [first + 2, narrow, `i32.atomic.rmw8.${name}_u:1 i32.atomic.rmw16.${name}_u:2`, 'memory'],
    [first + 4, wide, `i64.atomic.rmw8.${name}_u:1 i64.atomic.rmw16.${name}_u:2`, 'memory'],
    [first + 6, wide, `i64.atomic.rmw32.${name}_u:4`, 'memory'],
  ];
}

const TYPE_LETTERS = '-ilfdv';

function expand(rows: readonly Row[], into: (Opcode | undefined)[]): void {
  for (const [first, signature, names, immediate] of rows) {
    const [operands = '', result = ''] = signature.split(':');
    const types = [...operands].map((letter) => TYPE_LETTERS.indexOf(letter));
    names.split(' ').forEach((entry, index) => {
      if (entry === '-') return;
      const [name = '', size = '0'] = entry.split(':');
      into[first + index] = {
        id: first + index,
        name,
        operands: types,
        result: result === '' ? NONE : TYPE_LETTERS.indexOf(result),
        immediate: immediate ?? 'none',
        size: Number(size),
      };
    });
  }
}

/** By id; holes are undefined. */
export const OPCODES: readonly (Opcode | undefined)[] = makeOpcodes();

/** By text name. */
export const OPCODES_BY_NAME: ReadonlyMap<string, Opcode> = new Map(
  OPCODES.flatMap((opcode) => (opcode === undefined ? [] : [[opcode.name, opcode] as const])),
);

function makeOpcodes(): (Opcode | undefined)[] {
  const all: (Opcode | undefined)[] = new Array<Opcode | undefined>(0x350).fill(undefined);
  for (const rows of [NUMERIC, VECTOR, MEMORY, ATOMIC]) expand(rows, all);
  return all;
}
