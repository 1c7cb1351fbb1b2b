// Segment registers: moves to and from them, pushes and pops, far pointers, SWAPGS and the FS and GS bases.
// Loading one is a helper's work (descriptors, privileges); what is here is the data flow around it.
// Reference: Intel SDM vol. 2 (MOV, PUSH, POP, LDS/LES/LFS/LGS/LSS, SWAPGS, RDFSBASE); vol. 3A, 3.4.

import { VECTOR_GP, VECTOR_UD } from '../helpers/descriptor.ts';
import { CR4_FSGSBASE } from '../state/control-bits.ts';
import { SEGMENT_INDEX, type SegmentName, SHADOW_OF_STACK } from '../state/cpu-state.ts';
import type { Emitter, Semantics, Value } from './emitter.ts';
import { bitNumber } from './flag-bits.ts';
import { loadTop, pushValue, releaseStack } from './stack.ts';
import { not1, resize, widthOf } from './width.ts';

/** Runs a segment load and its commits; ends the block where they changed the mode or, with SS, shadow interrupts. */
function withModeCheck(e: Emitter, load: () => void): void {
  const before = e.state('mode');
  load();
  const changed = e.notEqual(before, e.state('mode'));
  const shadow = e.state('interruptShadow');
  // That of an STI long ago may still be there: nothing looks at it while no interrupt waits.
  const shadowed = e.equal(shadow, e.constant(32, SHADOW_OF_STACK));
  e.when(e.or(changed, shadowed), () => e.endBlock('lookup'));
}

/** A register takes the selector zero-extended to the operand size, memory always 16 bits. */
const moveFromSegment: Semantics = (e, a, b) => e.write(a, resize(e, e.read(b), widthOf(a)));

const moveToSegment: Semantics = (e, a, b) => {
  const selector = resize(e, resize(e, e.read(b), 16), 32);
  withModeCheck(e, () => e.helper('moveSegment', e.registerNumber(a), selector));
};

const pushSegment: Semantics = (e, a) => pushValue(e, resize(e, e.read(a), e.shape.operandBits));

const popSegment: Semantics = (e, a) => {
  const bits = e.shape.operandBits;
  const selector = resize(e, resize(e, loadTop(e, bits), 16), 32);
  withModeCheck(e, () => {
    e.helper('moveSegment', e.registerNumber(a), selector);
    releaseStack(e, bits / 8);
  });
};

function loadFarPointer(segment: SegmentName): Semantics {
  return (e, a, b) => {
    const bits = e.shape.operandBits;
    const address = e.address(b);
    const offset = e.load('instruction', address, bits);
    const above = e.add(address, e.constant(e.shape.addressBits, bits / 8));
    const selector = resize(e, e.load('instruction', above, 16), 32);
    withModeCheck(e, () => {
      e.helper('loadSegment', e.constant(32, SEGMENT_INDEX[segment]), selector);
      e.write(a, offset);
    });
  };
}

const swapgs: Semantics = (e) => {
  const current = e.state('segmentBase', SEGMENT_INDEX.gs);
  const other = e.state('kernelGsBase');
  e.setState('segmentBase', other, SEGMENT_INDEX.gs);
  e.setState('kernelGsBase', current);
};

function requireFsGsBase(e: Emitter): void {
  e.faultWhen(not1(e, e.bit(e.state('cr4'), bitNumber(CR4_FSGSBASE))), VECTOR_UD);
}

/** 1-bit: bits 47 to 63 are not all the same. */
function isNonCanonical(e: Emitter, address: Value): Value {
  const unused = e.constant(64, 16);
  return e.notEqual(e.sar(e.shl(address, unused), unused), address);
}

function readBase(segment: 'fs' | 'gs'): Semantics {
  return (e, a) => {
    requireFsGsBase(e);
    e.write(a, resize(e, e.state('segmentBase', SEGMENT_INDEX[segment]), widthOf(a)));
  };
}

function writeBase(segment: 'fs' | 'gs'): Semantics {
  return (e, a) => {
    requireFsGsBase(e);
    const base = resize(e, e.read(a), 64);
    e.faultWhen(isNonCanonical(e, base), VECTOR_GP, 0);
    e.setState('segmentBase', base, SEGMENT_INDEX[segment]);
  };
}

export const SEGMENT: Record<string, Semantics> = {
  MOV_FROM_SEGMENT: moveFromSegment,
  MOV_TO_SEGMENT: moveToSegment,
  PUSH_SEGMENT: pushSegment,
  POP_SEGMENT: popSegment,
  LDS: loadFarPointer('ds'),
  LES: loadFarPointer('es'),
  LFS: loadFarPointer('fs'),
  LGS: loadFarPointer('gs'),
  LSS: loadFarPointer('ss'),
  SWAPGS: swapgs,
  RDFSBASE: readBase('fs'),
  RDGSBASE: readBase('gs'),
  WRFSBASE: writeBase('fs'),
  WRGSBASE: writeBase('gs'),
};
