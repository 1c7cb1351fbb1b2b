// Stack and branch forms whose operand, address and stack sizes differ, on every machine that executes guest code.
// Reference: Intel SDM vol. 1, 6.2.3 and 6.2.5 (stack width); vol. 2 (PUSH, POP, ENTER, LEAVE, CALL, RET, LOOP).

import { describe, expect, it } from 'vitest';
import { SEGMENT_INDEX } from '../../src-main/engine/x86/state/cpu-state.ts';
import { ACCESS_REAL, setSegment } from '../../src-main/engine/x86/state/segments.ts';
import { MACHINES, type VectorMachine } from './vectors/machines.ts';
import { prepareRecorded, RAM_BYTES } from './vectors/recorded.ts';

const REGISTERS = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const;
type Registers = Partial<Record<(typeof REGISTERS)[number] | 'eip', number>>;

interface Case {
  readonly name: string;
  /** 32: flat 32-bit code and stack. 'small stack': 32-bit code, SS of 64 KiB at 100000h. 64: 64-bit code. */
  readonly mode: 32 | 'small stack' | 64;
  readonly code: string;
  readonly before: Registers;
  /** Little-endian words of 32 bits by address. */
  readonly memory?: Readonly<Record<number, number>>;
  readonly after: Registers;
  readonly stored?: Readonly<Record<number, number>>;
  /** #GP or #SS with the registers of `after`, apart from what its delivery pushes. */
  readonly fault?: number;
}

const CODE = 0x1000;
const SMALL_STACK = 0x100000;
const HANDLERS = 0x210000;

const CASES: readonly Case[] = [
  {
    name: 'POP [ESP] addresses with the ESP after the pop',
    mode: 32,
    code: '8f0424',
    before: { esp: 0x3000 },
    memory: { 12288: 0x11, 12292: 0x22 },
    after: { esp: 0x3004 },
    stored: { 12288: 0x11, 12292: 0x11 },
  },
  {
    name: 'POP [ESP+4]',
    mode: 32,
    code: '8f442404',
    before: { esp: 0x3000 },
    memory: { 12288: 0x77 },
    after: { esp: 0x3004 },
    stored: { 12296: 0x77 },
  },
  {
    name: 'PUSH [ESP+4] addresses with the ESP before the push',
    mode: 32,
    code: 'ff742404',
    before: { esp: 0x3000 },
    memory: { 12292: 0x99 },
    after: { esp: 0x2ffc },
    stored: { 12284: 0x99 },
  },
  {
    name: 'PUSH ESP pushes the old value',
    mode: 32,
    code: '54',
    before: { esp: 0x3000 },
    after: { esp: 0x2ffc },
    stored: { 12284: 0x3000 },
  },
  {
    name: 'POP ESP keeps the popped value',
    mode: 32,
    code: '5c',
    before: { esp: 0x3000 },
    memory: { 12288: 0x1234 },
    after: { esp: 0x1234 },
  },
  {
    name: 'POPA skips ESP',
    mode: 32,
    code: '61',
    before: { esp: 0x3000 },
    memory: { 12288: 1, 12292: 2, 12296: 3, 12300: 0xffff, 12304: 4, 12308: 5, 12312: 6, 12316: 7 },
    after: { edi: 1, esi: 2, ebp: 3, esp: 0x3020, ebx: 4, edx: 5, ecx: 6, eax: 7 },
  },
  {
    name: 'PUSHA stores the ESP of before',
    mode: 32,
    code: '60',
    before: { eax: 7, esp: 0x3020, edi: 1 },
    after: { eax: 7, edi: 1, esp: 0x3000 },
    stored: { 12316: 7, 12300: 0x3020, 12288: 1 },
  },
  {
    name: 'PUSH on a small stack wraps SP and keeps the upper half of ESP',
    mode: 'small stack',
    code: '50',
    before: { eax: 0xabcd1234, esp: 0x77770000 },
    after: { eax: 0xabcd1234, esp: 0x7777fffc },
    stored: { [SMALL_STACK + 0xfffc]: 0xabcd1234 },
  },
  {
    name: 'POP across the top of a small stack is #SS',
    mode: 'small stack',
    code: '58',
    before: { esp: 0x7777fffe },
    after: {},
    fault: 12,
  },
  {
    name: 'POP on a small stack',
    mode: 'small stack',
    code: '58',
    before: { esp: 0x7777fffc },
    memory: { [SMALL_STACK + 0xfffc]: 0x5a5a5a5a },
    after: { eax: 0x5a5a5a5a, esp: 0x77770000 },
  },
  {
    name: 'LEAVE takes SP from BP',
    mode: 'small stack',
    code: 'c9',
    before: { ebp: 0x55550100, esp: 0x77770010 },
    memory: { [SMALL_STACK + 0x100]: 0xcafe0001 },
    after: { ebp: 0xcafe0001, esp: 0x77770104 },
  },
  {
    name: 'ENTER on a small stack changes SP and BP',
    mode: 'small stack',
    code: 'c8100000',
    before: { ebp: 0x55550100, esp: 0x77770200 },
    after: { ebp: 0x555501fc, esp: 0x777701ec },
    stored: { [SMALL_STACK + 0x1fc]: 0x55550100 },
  },
  {
    name: 'ENTER copies the display',
    mode: 32,
    code: 'c8080003',
    before: { ebp: 0x4000, esp: 0x3000 },
    memory: { 16380: 0xa1, 16376: 0xa2 },
    after: { ebp: 0x2ffc, esp: 0x2fe8 },
    stored: { 12284: 0x4000, 12280: 0xa1, 12276: 0xa2, 12272: 0x2ffc },
  },
  {
    name: 'CALL of 16 bits cuts the target and pushes two bytes',
    mode: 32,
    code: '66e80010',
    before: { esp: 0x3000 },
    memory: { 12284: 0 },
    after: { esp: 0x2ffe, eip: CODE + 4 + 0x1000 },
    stored: { 12284: (CODE + 4) << 16 },
  },
  {
    name: 'RET releases arguments',
    mode: 32,
    code: 'c20800',
    before: { esp: 0x3000 },
    memory: { 12288: 0x1800 },
    after: { esp: 0x300c, eip: 0x1800 },
  },
  {
    name: 'RET of 16 bits on a small stack',
    mode: 'small stack',
    code: '66c20600',
    before: { esp: 0x77770100 },
    memory: { [SMALL_STACK + 0x100]: 0xffff1800 },
    after: { esp: 0x77770108, eip: 0x1800 },
  },
  {
    name: 'CALL through ESP reads the target before the push',
    mode: 32,
    code: 'ff1424',
    before: { esp: 0x3000 },
    memory: { 12288: 0x1800 },
    after: { esp: 0x2ffc, eip: 0x1800 },
    stored: { 12284: CODE + 3 },
  },
  {
    name: 'LOOP counts CX with a 16-bit address size',
    mode: 32,
    code: '67e210',
    before: { ecx: 0x10001 },
    after: { ecx: 0x10000, eip: CODE + 3 },
  },
  {
    name: 'LOOP counts ECX',
    mode: 32,
    code: 'e210',
    before: { ecx: 0x10001 },
    after: { ecx: 0x10000, eip: CODE + 0x12 },
  },
  {
    name: 'JCXZ tests CX with a 16-bit address size',
    mode: 32,
    code: '67e310',
    before: { ecx: 0x10000 },
    after: { ecx: 0x10000, eip: CODE + 0x13 },
  },
  {
    name: 'PUSH imm32 is sign-extended in 64-bit code',
    mode: 64,
    code: '68feffffff',
    before: { esp: 0x3000 },
    after: { esp: 0x2ff8 },
    stored: { 12280: 0xfffffffe, 12284: 0xffffffff },
  },
  {
    name: 'PUSH AX in 64-bit code pushes two bytes',
    mode: 64,
    code: '6650',
    before: { eax: 0x1234, esp: 0x3002 },
    after: { eax: 0x1234, esp: 0x3000 },
    stored: { 12288: 0x1234 },
  },
  {
    name: 'POP [RSP] in 64-bit code',
    mode: 64,
    code: '8f0424',
    before: { esp: 0x3000 },
    memory: { 12288: 5 },
    after: { esp: 0x3008 },
    stored: { 12296: 5 },
  },
  {
    name: 'CALL in 64-bit code ignores the operand size prefix',
    mode: 64,
    code: '66e800010000',
    before: { esp: 0x3000 },
    after: { esp: 0x2ff8, eip: CODE + 6 + 0x100 },
    stored: { 12280: CODE + 6, 12284: 0 },
  },
  {
    name: 'RET to a non-canonical address is #GP and keeps RSP',
    mode: 64,
    code: 'c3',
    before: { esp: 0x3000 },
    memory: { 12292: 0x00008000 },
    after: { esp: 0x3000 },
    fault: 13,
  },
];

