// Memory images of the x87, MMX and SSE state: environment, FSAVE and FXSAVE areas. Built and taken apart in a
// staging buffer; the instructions move it to and from guest memory themselves, because that may fault.
// Reference: Intel SDM vol. 1, 8.1.10 and figures 8-9 to 8-12; 10.5.1 (FXSAVE area), vol. 2 FXRSTOR.

import { CPU_FIELDS as F } from '../state/cpu-state.ts';
import type { CpuContext } from './cpu-context.ts';
import { mxcsrMask } from './sse-exceptions.ts';
import { setControlWord, x87Initialize } from './x87-control.ts';
import { X87_IMAGE } from './x87-operations.ts';
import { ERROR_SUMMARY } from './x87-stack.ts';

/** FXSAVE's 512 bytes is the largest image. */
const image = new DataView(new ArrayBuffer(512));

const u16 = (offset: number): number => image.getUint16(offset, true);
const u32 = (offset: number): number => image.getUint32(offset, true);
const put16 = (offset: number, value: number): void => image.setUint16(offset, value, true);
const put32 = (offset: number, value: number): void => image.setUint32(offset, value, true);

/** Eight bytes of the image to scratch[0], for the store loop. */
export function imageQuad(cpu: CpuContext, offset: number): number {
  cpu.setHalves(F.scratch, u32(offset), u32(offset + 4), 0);
  return 0;
}

/** Puts the eight bytes in scratch[1] into the image, for the load loop. */
export function setImageQuad(cpu: CpuContext, offset: number): number {
  put32(offset, cpu.low(F.scratch, 1));
  put32(offset + 4, cpu.high(F.scratch, 1));
  return 0;
}

export const statusWord = (cpu: CpuContext): number => cpu.get32(F.fsw) | (cpu.get32(F.ftop) << 11);

function setStatusWord(cpu: CpuContext, value: number): void {
  cpu.set32(F.ftop, (value >>> 11) & 7);
  cpu.set32(F.fsw, value & 0xc7ff);
}

/** FLDENV and its like may bring exceptions that are unmasked: the summary follows the masks. */
function refreshSummary(cpu: CpuContext): void {
  const status = cpu.get32(F.fsw) & ~ERROR_SUMMARY;
  const unmasked = status & ~cpu.get32(F.fcw) & 0x3f;
  cpu.set32(F.fsw, unmasked !== 0 ? status | ERROR_SUMMARY : status);
}

/** Two bits a register: 0 valid, 1 zero, 2 special, 3 empty. */
function fullTag(cpu: CpuContext): number {
  let tag = 0;
  const abridged = cpu.get32(F.ftag);
  for (let r = 0; r < 8; r++) {
    tag |= ((abridged >>> r) & 1 ? registerTag(cpu, r) : 3) << (2 * r);
  }
  return tag;
}

function registerTag(cpu: CpuContext, r: number): number {
  const exponent = cpu.get32(F.fprExponent, r) & 0x7fff;
  const high = cpu.high(F.fprSignificand, r);
  if (exponent === 0) return (high | cpu.low(F.fprSignificand, r)) === 0 ? 1 : 2;
  return exponent === 0x7fff || high < 0x8000_0000 ? 2 : 0;
}

function abridgedTag(full: number): number {
  let tag = 0;
  for (let r = 0; r < 8; r++) if (((full >>> (2 * r)) & 3) !== 3) tag |= 1 << r;
  return tag;
}

const environmentSize = (form: number): number => ((form & X87_IMAGE.wide) !== 0 ? 28 : 14);

function saveEnvironment(cpu: CpuContext, form: number): void {
  const wide = (form & X87_IMAGE.wide) !== 0;
  const step = wide ? 4 : 2;
  const fip = cpu.low(F.fip);
  const fdp = cpu.low(F.fdp);
  const opcode = cpu.get32(F.fop) & 0x7ff;
  // Reserved upper halves of the 32-bit form read as ones.
  for (let word = 0; word < 3; word++) if (wide) put32(4 * word, 0xffff_0000);
  put16(0, cpu.get32(F.fcw));
  put16(step, statusWord(cpu));
  put16(2 * step, fullTag(cpu));
  if (!wide) {
    put16(6, fip);
    put16(10, fdp);
    const real = (form & X87_IMAGE.real) !== 0;
    put16(8, real ? ((fip >>> 4) & 0xf000) | opcode : cpu.get32(F.fcs));
    put16(12, real ? (fdp >>> 4) & 0xf000 : cpu.get32(F.fds));
  } else if ((form & X87_IMAGE.real) !== 0) {
    put32(12, 0xffff_0000 | (fip & 0xffff));
    put32(16, ((fip >>> 16) << 12) | opcode);
    put32(20, 0xffff_0000 | (fdp & 0xffff));
    put32(24, (fdp >>> 16) << 12);
  } else {
    put32(12, fip);
    put32(16, (opcode << 16) | cpu.get32(F.fcs));
    put32(20, fdp);
    put32(24, 0xffff_0000 | cpu.get32(F.fds));
  }
}

