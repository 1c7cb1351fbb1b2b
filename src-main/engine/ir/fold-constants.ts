// Integer instructions over constants, for folding. i64 operations are given by the code of their i32
// counterpart. `undefined`: not folded (it would trap, or it is not an integer operation of one width).

/** Comparisons 0x45..0x4f and arithmetic 0x67..0x78 over 32 bits. */
// biome-ignore format: a table
export function fold32(op: number, a: number, b: number): number | undefined {
  switch (op) {
    case 0x45: return a === 0 ? 1 : 0;
    case 0x46: return a === b ? 1 : 0;
    case 0x47: return a !== b ? 1 : 0;
    case 0x48: return a < b ? 1 : 0;
    case 0x49: return a >>> 0 < b >>> 0 ? 1 : 0;
    case 0x4a: return a > b ? 1 : 0;
    case 0x4b: return a >>> 0 > b >>> 0 ? 1 : 0;
    case 0x4c: return a <= b ? 1 : 0;
    case 0x4d: return a >>> 0 <= b >>> 0 ? 1 : 0;
    case 0x4e: return a >= b ? 1 : 0;
    case 0x4f: return a >>> 0 >= b >>> 0 ? 1 : 0;
    case 0x67: return Math.clz32(a);
    case 0x68: return a === 0 ? 32 : 31 - Math.clz32(a & -a);
    case 0x69: return populationCount(a);
    case 0x6a: return (a + b) | 0;
    case 0x6b: return (a - b) | 0;
    case 0x6c: return Math.imul(a, b);
    case 0x6d: return b === 0 || (b === -1 && a === -0x8000_0000) ? undefined : (a / b) | 0;
    case 0x6e: return b === 0 ? undefined : ((a >>> 0) / (b >>> 0)) | 0;
    case 0x6f: return b === 0 ? undefined : a % b | 0;
    case 0x70: return b === 0 ? undefined : (a >>> 0) % (b >>> 0) | 0;
    case 0x71: return a & b;
    case 0x72: return a | b;
    case 0x73: return a ^ b;
    case 0x74: return a << b;
    case 0x75: return a >> b;
    case 0x76: return (a >>> b) | 0;
    case 0x77: return (a << b) | (b & 31 ? a >>> (32 - (b & 31)) : 0);
    case 0x78: return (a >>> b) | (b & 31 ? a << (32 - (b & 31)) : 0);
    default: return undefined;
  }
}

function populationCount(value: number): number {
  let count = 0;
  for (let rest = value; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** The same over 64 bits, operands signed; comparisons give 0n or 1n. */
// biome-ignore format: a table
export function fold64(op: number, a: bigint, b: bigint): bigint | undefined {
  const unsignedA = BigInt.asUintN(64, a);
  const unsignedB = BigInt.asUintN(64, b);
  const count = b & 63n;
  switch (op) {
    case 0x45: return a === 0n ? 1n : 0n;
    case 0x46: return a === b ? 1n : 0n;
    case 0x47: return a !== b ? 1n : 0n;
    case 0x48: return a < b ? 1n : 0n;
    case 0x49: return unsignedA < unsignedB ? 1n : 0n;
    case 0x4a: return a > b ? 1n : 0n;
    case 0x4b: return unsignedA > unsignedB ? 1n : 0n;
    case 0x4c: return a <= b ? 1n : 0n;
    case 0x4d: return unsignedA <= unsignedB ? 1n : 0n;
    case 0x4e: return a >= b ? 1n : 0n;
    case 0x4f: return unsignedA >= unsignedB ? 1n : 0n;
    case 0x6a: return BigInt.asIntN(64, a + b);
    case 0x6b: return BigInt.asIntN(64, a - b);
    case 0x6c: return BigInt.asIntN(64, a * b);
    case 0x71: return a & b;
    case 0x72: return a | b;
    case 0x73: return a ^ b;
    case 0x74: return BigInt.asIntN(64, a << count);
    case 0x75: return a >> count;
    case 0x76: return BigInt.asIntN(64, unsignedA >> count);
    case 0x77: return BigInt.asIntN(64, (unsignedA << count) | (unsignedA >> (64n - count)));
    case 0x78: return BigInt.asIntN(64, (unsignedA >> count) | (unsignedA << (64n - count)));
    default: return undefined;
  }
}