function prepare(machine: VectorMachine, test: Case): void {
  const { cpu, memory } = machine;
  prepareRecorded(machine, test.mode === 64 ? 64 : 32);
  if (test.mode === 'small stack') {
    setSegment(cpu, SEGMENT_INDEX.ss, 16, ACCESS_REAL, SMALL_STACK, 0xffff);
    cpu.updateMode();
  }
  const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
  for (const [address, value] of Object.entries(test.memory ?? {}))
    view.setUint32(Number(address), value, true);
  // HLT everywhere a branch of these tests may lead.
  memory.fill(0xf4, CODE, 0x2100);
  memory.set(Buffer.from(test.code, 'hex'), CODE);
  REGISTERS.forEach((name, index) => {
    cpu.setHalves('gpr', test.before[name] ?? 0, 0, index);
  });
  cpu.setHalves('rip', CODE, 0);
}

function check(machine: VectorMachine, test: Case): void {
  const { cpu, memory } = machine;
  const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
  const expectedRip =
    test.fault === undefined ? (test.after.eip ?? CODE + test.code.length / 2) : HANDLERS + test.fault * 16;
  expect((cpu.low('rip') - 1).toString(16)).toBe(expectedRip.toString(16));
  REGISTERS.forEach((name, index) => {
    // Delivering the exception pushes; its frame starts from the ESP the instruction left alone.
    if (name === 'esp' && test.fault !== undefined) return;
    expect(`${name} ${cpu.low('gpr', index).toString(16)}`).toBe(
      `${name} ${(test.after[name] ?? 0).toString(16)}`,
    );
  });
  for (const [address, value] of Object.entries(test.stored ?? {})) {
    expect(view.getUint32(Number(address), true).toString(16)).toBe(value.toString(16));
  }
}

for (const kind of MACHINES) {
  describe(`stack and branch forms, ${kind.name}`, () => {
    for (const test of CASES) {
      it(test.name, () => {
        const machine = kind.create(RAM_BYTES, 'x86-64-v2');
        prepare(machine, test);
        expect(machine.runToHalt(10)).toBe(true);
        check(machine, test);
      });
    }
  });
}
