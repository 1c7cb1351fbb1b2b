// Instructions on EFLAGS itself. The interrupt flag and POPF have an easy case here (privilege suffices and no
// bit changes that the mode word depends on) and a helper for all others: VME, PVI, single step. Kernels enable
// interrupts every few hundred instructions, so that the easy case returns to the run loop only when one waits.
// Reference: Intel SDM vol. 2 (CLC, CLD, CLI, CMC, LAHF, POPF, PUSHF, SAHF, STC, STD, STI); vol. 3B, 21.3.

import {
  EFLAGS_AC,
  EFLAGS_AF,
  EFLAGS_CF,
  EFLAGS_DF,
  EFLAGS_ID,
  EFLAGS_IF,
  EFLAGS_IOPL,
  EFLAGS_NT,
  EFLAGS_PF,
  EFLAGS_RF,
  EFLAGS_SF,
  EFLAGS_STATUS,
  EFLAGS_TF,
  EFLAGS_VM,
  EFLAGS_ZF,
} from '../state/control-bits.ts';
import type { Emitter, Semantics, Value } from './emitter.ts';
import { bitNumber } from './flag-bits.ts';
import { loadTop, pushValue, releaseStack } from './stack.ts';
import { not1, resize } from './width.ts';

const setCarry =
  (value: (e: Emitter) => Value): Semantics =>
  (e) =>
    e.flags({ cf: value(e) });

const setDirection =
  (value: number): Semantics =>
  (e) =>
    e.setEflags(e.constant(32, value), EFLAGS_DF);

const LOW_BYTE_FLAGS = EFLAGS_SF | EFLAGS_ZF | EFLAGS_AF | EFLAGS_PF | EFLAGS_CF;

const lahf: Semantics = (e) => e.setHigh8('rax', e.truncate(e.eflags(), 8));

const sahf: Semantics = (e) => e.setEflags(e.zeroExtend(e.high8('rax'), 32), LOW_BYTE_FLAGS);

/** SALC, undocumented but on every processor: AL = CF ? FFh : 0. */
const salc: Semantics = (e) => e.setRegister('rax', e.neg(e.zeroExtend(e.flag('cf'), 8)));

/** 1-bit: CPL <= IOPL; virtual-8086 code has CPL 3. In real mode CPL is 0. */
export function privilegeForIf(e: Emitter): Value {
  const iopl = e.and(e.shr(e.state('flagRest'), e.constant(32, bitNumber(EFLAGS_IOPL))), e.constant(32, 3));
  return not1(e, e.lessU(iopl, e.state('cpl')));
}

const cli: Semantics = (e) => {
  e.when(
    privilegeForIf(e),
    () => e.setEflags(e.constant(32, 0), EFLAGS_IF),
    () => e.helper('clearInterruptFlag'),
  );
};

/** No interrupt is taken before the next instruction has ended, unless IF was set already. */
const sti: Semantics = (e) => {
  const wasSet = e.bit(e.state('flagRest'), bitNumber(EFLAGS_IF));
  e.when(
    privilegeForIf(e),
    () => e.when(not1(e, wasSet), () => enableInterrupts(e)),
    () => {
      e.helper('setInterruptFlag');
      e.endBlock('shadow');
    },
  );
};

/** The shadow outlasts the next instruction where nothing looks at it: an interrupt then comes one later. */
function enableInterrupts(e: Emitter): void {
  e.setEflags(e.constant(32, EFLAGS_IF), EFLAGS_IF);
  e.setState('interruptShadow', e.constant(32, 1));
  e.when(interruptWaits(e), () => e.endBlock('shadow'));
}

const interruptWaits = (e: Emitter): Value => e.notEqual(e.state('interruptPending'), e.constant(32, 0));

const pushf: Semantics = (e) => {
  const bits = e.shape.operandBits;
  if (e.shape.virtual8086) {
    pushValue(e, resize(e, e.helper('pushedFlags', e.constant(32, bits)), bits));
    return;
  }
  const image = e.and(e.eflags(), e.constant(32, ~(EFLAGS_RF | EFLAGS_VM)));
  pushValue(e, resize(e, image, bits));
};

/** What POPF changes at CPL 0 without a change of mode: not TF, AC (single step and alignment checks), VM. */
const EASY_FLAGS = EFLAGS_STATUS | EFLAGS_DF | EFLAGS_IF | EFLAGS_IOPL | EFLAGS_NT | EFLAGS_ID;

const popf: Semantics = (e) => {
  const bits = e.shape.operandBits;
  const value = resize(e, loadTop(e, bits), 32);
  const old = e.eflags();
  const rest = bits === 16 ? EFLAGS_TF : EFLAGS_TF | EFLAGS_AC;
  // RF is cleared by POPF, which an image that equals the old flags does not need.
  const changesMode = e.notEqual(e.and(e.xor(value, old), e.constant(32, rest)), e.constant(32, 0));
  const special = e.or(changesMode, e.bit(old, bitNumber(EFLAGS_RF)));
  const outer = e.notEqual(e.state('cpl'), e.constant(32, 0));
  e.when(
    e.or(special, outer),
    () => {
      e.helper('popFlags', value, e.constant(32, bits));
      releaseStack(e, bits / 8);
      e.endBlock('lookup');
    },
    () => popEasyFlags(e, value, old),
  );
};

function popEasyFlags(e: Emitter, value: Value, old: Value): void {
  const bits = e.shape.operandBits;
  e.setEflags(value, bits === 16 ? EASY_FLAGS & 0xffff : EASY_FLAGS);
  releaseStack(e, bits / 8);
  const enables = e.bit(e.and(value, e.not(old)), bitNumber(EFLAGS_IF));
  e.when(e.and(enables, interruptWaits(e)), () => e.endBlock('lookup'));
}

export const FLAG_OPS: Record<string, Semantics> = {
  CLC: setCarry((e) => e.constant(1, 0)),
  STC: setCarry((e) => e.constant(1, 1)),
  CMC: setCarry((e) => not1(e, e.flag('cf'))),
  CLD: setDirection(0),
  STD: setDirection(EFLAGS_DF),
  CLI: cli,
  STI: sti,
  LAHF: lahf,
  SAHF: sahf,
  SALC: salc,
  PUSHF: pushf,
  POPF: popf,
};
