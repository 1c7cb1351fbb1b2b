// PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM: comparison of packed strings.
// Reference: Intel SDM vol. 2B, 4.1 (imm8 control byte, aggregation, invalid elements, polarity, output).

import { CPU_FIELDS as F } from '../state/cpu-state.ts';
import type { CpuContext } from './cpu-context.ts';

const CF = 0x001;
const ZF = 0x040;
const SF = 0x080;
const OF = 0x800;

/** Immediate bit 8 is ours: explicit lengths. */
const EXPLICIT = 0x100;

/** Elements of one operand and how many of them are valid. */
interface Text {
  readonly elements: readonly number[];
  readonly length: number;
}

function readElements(cpu: CpuContext, position: number, words: boolean, signed: boolean): number[] {
  const bytes: number[] = [];
  for (let half = 0; half < 2; half++) {
    for (const value of [cpu.low(F.scratch, position + half), cpu.high(F.scratch, position + half)]) {
      for (let shift = 0; shift < 32; shift += 8) bytes.push((value >>> shift) & 0xff);
    }
  }
  const size = words ? 2 : 1;
  return Array.from({ length: 16 / size }, (_, i) => {
    const value = words ? (bytes[2 * i] ?? 0) | ((bytes[2 * i + 1] ?? 0) << 8) : (bytes[i] ?? 0);
    if (!signed) return value;
    return words ? (value << 16) >> 16 : (value << 24) >> 24;
  });
}

/** |EAX| (or |RAX|), cut to the number of elements. */
function explicitLength(cpu: CpuContext, position: number, count: number): number {
  const value = BigInt.asIntN(64, cpu.get64(F.scratch, position));
  const magnitude = value < 0n ? -value : value;
  return magnitude > BigInt(count) ? count : Number(magnitude);
}

function readText(cpu: CpuContext, control: number, first: boolean): Text {
  const words = (control & 1) !== 0;
  const elements = readElements(cpu, first ? 3 : 5, words, (control & 2) !== 0);
  if ((control & EXPLICIT) !== 0) {
    return { elements, length: explicitLength(cpu, first ? 1 : 2, elements.length) };
  }
  const end = elements.indexOf(0);
  return { elements, length: end < 0 ? elements.length : end };
}

/** Bit j of the intermediate result for element j of the second operand. */
function matches(mode: number, a: Text, b: Text, j: number): boolean {
  switch (mode) {
    case 0:
      return j < b.length && a.elements.slice(0, a.length).includes(b.elements[j] ?? 0);
    case 1:
      return j < b.length && inRanges(a, b.elements[j] ?? 0);
    case 2: {
      const aValid = j < a.length;
      const bValid = j < b.length;
      return aValid && bValid ? a.elements[j] === b.elements[j] : aValid === bValid;
    }
    default:
      return startsAt(a, b, j);
  }
}

function inRanges(a: Text, value: number): boolean {
  for (let i = 0; i + 1 < a.length; i += 2) {
    if (value >= (a.elements[i] ?? 0) && value <= (a.elements[i + 1] ?? 0)) return true;
  }
  return false;
}

/** Equal ordered: the first operand stands in the second at j, as far as the register shows. */
function startsAt(a: Text, b: Text, j: number): boolean {
  for (let i = 0; i < a.length && j + i < b.elements.length; i++) {
    if (j + i >= b.length || a.elements[i] !== b.elements[j + i]) return false;
  }
  return true;
}

function intermediate(control: number, a: Text, b: Text): number {
  const count = b.elements.length;
  let bits = 0;
  for (let j = 0; j < count; j++) if (matches((control >> 2) & 3, a, b, j)) bits |= 1 << j;
  const polarity = (control >> 4) & 3;
  if (polarity === 1) bits ^= (1 << count) - 1;
  else if (polarity === 3) bits ^= (1 << b.length) - 1;
  return bits;
}

/** Bit or element mask of the result in scratch[1] and [2]. */
function storeMask(cpu: CpuContext, bits: number, control: number): void {
  let mask = BigInt(bits);
  if ((control & 0x40) !== 0) {
    const width = (control & 1) !== 0 ? 16 : 8;
    const ones = (1n << BigInt(width)) - 1n;
    mask = 0n;
    for (let i = 0; i < 128 / width; i++) if ((bits >> i) & 1) mask |= ones << BigInt(i * width);
  }
  cpu.set64(F.scratch, BigInt.asUintN(64, mask), 1);
  cpu.set64(F.scratch, mask >> 64n, 2);
}

export function sseStringCompare(cpu: CpuContext, control: number): number {
  const a = readText(cpu, control, true);
  const b = readText(cpu, control, false);
  const count = b.elements.length;
  const bits = intermediate(control, a, b);
  const index =
    bits === 0 ? count : (control & 0x40) !== 0 ? 31 - Math.clz32(bits) : 31 - Math.clz32(bits & -bits);
  const flags =
    (bits !== 0 ? CF : 0) |
    (b.length < count ? ZF : 0) |
    (a.length < count ? SF : 0) |
    ((bits & 1) !== 0 ? OF : 0);
  storeMask(cpu, bits, control);
  cpu.setHalves(F.scratch, index, flags, 0);
  return 0;
}
