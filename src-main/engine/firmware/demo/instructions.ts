// The instructions of the demo that the firmware's assembler has no methods for: moves between registers and variables,
// and arithmetic. Variables are labels in the data segment.
// Reference: Intel SDM vol. 2, appendix B (formats and encodings).

import { type Assembler, R16, type Reg16 } from '../bios/rom/assembler.ts';

const ARITHMETIC = { add: 0, or: 1, and: 4, sub: 5, xor: 6, cmp: 7 } as const;
export type Arithmetic = keyof typeof ARITHMETIC;
/** ModR/M: a register and a 16-bit address. */
const DIRECT = 0x06;

/** mov register, [variable] */
export function load(a: Assembler, register: Reg16, variable: string): void {
  a.db(0x8b, (R16[register] << 3) | DIRECT).dwLabel(variable);
}

/** mov [variable], register */
export function store(a: Assembler, variable: string, register: Reg16): void {
  a.db(0x89, (R16[register] << 3) | DIRECT).dwLabel(variable);
}

/** mov word [variable], value */
export function set(a: Assembler, variable: string, value: number): void {
  a.db(0xc7, DIRECT).dwLabel(variable).dw(value);
}

/** add/cmp/... register, value */
export function immediate(a: Assembler, operation: Arithmetic, register: Reg16, value: number): void {
  a.db(0x81, 0xc0 | (ARITHMETIC[operation] << 3) | R16[register]).dw(value);
}

/** add/cmp/... register, other */
export function between(a: Assembler, operation: Arithmetic, register: Reg16, other: Reg16): void {
  a.db((ARITHMETIC[operation] << 3) | 1, 0xc0 | (R16[other] << 3) | R16[register]);
}

/** add/cmp/... register, [variable] */
export function withVariable(a: Assembler, operation: Arithmetic, register: Reg16, variable: string): void {
  a.db((ARITHMETIC[operation] << 3) | 3, (R16[register] << 3) | DIRECT).dwLabel(variable);
}

/** shl/shr register, count */
export function shift(a: Assembler, direction: 'left' | 'right', register: Reg16, count: number): void {
  a.db(0xc1, (direction === 'left' ? 0xe0 : 0xe8) | R16[register], count);
}

export const increment = (a: Assembler, register: Reg16): Assembler => a.db(0x40 + R16[register]);
export const decrement = (a: Assembler, register: Reg16): Assembler => a.db(0x48 + R16[register]);
export const lodsb = (a: Assembler): Assembler => a.db(0xac);
export const stosb = (a: Assembler): Assembler => a.db(0xaa);
export const stosw = (a: Assembler): Assembler => a.db(0xab);
/** al = ds:[bx + al] */
export const xlat = (a: Assembler): Assembler => a.db(0xd7);
export const repMovsw = (a: Assembler): Assembler => a.db(0xf3, 0xa5);
export const repStosw = (a: Assembler): Assembler => a.db(0xf3, 0xab);
/** cmp al, value */
export const cmpAl = (a: Assembler, value: number): Assembler => a.db(0x3c, value);
/** cmp ah, value */
export const cmpAh = (a: Assembler, value: number): Assembler => a.db(0x80, 0xfc, value);
export const orAlAl = (a: Assembler): Assembler => a.db(0x08, 0xc0);

/** Segment register by way of AX. */
export function segment(a: Assembler, register: 'ds' | 'es', value: number): void {
  a.movImmediate('ax', value).movToSegment(register, 'ax');
}
