// WebAssembly in front of INT n and IRET between flat 32-bit code at CPL 3 and 0, the system call of kernels that have no
// faster way, and of IRET from 64-bit kernels to their programs. Tasks, virtual-8086 mode, single steps and everything that faults are the helpers'.
// Reference: Intel SDM vol. 3A 6.12.1 (privilege change by a gate); vol. 2A INT n, IRET.

import type { ModuleBuilder } from '../../ir/module.ts';
import type { IrValue } from '../../ir/types.ts';
import { INTERRUPT_KIND } from '../../x86/helpers/system.table.ts';
import {
  EFLAGS_AC, EFLAGS_FIXED, EFLAGS_IF, EFLAGS_NT, EFLAGS_RF, EFLAGS_TF, EFLAGS_VM,
} from '../../x86/state/control-bits.ts';
import {
  GPR_INDEX, MODE_ALIGN, MODE_CODE32, MODE_FLAT_CS, MODE_FLAT_DATA, MODE_LONG, MODE_LONG64, MODE_PROTECTED, MODE_STACK32,
  MODE_STEP, MODE_USER, MODE_VM86, SEGMENT_INDEX,
} from '../../x86/state/cpu-state.ts';
import { REST_FLAGS } from '../../x86/state/flags.ts';
import { ACCESS_DPL_SHIFT, ACCESS_S } from '../../x86/state/segments.ts';
import { assembleStatus, takeStatus } from '../emit/flag-arithmetic.ts';
import type { MemoryLayout } from '../layout.ts';
import { SegmentRoutine } from './segment-routine.ts';

const { es, cs, ss, ds, fs, gs, tr } = SEGMENT_INDEX;
const FLAT = MODE_PROTECTED | MODE_CODE32 | MODE_STACK32 | MODE_FLAT_CS | MODE_FLAT_DATA;
const MODES = FLAT | MODE_LONG | MODE_VM86 | MODE_STEP | MODE_ALIGN | MODE_USER;
const LONG = MODE_PROTECTED | MODE_LONG | MODE_LONG64;
const MODES_64 = LONG | MODE_VM86 | MODE_STEP | MODE_ALIGN | MODE_USER;
/** SS, ESP, EFLAGS, CS and EIP. */
const FRAME_BYTES = 20;
/** EFLAGS, CS and EIP. */
const INNER_BYTES = 12;
/** P, DPL 3, and the type of an interrupt or trap gate of 32 bits, in the second doubleword; the last bit makes a trap gate. */
const GATE_MASK = 0xfe00;
const GATE_USER = 0xee00;
const GATE_TRAP = 0x100;
/** Of a TSS of 32 bits, whether busy or not. */
const TSS_TYPE_MASK = 0xd;
const TSS_TYPE = 9;
const TSS_LIMIT = 0x67;
const TSS_ESP0 = 4;
const NEXT_ARGUMENT = 2;

const stackPointer = (r: SegmentRoutine): IrValue => r.op('i32.wrap_i64', r.element('gpr', r.i32(GPR_INDEX.rsp)));

/** Where execution goes on, and with which stack. */
function setPointers(r: SegmentRoutine, rip: IrValue, rsp: IrValue): void {
  r.setState('rip', r.op('i64.extend_i32_u', rip));
  r.setElement('gpr', r.i32(GPR_INDEX.rsp), r.op('i64.extend_i32_u', rsp));
}

