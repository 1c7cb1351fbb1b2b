// The CPU state block: every architectural and hidden register of one virtual CPU as a field of linear
// memory. One table gives offsets to generated code, typed access to TypeScript and names to snapshots.
// Reference: Intel SDM vol. 1 chapter 3, vol. 3A chapter 2 (system registers), 3.4.3 (segment caches).

/** A field's storage: width in bits and how many of them stand in a row. */
export interface StateField {
  readonly offset: number;
  readonly bits: 32 | 64 | 128;
  readonly count: number;
  /** Bytes from one element to the next. */
  readonly stride: number;
}

const field = (offset: number, bits: 32 | 64 | 128, count = 1, stride = bits / 8): StateField => ({
  offset,
  bits,
  count,
  stride,
});

/** Bytes between two elements of the segment cache. */
export const SEGMENT_STRIDE = 0x20;

/**
 * Byte offsets inside the CPU block. Generated code addresses them as `block + offset`.
 *
 * Segment caches stand in the order of `SEGMENT_INDEX`. A cache holds the selector, the access rights as
 * bytes 5 and 6 of a descriptor (bits 0-7 type, S, DPL, P; bits 12-15 AVL, L, D/B, G), base, byte-granular
 * limit, and two derived words for generated code: `readTop` and `writeTop`, the number of bytes from
 * offset 0 that may be read or written without a fault. They are 0 for a null, expand-down, unreadable or
 * unwritable segment, whose accesses then take the checked slow path.
 */
