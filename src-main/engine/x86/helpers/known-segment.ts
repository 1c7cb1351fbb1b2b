// Data segments that were checked for loading before: as in `known-entry.ts`, the same words read give the same answer.
// Reference: Intel SDM vol. 2B MOV (protected-mode checks).

import { CPU_FIELDS as F } from '../state/cpu-state.ts';
import { word } from '../state/modes.ts';
import type { CpuContext } from './cpu-context.ts';
import { createDescriptor, type Descriptor } from './descriptor.ts';
import { hasDescriptorStayed, haveRegistersStayed, noteDescriptor, noteRegisters } from './seen-words.ts';

export interface KnownSegment {
  /** -1: it is not known. */
  selector: number;
  readonly descriptor: Descriptor;
  /** What was read: CPL, where the GDT is, and the descriptor. */
  readonly seen: Uint32Array;
}

const REGISTERS = [word(F.cpl), word(F.gdtrBase), word(F.gdtrBase) + 1, word(F.gdtrLimit)];
const DESCRIPTOR = REGISTERS.length;

const createSegment = (): KnownSegment => ({
  selector: -1, descriptor: createDescriptor(), seen: new Uint32Array(DESCRIPTOR + 2),
});

/** By selector, and programs have few. */
const segments: readonly KnownSegment[] = Array.from({ length: 16 }, createSegment);

export const knownSegment = (selector: number): KnownSegment => segments[(selector >>> 3) & 15] as KnownSegment;

/** Those of an LDT are not. */
export function rememberSegment(cpu: CpuContext, segment: KnownSegment, selector: number): void {
  if (selector & 4) return;
  segment.selector = selector;
  noteRegisters(cpu, REGISTERS, segment.seen);
  noteDescriptor(segment.descriptor, segment.seen, DESCRIPTOR);
}

export const isSegmentKnown = (cpu: CpuContext, segment: KnownSegment, selector: number): boolean =>
  segment.selector === selector &&
  haveRegistersStayed(cpu, REGISTERS, segment.seen) &&
  hasDescriptorStayed(cpu, segment.descriptor, segment.seen, DESCRIPTOR);
