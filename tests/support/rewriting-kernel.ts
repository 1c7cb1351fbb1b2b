// A kernel that rewrites one of its hot functions after the other, so that its machine always has regions to compile, and adds up
// what they return. Each byte that it receives on COM1 is answered with how many it has rewritten, and the sum.

import { code, tinyKernel } from './tiny-kernel.ts';

const PAGE = 0x1000;
/** A function for each page. */
export const COUNT = 32;
const FUNCTIONS = 0x20_0000;
const END = FUNCTIONS + COUNT * PAGE;
/** Steps of a function's loop: more than make it hot. */
const STEPS = 5000;

const dword = (value: number): number[] => [value, value >>> 8, value >>> 16, value >>> 24].map((byte) => byte & 0xff);

/** A jump on a condition back over `bytes`, which stand before it. */
const back = (condition: number, bytes: readonly number[]): number[] => [...bytes, 0x0f, 0x80 | condition, ...dword(-bytes.length - 6)];
const NOT_EQUAL = 5;

/** add edi, PAGE; cmp edi, END */
const nextFunction = [0x81, 0xc7, ...dword(PAGE), 0x81, 0xff, ...dword(END)];

/** mov edi, FUNCTIONS; to each of them: add ebx, 0; dec ecx; jnz; ret */
const write = [
  ...[0xbf, ...dword(FUNCTIONS)],
  ...back(NOT_EQUAL, [0xc7, 0x07, ...dword(0xc381), 0xc7, 0x47, 0x04, ...dword(0x7549_0000), 0xc7, 0x47, 0x08, ...dword(0xc3f7), ...nextFunction]),
];

/** inc esi; esi becomes the constant of the function at ebp; add ebp, PAGE; cmp ebp, END; jne over; mov ebp, FUNCTIONS */
const rewrite = [0x46, 0x89, 0x75, 0x02, 0x81, 0xc5, ...dword(PAGE), 0x81, 0xfd, ...dword(END), 0x75, 5, 0xbd, ...dword(FUNCTIONS)];

/** mov edi, FUNCTIONS; each of them: mov ecx, STEPS; call edi */
const callAll = [0xbf, ...dword(FUNCTIONS), ...back(NOT_EQUAL, [0xb9, ...dword(STEPS), 0xff, 0xd7, ...nextFunction])];

/** To COM1, in dx, as four bytes: mov eax, a register; out; three times shr and out. */
const send = (modrm: number): number[] => [0x89, modrm, 0xee, ...[0, 1, 2].flatMap(() => [0xc1, 0xe8, 0x08, 0xee])];
const [EBX, ESI] = [0xd8, 0xf0];

/** in al, 3fdh; test al, 1; jz over; in al, 3f8h */
const taken = [0x66, 0xba, 0xf8, 0x03, 0xec, ...send(ESI), ...send(EBX)];
const answer = [0x66, 0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, taken.length, ...taken];

/** One that rewrites nothing, and counts as if it did. */
export const stillKernel = (): Uint8Array => kernel([0x46]);
export const rewritingKernel = (): Uint8Array => kernel(rewrite);

function kernel(step: readonly number[]): Uint8Array {
  // mov esp, FUNCTIONS; mov ebp, esp; xor ebx, ebx; xor esi, esi
  const start = [0xbc, ...dword(FUNCTIONS), 0x89, 0xe5, 0x31, 0xdb, 0x31, 0xf6, ...write, ...code.print('>')];
  const round = [...step, ...callAll, ...answer];
  return tinyKernel([...start, ...round, 0xe9, ...dword(-round.length - 5)]);
}

/** What the sum is after so many rewritings. */
export function rightSum(rewritings: number): number {
  const constants = new Array<number>(COUNT).fill(0);
  let [sum, each] = [0, 0];
  for (let constant = 1; constant <= rewritings; constant++) {
    const place = (constant - 1) % COUNT;
    each += constant - (constants[place] as number);
    constants[place] = constant;
    sum = (sum + STEPS * each) % 0x1_0000_0000;
  }
  return sum;
}