export const CPU_FIELDS = {
  /** RAX RCX RDX RBX RSP RBP RSI RDI R8-R15. A 32-bit write clears the upper half in every mode. */
  gpr: field(0x000, 64, 16),
  /** Always zero: what an absent base or index register reads. */
  zero: field(0x080, 64),
  rip: field(0x088, 64),
  /** Last result, sign-extended to 64 bits: ZF is `== 0`, SF its top bit, PF the parity of its low byte. */
  flagResult: field(0x090, 64),
  /**
   * CF (bit 0), AF (bit 4) and OF (bit 11) in their EFLAGS places, the other EFLAGS bits zero. Bits 16-23
   * are xored into the low byte of `flagResult` before PF's parity is taken, bit 24 is xored into SF.
   */
  flagAux: field(0x098, 32),
  /** The remaining EFLAGS bits in place: TF IF DF IOPL NT RF VM AC VIF VIP ID, and bit 1 always set. */
  flagRest: field(0x09c, 32),
  /** 64-bit values on their way to and from helpers. */
  scratch: field(0x0a0, 64, 8),

  segmentSelector: field(0x100, 32, 8, SEGMENT_STRIDE),
  segmentAccess: field(0x104, 32, 8, SEGMENT_STRIDE),
  segmentBase: field(0x108, 64, 8, SEGMENT_STRIDE),
  segmentReadTop: field(0x110, 64, 8, SEGMENT_STRIDE),
  segmentWriteTop: field(0x118, 64, 8, SEGMENT_STRIDE),
  segmentLimit: field(0x200, 32, 8),
  gdtrBase: field(0x220, 64),
  idtrBase: field(0x228, 64),
  gdtrLimit: field(0x230, 32),
  idtrLimit: field(0x234, 32),

  cr0: field(0x240, 64),
  cr2: field(0x248, 64),
  cr3: field(0x250, 64),
  cr4: field(0x258, 64),
  cr8: field(0x260, 64),
  efer: field(0x268, 64),
  dr: field(0x270, 64, 8),
  star: field(0x2b0, 64),
  lstar: field(0x2b8, 64),
  cstar: field(0x2c0, 64),
  sfmask: field(0x2c8, 64),
  kernelGsBase: field(0x2d0, 64),
  sysenterCs: field(0x2d8, 64),
  sysenterEsp: field(0x2e0, 64),
  sysenterEip: field(0x2e8, 64),
  pat: field(0x2f0, 64),
  tscOffset: field(0x2f8, 64),
  apicBase: field(0x300, 64),
  tscAux: field(0x308, 64),
  miscEnable: field(0x310, 64),
  mtrrDefType: field(0x318, 64),
  mtrrVariable: field(0x320, 64, 16),
  mtrrFixed: field(0x3a0, 64, 11),
  xcr0: field(0x3f8, 64),

  /** XMM0-XMM15; the stride leaves room for 256-bit registers. */
  xmm: field(0x400, 128, 16, 32),
  /** Physical x87 registers R0-R7 (not ST order): significand; MMi is the significand of Ri. */
  fprSignificand: field(0x600, 64, 8, 16),
  /** Sign (bit 15) and exponent (bits 0-14) of R0-R7. */
  fprExponent: field(0x608, 32, 8, 16),
  fcw: field(0x680, 32),
  /** Status word without TOP. */
  fsw: field(0x684, 32),
  /** TOP, 0-7. */
  ftop: field(0x688, 32),
  /** Abridged tag word as in FXSAVE: bit i set means Ri is not empty. */
  ftag: field(0x68c, 32),
  fop: field(0x690, 32),
  fcs: field(0x694, 32),
  fds: field(0x698, 32),
  mxcsr: field(0x69c, 32),
  fip: field(0x6a0, 64),
  fdp: field(0x6a8, 64),

  /** `MODE_*` bits: what decoding and generated code depend on. Maintained by `updateMode`. */
  mode: field(0x700, 32),
  cpl: field(0x704, 32),
  /** `EXIT_*`: why generated code returned. */
  exitReason: field(0x708, 32),
  /** Exception to deliver after `EXIT_FAULT`, its error code (-1: none). CR2 is already set for #PF. */
  faultVector: field(0x70c, 32),
  faultError: field(0x710, 32),
  /** Non-zero: no interrupt before the next instruction has ended (STI; `SHADOW_OF_STACK`: MOV SS, POP SS). */
  interruptShadow: field(0x714, 32),
  /** Bits of DR6 to be raised as #DB when the instruction ends, and what `debug-register.ts` notes beside them. */
  pendingDebug: field(0x718, 32),
  /** INTR is asserted or an NMI waits: with it set, an instruction that sets IF returns to the run loop. Kept by the engine. */
  interruptPending: field(0x71c, 32),
  /** Linear address space bias of the records now running: rip of an instruction is this plus its page offset. */
  codeBase: field(0x720, 64),
  /** Decoded record being executed, for precise rip at a fault; 0 behind a region. */
  currentRecord: field(0x728, 32),
  /** Byte addresses of the TLB tables for data reads and writes at the current privilege. */
  tlbRead: field(0x72c, 32),
  tlbWrite: field(0x730, 32),
  /** Non-zero from the delivery of an NMI to the next IRET: further ones wait. */
  nmiBlocked: field(0x734, 32),
  /** Instructions retired, and the count at which generated code must return. */
  retired: field(0x738, 64),
  retireLimit: field(0x740, 64),
  /** PAE page-directory-pointer entries, as loaded with CR3 (SDM vol. 3A 4.4.1). */
  pdpte: field(0x748, 64, 4),
  debugCtl: field(0x768, 64),
  mcgStatus: field(0x770, 64),
  /** CPL 3 was entered; cleared by whoever asks. */
  ranUserCode: field(0x778, 32),
  /** What `tlbRead` and `tlbWrite` are at CPL 0, then what they are at CPL 3. */
  tlbTables: field(0x7a0, 32, 4),
  /** Written by other threads: non-zero asks generated code to return at the next block or back-edge. */
  attention: field(0x780, 32),
  /** Offset in CS at which the last region was entered, and with how many instructions to `retireLimit`, signed, it was left. */
  regionStart: field(0x7c0, 64),
  regionRemaining: field(0x7c8, 32),
  /** What regions have left of flags: `emit/left-flags.ts`. Outside of them `flagResult` and `flagAux` are up to date. */
  leftFlags: field(0x7cc, 32),
  flagOperands: field(0x7d0, 64, 2),
} as const satisfies Record<string, StateField>;

