// SYSCALL and SYSRET between 64-bit code, as kernels use them at each system call: nothing that is traced, no interrupt
// that waits. All else, and what is refused, is the helpers' (`helpers/fast-call.ts`), which do the same for every mode.
// Reference: Intel SDM vol. 2B SYSCALL, SYSRET; vol. 3A 5.8.8.

import { FLAT_CODE, FLAT_DATA, SYSRET_FLAGS } from '../helpers/fast-call.ts';
import { EFER_SCE, EFLAGS_AC, EFLAGS_RF, EFLAGS_STATUS, EFLAGS_TF } from '../state/control-bits.ts';
import { MODE_ALIGN, MODE_STEP, MODE_USER, SEGMENT_INDEX } from '../state/cpu-state.ts';
import { REST_FLAGS } from '../state/flags.ts';
import { ACCESS_DB, ACCESS_DPL_SHIFT, ACCESS_G, ACCESS_L } from '../state/segments.ts';
import type { Emitter, Semantics, Value } from './emitter.ts';
import { bitNumber } from './flag-bits.ts';

const ALL_FLAGS = EFLAGS_STATUS | REST_FLAGS;
/** What a flat segment's `readTop` and `writeTop` hold. */
const FOUR_GIB = 0x1_0000_0000;

const hasNone = (e: Emitter, value: Value, mask: number): Value => e.isZero(e.and(value, e.constant(32, mask)));

const isEnabled = (e: Emitter): Value =>
  e.and(e.bit(e.state('efer'), bitNumber(EFER_SCE)), hasNone(e, e.state('mode'), MODE_STEP));

function setFlatSegment(e: Emitter, segment: 'cs' | 'ss', selector: Value, privilege: 0 | 3): void {
  const index = SEGMENT_INDEX[segment];
  const isCode = segment === 'cs';
  const access = (isCode ? FLAT_CODE | ACCESS_L : FLAT_DATA | ACCESS_DB) | ACCESS_G | (privilege << ACCESS_DPL_SHIFT);
  e.setState('segmentSelector', selector, index);
  e.setState('segmentAccess', e.constant(32, access), index);
  e.setState('segmentBase', e.constant(64, 0), index);
  e.setState('segmentLimit', e.constant(32, -1), index);
  e.setState('segmentReadTop', e.constant(64, FOUR_GIB), index);
  e.setState('segmentWriteTop', e.constant(64, isCode ? 0 : FOUR_GIB), index);
}

/** Two selectors that follow each other, and what depends on the privilege: 64-bit code stays 64-bit code. */
function enterPrivilege(e: Emitter, privilege: 0 | 3, code: Value, stack: Value): void {
  setFlatSegment(e, 'cs', code, privilege);
  setFlatSegment(e, 'ss', stack, privilege);
  e.setState('cpl', e.constant(32, privilege));
  const mode = e.and(e.state('mode'), e.constant(32, ~(MODE_USER | MODE_ALIGN)));
  e.setState('mode', privilege === 3 ? e.or(mode, e.constant(32, MODE_USER)) : mode);
  const tables = privilege === 3 ? 2 : 0;
  e.setState('tlbRead', e.state('tlbTables', tables));
  e.setState('tlbWrite', e.state('tlbTables', tables + 1));
  if (privilege === 3) e.setState('ranUserCode', e.constant(32, 1));
}

/** The selector in IA32_STAR that is meant by a bit's number, and so much behind it. */
const starSelector = (e: Emitter, bit: number, offset: number): Value =>
  e.add(e.truncate(e.shr(e.state('star'), e.constant(64, bit)), 32), e.constant(32, offset));

const masked = (e: Emitter, selector: Value, mask: number): Value => e.and(selector, e.constant(32, mask));

function enterKernel(e: Emitter): void {
  const target = e.state('lstar');
  e.checkJump(target);
  const flags = e.eflags();
  const kept = e.not(e.truncate(e.state('sfmask'), 32));
  e.setRegister('rcx', e.nextInstruction());
  e.setRegister('r11', e.zeroExtend(e.and(flags, e.constant(32, ~EFLAGS_RF)), 64));
  e.setEflags(e.and(e.and(flags, kept), e.constant(32, ~EFLAGS_RF)), ALL_FLAGS);
  const code = masked(e, starSelector(e, 32, 0), 0xfffc);
  enterPrivilege(e, 0, code, masked(e, e.add(code, e.constant(32, 8)), 0xffff));
  e.jump(target);
}

export const syscall: Semantics = (e) => {
  const call = () => void e.helper('systemCall', e.zeroExtend(e.nextInstruction(), 64));
  if (e.shape.codeBits === 64) e.when(isEnabled(e), () => enterKernel(e), call);
  else call();
};

function leaveKernel(e: Emitter, flags: Value): void {
  const target = e.register('rcx', 64);
  e.checkJump(target);
  e.setEflags(e.and(flags, e.constant(32, SYSRET_FLAGS)), ALL_FLAGS);
  const atRing3 = (offset: number): Value =>
    masked(e, e.or(starSelector(e, 48, offset), e.constant(32, 3)), 0xffff);
  enterPrivilege(e, 3, atRing3(16), atRing3(8));
  e.jump(target);
}

export const sysret: Semantics = (e) => {
  const back = () => void e.helper('systemReturn', e.constant(32, e.shape.operandBits));
  if (e.shape.codeBits !== 64 || e.shape.operandBits !== 64) {
    back();
    return;
  }
  const flags = e.register('r11', 32);
  const isSupervisor = e.isZero(e.state('cpl'));
  // With AC accesses may have to be aligned, and with IF a waiting interrupt comes next.
  const isUsual = e.and(hasNone(e, flags, EFLAGS_TF | EFLAGS_AC), e.isZero(e.state('interruptPending')));
  e.when(e.and(e.and(isEnabled(e), isSupervisor), isUsual), () => leaveKernel(e, flags), back);
};
