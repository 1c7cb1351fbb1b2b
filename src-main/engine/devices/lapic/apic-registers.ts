// Registers and state of a local APIC: offsets in the register page, bits, what may be written.
// Reference: Intel SDM vol. 3A, chapter 11, table 11-1 (register map), figures 11-8 (LVT) and 11-12 (ICR).

import { defineState } from '../../snapshot/define-state.ts';
import { bool, f64, u8, u32, u32s } from '../../snapshot/fields.ts';
import { APIC_TIMER } from './apic-timer.ts';

export const LOCAL_APIC = defineState('lapic', 1, {
  /** IA32_APIC_BASE: address and global enable. */
  base: f64(0xfee0_0000),
  enabled: bool(true),
  id: u8(),
  tpr: u8(),
  ldr: u32(),
  dfr: u32(0xffff_ffff),
  svr: u32(0xff),
  esr: u32(),
  /** Errors since the last write of ESR. */
  errors: u32(),
  icrLow: u32(),
  icrHigh: u32(),
  /** Timer, thermal, performance, LINT0, LINT1, error. */
  lvt: u32s(6, 0x1_0000),
  irr: u32s(8),
  isr: u32s(8),
  tmr: u32s(8),
  lint0: bool(),
  lint1: bool(),
  /** An ExtINT message of an I/O APIC waits for its INTA. */
  extIntMessage: bool(),
  timer: APIC_TIMER,
});
export type LocalApicState = ReturnType<typeof LOCAL_APIC.create>;

export const ID = 0x20;
export const VERSION = 0x30;
export const TPR = 0x80;
export const PPR = 0xa0;
export const EOI = 0xb0;
export const LDR = 0xd0;
export const DFR = 0xe0;
export const SVR = 0xf0;
export const ISR = 0x100;
export const TMR = 0x180;
export const IRR = 0x200;
export const ESR = 0x280;
export const ICR_LOW = 0x300;
export const ICR_HIGH = 0x310;
export const LVT = 0x320;
export const LVT_END = 0x380;
export const INITIAL_COUNT = 0x380;
export const CURRENT_COUNT = 0x390;
export const DIVIDE = 0x3e0;

/** Integrated APIC with six LVT entries. */
export const VERSION_VALUE = 0x0005_0014;
export const SVR_ENABLE = 0x100;
export const LVT_TIMER = 0;
export const LVT_LINT0 = 3;
export const LVT_LINT1 = 4;
export const LVT_ERROR = 5;
export const LVT_MASKED = 0x1_0000;
export const LVT_PERIODIC = 0x2_0000;
/** Writable bits per entry: vector, delivery mode, polarity and trigger, mask, timer mode. */
export const LVT_WRITABLE = [0x3_00ff, 0x1_07ff, 0x1_07ff, 0x1_a7ff, 0x1_a7ff, 0x1_00ff] as const;
export const ICR_WRITABLE = 0xc_cfff;
export const ICR_LOGICAL = 0x800;
export const ICR_ASSERT = 0x4000;
export const ICR_LEVEL = 0x8000;
export const ERROR_SEND_VECTOR = 0x20;
export const ERROR_RECEIVE_VECTOR = 0x40;
export const BASE_ENABLE = 0x800;
