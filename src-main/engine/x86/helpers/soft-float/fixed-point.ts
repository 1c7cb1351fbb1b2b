// Elementary functions on fixed-point BigInt numbers, with far more bits than a result keeps. Not here: special
// values, argument classes, rounding (x87-transcendental.ts).
// Method: Taylor series after argument reduction; errors stay below 2^-20 of the last bit of `fraction`.

/** Binary places behind the point of every number below. */
export const FRACTION = 192n;
export const ONE = 1n << FRACTION;

/** Product of two fixed-point numbers. */
export const times = (a: bigint, b: bigint): bigint => (a * b) >> FRACTION;
export const over = (a: bigint, b: bigint): bigint => (a << FRACTION) / b;

/** Sum of term * factor(k), where each term comes from the one before; ends when terms vanish. */
function series(
  first: bigint,
  next: (term: bigint, k: bigint) => bigint,
  weight: (term: bigint, k: bigint) => bigint,
): bigint {
  let sum = 0n;
  let term = first;
  for (let k = 0n; term > 1n || term < -1n; k++) {
    sum += weight(term, k);
    term = next(term, k);
  }
  return sum;
}

const whole = (term: bigint): bigint => term;

/** sin x for |x| <= 1. */
export function sine(x: bigint): bigint {
  const square = times(x, x);
  return series(x, (term, k) => -times(term, square) / ((2n * k + 2n) * (2n * k + 3n)), whole);
}

/** cos x for |x| <= 1. */
export function cosine(x: bigint): bigint {
  const square = times(x, x);
  return series(ONE, (term, k) => -times(term, square) / ((2n * k + 1n) * (2n * k + 2n)), whole);
}

/** e^x - 1 for |x| <= 1. */
export function exponentialMinusOne(x: bigint): bigint {
  return series(x, (term, k) => times(term, x) / (k + 2n), whole);
}

/** atan x for 0 <= x <= 1/2. */
function arctangentSeries(x: bigint): bigint {
  const square = times(x, x);
  return series(
    x,
    (term) => -times(term, square),
    (term, k) => term / (2n * k + 1n),
  );
}

/** atan(2^-n) for n = 1 to 4, made when first needed. */
const arctangents: bigint[] = [];

function arctangentOfPower(n: number): bigint {
  const known = arctangents[n];
  if (known !== undefined) return known;
  const value = arctangentSeries(ONE >> BigInt(n));
  arctangents[n] = value;
  return value;
}

/** atan x for 0 <= x <= 1: atan x = atan c + atan((x - c) / (1 + x c)) brings x below 1/16. */
export function arctangent(x: bigint): bigint {
  let rest = x;
  let sum = 0n;
  for (let n = 1; n <= 4; n++) {
    const c = ONE >> BigInt(n);
    if (rest < c) continue;
    rest = over(rest - c, ONE + times(rest, c));
    sum += arctangentOfPower(n);
    if (rest >= c) n--;
  }
  return sum + arctangentSeries(rest);
}

/** ln((1 + z) / (1 - z)) for |z| < 1/5. */
export function logarithmOfRatio(z: bigint): bigint {
  const square = times(z, z);
  return (
    2n *
    series(
      z,
      (term) => times(term, square),
      (term, k) => term / (2n * k + 1n),
    )
  );
}

let pi: bigint | undefined;
let ln2: bigint | undefined;

/** Machin's formula. */
export function piConstant(): bigint {
  pi ??= 16n * arctangentSeries(ONE / 5n) - 4n * arctangentSeries(ONE / 239n);
  return pi;
}

export function ln2Constant(): bigint {
  ln2 ??= logarithmOfRatio(ONE / 3n);
  return ln2;
}
