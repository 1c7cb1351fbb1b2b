// Addresses and 64-bit register values as JavaScript numbers. A value made of halves is signed; one that is
// not canonical comes out beyond 2^47 (perhaps rounded), so that `isCanonical` still tells.
// Reference: Intel SDM vol. 1 3.3.7.1 (canonical addressing).

const TWO_32 = 0x1_0000_0000;
const TWO_47 = 0x8000_0000_0000;

export const fromHalves = (low: number, high: number): number => (high | 0) * TWO_32 + (low >>> 0);

export const lowHalf = (value: number): number => value >>> 0;

export const highHalf = (value: number): number => Math.floor(value / TWO_32) >>> 0;

export const isCanonical = (value: number): boolean => value >= -TWO_47 && value < TWO_47;