function defineSoftwareInterrupt(module: ModuleBuilder, layout: MemoryLayout): void {
  const r = new SegmentRoutine(module, layout, 'softwareInterrupt', 2);
  const [vector, kind] = r.parameters as [IrValue, IrValue];
  r.unless(r.all(r.isEqual(kind, INTERRUPT_KIND.intN), r.has(r.state('mode'), MODES, FLAT | MODE_USER)));
  const offset = r.with32('shl', r.with32('and', vector, 0xff), 3);
  r.unless(r.op('i32.le_u', r.with32('or', offset, 7), r.state('idtrLimit')));
  const gate = r.host(r.linear('idtrBase', 0, offset), 8);
  const low = r.f.load('i32.load', gate, 0);
  const high = r.f.load('i32.load', gate, 4);
  r.unless(r.has(high, GATE_MASK, GATE_USER));
  const code = r.with32('and', r.with32('shr_u', low, 16), ~3);
  const codeAccess = r.flatAccess('cs', code, r.i32(0));
  const stack = innerStack(r);
  const stackAccess = r.flatAccess('ss', stack.selector, r.i32(0));
  const bottom = r.with32('sub', stack.pointer, FRAME_BYTES);
  storeFrame(r, r.host(r.op('i64.extend_i32_u', bottom), FRAME_BYTES, true));
  const masked = r.f.select(r.with32('and', high, GATE_TRAP), r.i32(0), r.i32(EFLAGS_IF));
  const cleared = r.with32('or', masked, EFLAGS_TF | EFLAGS_NT | EFLAGS_VM | EFLAGS_RF);
  r.setState('flagRest', r.op('i32.and', r.state('flagRest'), r.with32('xor', cleared, -1)));
  r.setFlat('ss', stack.selector, stackAccess);
  r.setFlat('cs', code, codeAccess);
  r.setPrivilege(0);
  setPointers(r, r.op('i32.or', r.with32('and', low, 0xffff), r.with32('and', high, 0xffff_0000 | 0)), bottom);
  r.done();
}

/** SS0 and ESP0 of the TSS. */
function innerStack(r: SegmentRoutine): { readonly selector: IrValue; readonly pointer: IrValue } {
  const isTss32 = r.has(r.element('segmentAccess', r.i32(tr)), TSS_TYPE_MASK, TSS_TYPE);
  r.unless(r.all(isTss32, r.op('i32.ge_u', r.element('segmentLimit', r.i32(tr)), r.i32(TSS_LIMIT))));
  const host = r.host(r.linear('segmentBase', tr, r.i32(TSS_ESP0)), 8);
  const selector = r.f.load('i32.load16_u', host, 4);
  r.unless(r.hasNone(selector, 3));
  return { selector, pointer: r.f.load('i32.load', host, 0) };
}

function storeFrame(r: SegmentRoutine, host: IrValue): void {
  const flags = { result: () => r.state('flagResult'), aux: () => r.state('flagAux'), set: () => undefined };
  const image = r.op('i32.or', assembleStatus(r.f, flags), r.state('flagRest'));
  const words = [
    r.op('i32.wrap_i64', r.element('scratch', r.i32(NEXT_ARGUMENT))),
    r.element('segmentSelector', r.i32(cs)),
    r.with32('and', r.with32('or', image, EFLAGS_FIXED), ~EFLAGS_RF),
    stackPointer(r),
    r.element('segmentSelector', r.i32(ss)),
  ];
  for (const [i, word] of words.entries()) r.f.store('i32.store', host, 4 * i, word);
}

function defineInterruptReturn(module: ModuleBuilder, layout: MemoryLayout): void {
  const r = new SegmentRoutine(module, layout, 'interruptReturn', 1);
  const [bits] = r.parameters as [IrValue];
  const isUsual = r.all(r.op('i32.eqz', r.state('nmiBlocked')), r.hasNone(r.state('flagRest'), EFLAGS_NT));
  r.unless(r.all(isUsual, r.op('i32.eqz', r.state('cpl'))));
  r.when(r.isEqual(bits, 64), () => returnTo64(r));
  r.unless(r.all(r.has(r.state('mode'), MODES, FLAT), r.isEqual(bits, 32)));
  const pointer = stackPointer(r);
  const frame = r.host(r.op('i64.extend_i32_u', pointer), FRAME_BYTES);
  const rip = r.f.load('i32.load', frame, 0);
  const selector = r.f.load('i32.load16_u', frame, 4);
  const flags = r.f.load('i32.load', frame, 8);
  r.unless(r.hasNone(flags, EFLAGS_VM | EFLAGS_TF | EFLAGS_AC));
  const rpl = r.with32('and', selector, 3);
  const isOuter = r.isEqual(rpl, 3);
  r.unless(r.op('i32.or', isOuter, r.op('i32.eqz', rpl)));
  const access = r.flatAccess('cs', selector, rpl);
  r.when(isOuter, () => {
    const outerPointer = r.f.load('i32.load', frame, 12);
    leaveKernel(r, { selector, access }, r.f.load('i32.load16_u', frame, 16), flags);
    setPointers(r, rip, outerPointer);
    r.done();
  });
  setFlags(r, flags);
  r.setFlat('cs', selector, access);
  setPointers(r, rip, r.with32('add', pointer, INNER_BYTES));
  r.done();
}

