// What all control transfers share: the checks of a code segment and loading CS with a target.
// Reference: Intel SDM vol. 3A 5.8 (privilege checks of transfers), 5.8.1 (direct calls and jumps), 5.2.1 (L, D).

import { fromHalves, highHalf, isCanonical, lowHalf } from '../state/address.ts';
import { CPU_FIELDS as F, SEGMENT_INDEX } from '../state/cpu-state.ts';
import { isLongMode, word } from '../state/modes.ts';
import { setSegment } from '../state/segments.ts';
import type { CpuContext } from './cpu-context.ts';
import {
  type Descriptor, descriptorAccess, descriptorBase, descriptorDpl, descriptorLimit, hasReservedCodeSize, is64BitCode,
  isCode, isConforming, isPresent, selectorError, VECTOR_GP, VECTOR_NP,
} from './descriptor.ts';

/** A 64-bit argument as a number; not canonical stays not canonical. */
export const wideArgument = (cpu: CpuContext, position: number): number =>
  fromHalves(cpu.low(F.scratch, position), cpu.high(F.scratch, position));

/** An offset cut to the operand size. */
export const cutOffset = (offset: number, bits: number): number =>
  bits === 64 ? offset : bits === 32 ? offset >>> 0 : offset & 0xffff;

export const entersLong64 = (cpu: CpuContext, d: Descriptor): boolean => isLongMode(cpu) && is64BitCode(d);

/** Whether a target is inside its segment, or canonical. */
export const isTarget = (cpu: CpuContext, d: Descriptor, rip: number): boolean =>
  entersLong64(cpu, d) ? isCanonical(rip) : rip >= 0 && rip <= descriptorLimit(d);

/** #GP(`ext`) where the target is outside the segment or not canonical. */
export function checkTarget(cpu: CpuContext, d: Descriptor, rip: number, ext: number): boolean {
  if (isTarget(cpu, d, rip)) return true;
  cpu.raise(VECTOR_GP, ext);
  return false;
}

const RIP = word(F.rip);
const CPL = word(F.cpl);

export function setRip({ words, firstWord }: CpuContext, rip: number): void {
  words[firstWord + RIP] = lowHalf(rip);
  words[firstWord + RIP + 1] = highHalf(rip);
}

/** Loads CS, CPL and rip. The caller ends with `updateMode`. */
export function loadCode(cpu: CpuContext, selector: number, d: Descriptor, cpl: number, rip: number): void {
  const base = entersLong64(cpu, d) ? 0 : descriptorBase(d);
  setSegment(
    cpu, SEGMENT_INDEX.cs, (selector & 0xfffc) | cpl, descriptorAccess(d), base, descriptorLimit(d),
  );
  cpu.words[cpu.firstWord + CPL] = cpl;
  setRip(cpu, rip);
}

/** A far JMP or CALL straight to a code segment: it must not change the privilege. */
export function checkDirectCode(cpu: CpuContext, selector: number, d: Descriptor): boolean {
  const cpl = cpu.get32(F.cpl);
  const dpl = descriptorDpl(d);
  const isAllowed =
    isCode(d) &&
    !(isLongMode(cpu) && hasReservedCodeSize(d)) &&
    (isConforming(d) ? dpl <= cpl : (selector & 3) <= cpl && dpl === cpl);
  return finishCheck(cpu, selector, d, isAllowed);
}

/** Far RET and IRET: never to more privilege. */
export function checkReturnCode(cpu: CpuContext, selector: number, d: Descriptor): boolean {
  const rpl = selector & 3;
  const dpl = descriptorDpl(d);
  const isAllowed =
    isCode(d) &&
    !(isLongMode(cpu) && hasReservedCodeSize(d)) &&
    rpl >= cpu.get32(F.cpl) &&
    (isConforming(d) ? dpl <= rpl : dpl === rpl);
  return finishCheck(cpu, selector, d, isAllowed);
}

function finishCheck(cpu: CpuContext, selector: number, d: Descriptor, isAllowed: boolean): boolean {
  if (isAllowed && isPresent(d)) return true;
  cpu.raise(isAllowed ? VECTOR_NP : VECTOR_GP, selectorError(selector, 0));
  return false;
}
