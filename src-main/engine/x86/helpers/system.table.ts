// Declarations of the system helpers: segments, transfers, control registers, ports, identification.
// Not here: SGDT, SIDT, SLDT, STR, SMSW, SWAPGS, RDFSBASE and the like (plain reads and writes of state), ARPL
// (arithmetic), INVD and WBINVD (no caches to write back).
// `privileged`, `feature` and mode checks of the opcode row have been made before a helper is called.

import type { HelperDeclaration } from './declarations.ts';

/** `kind` of `softwareInterrupt`. INT3, INTO and ICEBP skip some of the checks of INT n. */
export const INTERRUPT_KIND = { intN: 0, int3: 1, into: 2, icebp: 3 } as const;

export const SYSTEM_HELPERS = {
  // Segment registers. The block must end after these (`endBlock('lookup')`): the mode word may have changed.

  /** LDS, LES, LFS, LGS, LSS: `SEGMENT_INDEX` (not CS), selector. All modes. */
  loadSegment: { parameters: ['i32', 'i32'], result: 'none', mayFault: true, readsRegisters: false, writesRegisters: false },
  /** MOV and POP to a segment register: as `loadSegment`; CS is #UD; SS sets `interruptShadow`. */
  moveSegment: { parameters: ['i32', 'i32'], result: 'none', mayFault: true, readsRegisters: false, writesRegisters: false },
  /** LLDT: selector. */
  loadLdt: { parameters: ['i32'], result: 'none', mayFault: true, readsRegisters: false, writesRegisters: false },
  /** LTR: selector. */
  loadTaskRegister: { parameters: ['i32'], result: 'none', mayFault: true, readsRegisters: false, writesRegisters: false },
  /** LGDT: limit, base (already cut to 24 bits for a 16-bit operand). #GP(0) for a non-canonical base. */
  loadGdt: { parameters: ['i32', 'i64'], result: 'none', mayFault: true, readsRegisters: false, writesRegisters: false },
  /** LIDT: as `loadGdt`. */
  loadIdt: { parameters: ['i32', 'i64'], result: 'none', mayFault: true, readsRegisters: false, writesRegisters: false },

  // Questions about selectors. Bit 32 of a 64-bit result is the new ZF.

  /** LAR: selector. Low half: access rights (00F0FF00h mask applied); cut to 16 bits for a 16-bit operand. */
  loadAccessRights: { parameters: ['i32'], result: 'i64', mayFault: true, readsRegisters: false, writesRegisters: false },
  /** LSL: selector. Low half: byte-granular limit. */
  loadSegmentLimit: { parameters: ['i32'], result: 'i64', mayFault: true, readsRegisters: false, writesRegisters: false },
  /** VERR: selector. 1: ZF = 1. */
  verifyRead: { parameters: ['i32'], result: 'i32', mayFault: true, readsRegisters: false, writesRegisters: false },
  /** VERW: selector. */
  verifyWrite: { parameters: ['i32'], result: 'i32', mayFault: true, readsRegisters: false, writesRegisters: false },

  // Far transfers, in all modes. `next` is the offset of the next instruction in CS.

  /** JMP far, direct or indirect: selector, offset (zero-extended), operand size in bits, next. */
  farJump: { parameters: ['i32', 'i64', 'i32', 'i64'], result: 'none', mayFault: true, readsRegisters: true, writesRegisters: true, endsBlock: 'rip' },
  /** CALL far: as `farJump`. */
  farCall: { parameters: ['i32', 'i64', 'i32', 'i64'], result: 'none', mayFault: true, readsRegisters: true, writesRegisters: true, endsBlock: 'rip' },
  /** RETF, RETF imm16: operand size, bytes to release. */
  farReturn: { parameters: ['i32', 'i32'], result: 'none', mayFault: true, readsRegisters: true, writesRegisters: true, endsBlock: 'rip' },
  /** IRET: operand size, next (saved in the TSS when NT leads back to another task). */
  interruptReturn: { parameters: ['i32', 'i64'], result: 'none', mayFault: true, readsRegisters: true, writesRegisters: true, endsBlock: 'rip' },
  /** INT n, INT3, INTO with OF = 1, ICEBP: vector, `INTERRUPT_KIND`, next. */
  softwareInterrupt: { parameters: ['i32', 'i32', 'i64'], result: 'none', mayFault: true, readsRegisters: true, writesRegisters: true, endsBlock: 'rip' },
  /** SYSENTER. */
  fastEnter: { parameters: [], result: 'none', mayFault: true, readsRegisters: true, writesRegisters: true, endsBlock: 'rip' },
  /** SYSEXIT: operand size (64 with REX.W). */
  fastExit: { parameters: ['i32'], result: 'none', mayFault: true, readsRegisters: true, writesRegisters: true, endsBlock: 'rip' },
  /** SYSCALL: next. */
  systemCall: { parameters: ['i64'], result: 'none', mayFault: true, readsRegisters: true, writesRegisters: true, endsBlock: 'rip' },
  /** SYSRET: operand size (64 with REX.W). */
  systemReturn: { parameters: ['i32'], result: 'none', mayFault: true, readsRegisters: true, writesRegisters: true, endsBlock: 'rip' },

  // Flags. Complete for every mode; generated code may do the easy case (CPL <= IOPL) by itself.

  /** CLI, also with VME and PVI. */
  clearInterruptFlag: { parameters: [], result: 'none', mayFault: true, readsRegisters: true, writesRegisters: true },
  /** STI; to be followed by `endBlock('shadow')`. */
  setInterruptFlag: { parameters: [], result: 'none', mayFault: true, readsRegisters: true, writesRegisters: true },
  /** PUSHF: operand size. The image to push: RF and VM clear, VME applied; #GP(0) for virtual-8086 with IOPL < 3. */
  pushedFlags: { parameters: ['i32'], result: 'i32', mayFault: true, readsRegisters: true, writesRegisters: false },
  /** POPF: image, operand size. To be followed by the write of RSP and `endBlock('lookup')`. */
  popFlags: { parameters: ['i32', 'i32'], result: 'none', mayFault: true, readsRegisters: true, writesRegisters: true },

  // System registers.

  /** MOV r, CRn: n. #UD for registers that do not exist. */
  readControl: { parameters: ['i32'], result: 'i64', mayFault: true, readsRegisters: false, writesRegisters: false },
  /** MOV CRn, r: n, value. */
  writeControl: { parameters: ['i32', 'i64'], result: 'none', mayFault: true, readsRegisters: false, writesRegisters: false, endsBlock: 'next' },
  /** LMSW: low 16 bits of CR0; sets but never clears PE. */
  loadMachineStatus: { parameters: ['i32'], result: 'none', mayFault: true, readsRegisters: false, writesRegisters: false, endsBlock: 'next' },
  /** CLTS. */
  clearTaskSwitched: { parameters: [], result: 'none', mayFault: false, readsRegisters: false, writesRegisters: false, endsBlock: 'next' },
  /** MOV r, DRn: n. DR4 and DR5 mean DR6 and DR7, or #UD with CR4.DE; #DB with DR7.GD. */
  readDebug: { parameters: ['i32'], result: 'i64', mayFault: true, readsRegisters: false, writesRegisters: false },
  /** MOV DRn, r: n, value. */
  writeDebug: { parameters: ['i32', 'i64'], result: 'none', mayFault: true, readsRegisters: false, writesRegisters: false, endsBlock: 'next' },
  /** RDMSR: ECX to EDX:EAX. */
  readMsr: { parameters: [], result: 'none', mayFault: true, readsRegisters: true, writesRegisters: true },
  /** WRMSR: ECX, EDX:EAX. */
  writeMsr: { parameters: [], result: 'none', mayFault: true, readsRegisters: true, writesRegisters: false, endsBlock: 'next' },
  /** RDTSC, RDTSCP: the counter; #GP(0) with CR4.TSD outside CPL 0. */
  readTimestamp: { parameters: [], result: 'i64', mayFault: true, readsRegisters: false, writesRegisters: false, readsTime: true },
  /** RDPMC: ECX to EDX:EAX. */
  readPerformanceCounter: { parameters: [], result: 'none', mayFault: true, readsRegisters: true, writesRegisters: true },
  /** CPUID: EAX, ECX to EAX, EBX, ECX, EDX. */
  identify: { parameters: [], result: 'none', mayFault: false, readsRegisters: true, writesRegisters: true },
  /** INVLPG: linear address (segment base added, sign-extended canonical in 64-bit code). */
  invalidatePage: { parameters: ['i64'], result: 'none', mayFault: false, readsRegisters: false, writesRegisters: false, endsBlock: 'next' },

  // Ports.

  /** IN: port (16 bits), width in bytes. Checks IOPL and the TSS bitmap first. */
  portIn: { parameters: ['i32', 'i32'], result: 'i32', mayFault: true, readsRegisters: false, writesRegisters: false },
  /** OUT: port, width in bytes, value. */
  portOut: { parameters: ['i32', 'i32', 'i32'], result: 'none', mayFault: true, readsRegisters: false, writesRegisters: false },
  /** The permission check alone, for INS and OUTS, which make it before they touch memory: port, width in bytes. */
  checkPort: { parameters: ['i32', 'i32'], result: 'none', mayFault: true, readsRegisters: false, writesRegisters: false },

  // Division of 128 by 64 bits: high, low, divisor. Quotient in scratch[0], remainder in scratch[1]; #DE.

  /** DIV r/m64. */
  divideWide: { parameters: ['i64', 'i64', 'i64'], result: 'i64', mayFault: true, readsRegisters: false, writesRegisters: false },
  /** IDIV r/m64. */
  divideWideSigned: { parameters: ['i64', 'i64', 'i64'], result: 'i64', mayFault: true, readsRegisters: false, writesRegisters: false },
} as const satisfies Record<string, HelperDeclaration>;
