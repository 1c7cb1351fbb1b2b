// Declarations of the system helpers: segments, transfers, control registers, ports, identification.

import type { HelperDeclaration } from './declarations.ts';

export const SYSTEM_HELPERS = {
  /** IN: port (16 bits), width in bytes. Checks IOPL and the TSS bitmap first. */
  portIn: { parameters: ['i32', 'i32'], result: 'i32', mayFault: true, readsRegisters: false, writesRegisters: false },
  /** OUT: port, width in bytes, value. */
  portOut: { parameters: ['i32', 'i32', 'i32'], result: 'none', mayFault: true, readsRegisters: false, writesRegisters: false },
} as const satisfies Record<string, HelperDeclaration>;