/** From 64-bit code to 64-bit code at CPL 3, as programs go on after a fault. */
function returnTo64(r: SegmentRoutine): void {
  r.unless(r.has(r.state('mode'), MODES_64, LONG));
  const frame = r.host(r.element('gpr', r.i32(GPR_INDEX.rsp)), 2 * FRAME_BYTES);
  const rip = r.f.load('i64.load', frame, 0);
  const selector = r.f.load('i32.load16_u', frame, 8);
  const flags = r.f.load('i32.load', frame, 16);
  const extended = r.with64('shr_s', r.with64('shl', rip, 16), 16);
  r.unless(r.all(r.hasNone(flags, EFLAGS_VM | EFLAGS_TF | EFLAGS_AC), r.op('i64.eq', extended, rip)));
  r.unless(r.has(selector, 3, 3));
  const access = r.flatAccess('cs64', selector, r.i32(3));
  const pointer = r.f.load('i64.load', frame, 24);
  leaveKernel(r, { selector, access }, r.f.load('i32.load16_u', frame, 32), flags);
  r.setState('rip', rip);
  r.setElement('gpr', r.i32(GPR_INDEX.rsp), pointer);
  r.done();
}

/** All that a return to CPL 3 sets but the pointers. */
function leaveKernel(
  r: SegmentRoutine,
  code: { readonly selector: IrValue; readonly access: IrValue },
  stack: IrValue,
  flags: IrValue,
): void {
  r.unless(r.has(stack, 3, 3));
  const stackAccess = r.flatAccess('ss', stack, r.i32(3));
  for (const index of [es, ds, fs, gs]) r.unless(staysOutside(r, index));
  setFlags(r, flags);
  r.setFlat('cs', code.selector, code.access);
  r.setFlat('ss', stack, stackAccess);
  r.setPrivilege(3);
}

/** Whether a return to CPL 3 leaves a segment register as it is. */
function staysOutside(r: SegmentRoutine, index: number): IrValue {
  const selector = r.element('segmentSelector', r.i32(index));
  const access = r.element('segmentAccess', r.i32(index));
  const isOuter = r.has(access, 3 << ACCESS_DPL_SHIFT, 3 << ACCESS_DPL_SHIFT);
  // A null selector loses its RPL.
  const keepsSelector = r.op('i32.or', r.op('i32.eqz', selector), r.with32('gt_u', selector, 3));
  return r.all(keepsSelector, r.op('i32.or', r.hasNone(access, ACCESS_S), isOuter));
}

/** All of EFLAGS but VM, as CPL 0 may. */
function setFlags(r: SegmentRoutine, image: IrValue): void {
  const { result, aux } = takeStatus(r.f, image);
  r.setState('flagResult', result);
  r.setState('flagAux', aux);
  r.setState('flagRest', r.with32('or', r.with32('and', image, REST_FLAGS & ~EFLAGS_VM), EFLAGS_FIXED));
}

export const FLAT_TRANSFERS = [defineSoftwareInterrupt, defineInterruptReturn] as const;