function loadEnvironment(cpu: CpuContext, form: number): void {
  const wide = (form & X87_IMAGE.wide) !== 0;
  const real = (form & X87_IMAGE.real) !== 0;
  const step = wide ? 4 : 2;
  setStatusWord(cpu, u16(step));
  setControlWord(cpu, u16(0));
  refreshSummary(cpu);
  cpu.set32(F.ftag, abridgedTag(u16(2 * step)));
  if (wide && !real) {
    cpu.setHalves(F.fip, u32(12), 0);
    cpu.setHalves(F.fdp, u32(20), 0);
    cpu.set32(F.fcs, u16(16));
    cpu.set32(F.fop, u16(18) & 0x7ff);
    cpu.set32(F.fds, u16(24));
  } else if (wide) {
    cpu.setHalves(F.fip, u16(12) | ((u32(16) << 4) & 0xffff_0000), 0);
    cpu.setHalves(F.fdp, u16(20) | ((u32(24) << 4) & 0xffff_0000), 0);
    cpu.set32(F.fop, u16(16) & 0x7ff);
  } else {
    const segment = u16(8);
    cpu.setHalves(F.fip, u16(6) | (real ? (segment & 0xf000) << 4 : 0), 0);
    cpu.setHalves(F.fdp, u16(10) | (real ? (u16(12) & 0xf000) << 4 : 0), 0);
    if (real) cpu.set32(F.fop, segment & 0x7ff);
    else {
      cpu.set32(F.fcs, segment);
      cpu.set32(F.fds, u16(12));
    }
  }
}

/** FNSTENV, FNSAVE: fills the staging buffer. `X87_IMAGE`. */
export function x87ImageSave(cpu: CpuContext, form: number): number {
  saveEnvironment(cpu, form);
  if ((form & X87_IMAGE.state) === 0) return 0;
  const base = environmentSize(form);
  for (let i = 0; i < 8; i++) {
    const r = (cpu.get32(F.ftop) + i) & 7;
    put32(base + 10 * i, cpu.low(F.fprSignificand, r));
    put32(base + 10 * i + 4, cpu.high(F.fprSignificand, r));
    put16(base + 10 * i + 8, cpu.get32(F.fprExponent, r));
  }
  return 0;
}

/** What FNSTENV and FNSAVE do after the image is written: mask all exceptions, or initialise. */
export function x87ImageSaved(cpu: CpuContext, form: number): number {
  if ((form & X87_IMAGE.state) !== 0) return x87Initialize(cpu);
  setControlWord(cpu, cpu.get32(F.fcw) | 0x3f);
  return 0;
}

/** FLDENV, FRSTOR: takes the staging buffer apart. */
export function x87ImageLoad(cpu: CpuContext, form: number): number {
  loadEnvironment(cpu, form);
  if ((form & X87_IMAGE.state) === 0) return 0;
  const base = environmentSize(form);
  for (let i = 0; i < 8; i++) {
    const r = (cpu.get32(F.ftop) + i) & 7;
    cpu.setHalves(F.fprSignificand, u32(base + 10 * i), u32(base + 10 * i + 4), r);
    cpu.set32(F.fprExponent, u16(base + 10 * i + 8), r);
  }
  return 0;
}

/** FXSAVE without the XMM registers, which the instruction stores itself. `wide`: 64-bit pointers (REX.W). */
export function fxsaveImage(cpu: CpuContext, wide: number): number {
  put16(0, cpu.get32(F.fcw));
  put16(2, statusWord(cpu));
  put16(4, cpu.get32(F.ftag));
  put16(6, cpu.get32(F.fop));
  put32(8, cpu.low(F.fip));
  put32(12, wide !== 0 ? cpu.high(F.fip) : cpu.get32(F.fcs));
  put32(16, cpu.low(F.fdp));
  put32(20, wide !== 0 ? cpu.high(F.fdp) : cpu.get32(F.fds));
  put32(24, cpu.get32(F.mxcsr));
  put32(28, mxcsrMask(cpu));
  for (let i = 0; i < 8; i++) {
    const r = (cpu.get32(F.ftop) + i) & 7;
    put32(32 + 16 * i, cpu.low(F.fprSignificand, r));
    put32(36 + 16 * i, cpu.high(F.fprSignificand, r));
    put32(40 + 16 * i, cpu.get32(F.fprExponent, r));
    put32(44 + 16 * i, 0);
  }
  return 0;
}

/** FXRSTOR: #GP(0) for reserved MXCSR bits, before anything changes. XMM registers are loaded by the instruction. */
export function fxrstorImage(cpu: CpuContext, wide: number): number {
  const mxcsr = u32(24);
  if ((mxcsr & ~mxcsrMask(cpu)) !== 0) return cpu.raise(13, 0);
  setStatusWord(cpu, u16(2));
  setControlWord(cpu, u16(0));
  refreshSummary(cpu);
  cpu.set32(F.ftag, u16(4) & 0xff);
  cpu.set32(F.fop, u16(6) & 0x7ff);
  cpu.setHalves(F.fip, u32(8), wide !== 0 ? u32(12) : 0);
  cpu.setHalves(F.fdp, u32(16), wide !== 0 ? u32(20) : 0);
  if (wide === 0) {
    cpu.set32(F.fcs, u16(12));
    cpu.set32(F.fds, u16(20));
  }
  cpu.set32(F.mxcsr, mxcsr);
  for (let i = 0; i < 8; i++) {
    const r = (cpu.get32(F.ftop) + i) & 7;
    cpu.setHalves(F.fprSignificand, u32(32 + 16 * i), u32(36 + 16 * i), r);
    cpu.set32(F.fprExponent, u16(40 + 16 * i), r);
  }
  return 0;
}
