// The 256-bit registers IRR, ISR and TMR of a local APIC as eight words.
// Reference: Intel SDM vol. 3A, 11.8.4 (interrupt acceptance for fixed interrupts).

export function hasVector(set: Uint32Array, vector: number): boolean {
  return ((set[vector >>> 5]! >>> (vector & 31)) & 1) !== 0;
}

export function addVector(set: Uint32Array, vector: number): void {
  set[vector >>> 5] = set[vector >>> 5]! | (1 << (vector & 31));
}

export function removeVector(set: Uint32Array, vector: number): void {
  set[vector >>> 5] = set[vector >>> 5]! & ~(1 << (vector & 31));
}

/** The highest vector, or -1. */
export function highestVector(set: Uint32Array): number {
  for (let word = 7; word >= 0; word--) {
    const bits = set[word]!;
    if (bits !== 0) return word * 32 + 31 - Math.clz32(bits);
  }
  return -1;
}