export type CpuFieldName = keyof typeof CPU_FIELDS;

/** Bits 64 to 127 of a field of 128, as a field of their own. */
export const upperHalf = (name: CpuFieldName): StateField => ({ ...CPU_FIELDS[name], offset: CPU_FIELDS[name].offset + 8, bits: 64 });

/** Bytes of a CPU block. */
export const CPU_BLOCK_SIZE = 0x1000;

export const GPR_INDEX = {
  rax: 0, rcx: 1, rdx: 2, rbx: 3, rsp: 4, rbp: 5, rsi: 6, rdi: 7,
  r8: 8, r9: 9, r10: 10, r11: 11, r12: 12, r13: 13, r14: 14, r15: 15,
} as const;
export type GprName = keyof typeof GPR_INDEX;

export const SEGMENT_INDEX = { es: 0, cs: 1, ss: 2, ds: 3, fs: 4, gs: 5, ldtr: 6, tr: 7 } as const;
export type SegmentName = 'es' | 'cs' | 'ss' | 'ds' | 'fs' | 'gs';

/** Value of `interruptShadow` behind MOV SS and POP SS, which hold debug traps back as well. */
export const SHADOW_OF_STACK = 2;

/** Mode word: the part of the CPU state that decoding and generated code are specialised on. */
export const MODE_PROTECTED = 1 << 0;
/** CS.L in long mode: 64-bit code. */
export const MODE_LONG64 = 1 << 1;
/** CS.D: default operand and address size 32. */
export const MODE_CODE32 = 1 << 2;
/** SS.B: 32-bit stack pointer (ignored in 64-bit code, where it is 64). */
export const MODE_STACK32 = 1 << 3;
/** EFLAGS.VM. */
export const MODE_VM86 = 1 << 4;
/** EFER.LMA: paging structures and descriptor tables are long-mode ones, also in compatibility code. */
export const MODE_LONG = 1 << 5;
/** CPL 3. */
export const MODE_USER = 1 << 6;
/** CS is flat: base 0, limit 4 GiB. */
export const MODE_FLAT_CS = 1 << 7;
/** SS, DS and ES are flat and writable: no base to add, no limit to check. */
export const MODE_FLAT_DATA = 1 << 8;
/** x87 and MMX instructions do not fault: CR0.EM = 0, CR0.TS = 0. */
export const MODE_FPU = 1 << 9;
/** SSE instructions do not fault: CR4.OSFXSR = 1, CR0.EM = 0, CR0.TS = 0. */
export const MODE_SSE = 1 << 10;
/** Alignment checks are on: CR0.AM, EFLAGS.AC and CPL 3. */
export const MODE_ALIGN = 1 << 11;
/** EFLAGS.TF or an armed data or I/O breakpoint: one instruction at a time. Above the bits that regions are compiled for. */
export const MODE_STEP = 1 << 12;

/** Why generated code came back to the run loop; 0 means it did not. */
export const EXIT_NONE = 0;
/** `faultVector` and `faultError` are set; rip is that of the faulting instruction. */
export const EXIT_FAULT = 1;
/** rip is set; continue there after looking at mode, interrupts and invalidated code. */
export const EXIT_LOOKUP = 2;
/** HLT retired; rip is the next instruction. */
export const EXIT_HALT = 3;
/** The attention word or the retire limit; rip is the next instruction. */
export const EXIT_ATTENTION = 4;
/** Shutdown: triple fault or a reset asked for by the instruction. */
export const EXIT_SHUTDOWN = 5;
/** A block's counter reached the compile threshold; rip is its first instruction. */
export const EXIT_HOT = 6;
/** A region left for the interpreter to carry out the instruction at rip. */
export const EXIT_SLOW = 7;
