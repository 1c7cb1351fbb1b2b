// SYSCALL and SYSRET have a short way for what kernels do all the time. It must leave everything as the helpers do, which
// an armed breakpoint calls for (single steps are cases of their own); and regions must take it without coming back to the run loop.
// Reference: Intel SDM vol. 2B SYSCALL, SYSRET.

import { describe, expect, it } from 'vitest';
import { EFLAGS_RF } from '../../src-main/engine/x86/state/control-bits.ts';
import { CPU_FIELDS, type CpuFieldName, GPR_INDEX, MODE_STEP } from '../../src-main/engine/x86/state/cpu-state.ts';
import { FlatGuest } from '../support/flat-guest.ts';

const KERNEL = 0x9000;
const USER = 0x8000;
const { rcx, r11 } = GPR_INDEX;
/** The engine's own, and what differs for the breakpoint's sake. */
const NOT_COMPARED: ReadonlySet<CpuFieldName> = new Set([
  'regionStart', 'regionRemaining', 'leftFlags', 'flagOperands',
  'mode', 'dr', 'codeBase', 'currentRecord', 'retired', 'retireLimit', 'attention', 'exitReason', 'scratch', 'flagResult',
  'flagAux', 'xmm',
]);

interface Setting {
  readonly sfmask: number;
  readonly star: bigint;
  /** Before SYSCALL, and in R11 before SYSRET. */
  readonly flags: number;
  readonly target?: bigint;
  readonly efer?: number;
}

const USUAL: Setting = { sfmask: 0x257fd5, star: 0x0023_0010n << 32n, flags: 0x246 };
const SETTINGS: readonly Setting[] = [
  USUAL,
  { ...USUAL, sfmask: 0, flags: 0x8d7 },
  { ...USUAL, sfmask: 0x40, flags: 0x24cd7 },
  { ...USUAL, star: 0xffff_fffbn << 32n },
  { ...USUAL, flags: 0x40202 },
  { ...USUAL, flags: 0x10002 },
  { ...USUAL, flags: 0x3f7fd7 & ~0x30100 },
  { ...USUAL, target: 0x8000_0000_0000n },
  { ...USUAL, target: 0xffff_8000_0000_0000n },
  { ...USUAL, efer: 0x500 },
];

/** Of one instruction at CPL 0 (SYSRET) or 3, by the short way or not. */
function outcome(code: readonly number[], cpl: 0 | 3, setting: Setting, isTraced: boolean): Record<string, unknown> {
  const guest = new FlatGuest({ bits: 64, model: 'x86-64-v2' });
  const { machine } = guest;
  const { cpu } = machine;
  machine.memory.set(code, USER);
  cpu.setHalves('efer', setting.efer ?? 0x501, 0);
  cpu.set64('star', setting.star);
  cpu.set64('sfmask', BigInt(setting.sfmask));
  cpu.setHalves('lstar', KERNEL, 0);
  cpu.set64('gpr', setting.target ?? 0x1234_5678_9abcn, rcx);
  cpu.set64('gpr', BigInt(setting.flags) | (0xdead_beefn << 32n), r11);
  cpu.setHalves('rip', USER, 0);
  cpu.set32('cpl', cpl);
  cpu.setHalves('cr0', cpu.low('cr0') | 0x4_0000, 0);
  // RF would be spent on the traced instruction.
  cpu.writeFlags(cpl === 3 ? setting.flags & ~EFLAGS_RF : 2);
  // Armed for an address that is never reached.
  if (isTraced) cpu.setHalves('dr', 0x401, 0, 7);
  cpu.updateMode();
  machine.engine.takeUserCode();
  machine.step();
  const fields = (Object.keys(CPU_FIELDS) as CpuFieldName[]).filter((name) => !NOT_COMPARED.has(name));
  const values = fields.map((name) => {
    const { bits, count } = CPU_FIELDS[name];
    return [name, Array.from({ length: count }, (_, i) => [cpu.low(name, i), bits === 64 ? cpu.high(name, i) : 0]).flat()];
  });
  const mode = cpu.get32('mode') & ~MODE_STEP;
  return { ...Object.fromEntries(values), mode, flags: cpu.readFlags(), user: machine.engine.takeUserCode() };
}

describe.each(SETTINGS)('with $sfmask, $star, $flags', (setting) => {
  it.each([
    ['SYSCALL', [0x0f, 0x05], 3],
    ['SYSCALL', [0x0f, 0x05], 0],
    ['SYSRET', [0x48, 0x0f, 0x07], 0],
    ['SYSRET', [0x0f, 0x07], 0],
    ['SYSRET', [0x48, 0x0f, 0x07], 3],
  ] as const)('%s %j at CPL %i', (_name, code, cpl) => {
    expect(outcome(code, cpl, setting, false)).toEqual(outcome(code, cpl, setting, true));
  });
});

it.each(['interp', 'jit'] as const)('%s goes to and fro without the run loop', (accel) => {
  const ROUNDS = 1000;
  const guest = new FlatGuest({ bits: 64, accel });
  const { cpu, memory, engine } = guest.machine;
  cpu.setHalves('efer', 0x501, 0);
  cpu.set64('star', USUAL.star);
  cpu.setHalves('lstar', KERNEL, 0);
  // dec esi; jz out; sysretq; out: hlt
  memory.set([0xff, 0xce, 0x74, 0x03, 0x48, 0x0f, 0x07, 0xf4], KERNEL);
  // mov esi, ROUNDS; again: inc eax; syscall; jmp again
  guest.run(`be${ROUNDS.toString(16).padStart(4, '0').replace(/(..)(..)/, '$2$1')}0000 ffc0 0f05 ebfa`);
  expect(cpu.low('gpr', GPR_INDEX.rax)).toBe(ROUNDS);
  expect(engine.stats.counters['slowSteps']).toBeLessThan(ROUNDS / 10);
  expect(engine.stats.counters['lookups']).toBeLessThan(ROUNDS / 10);
});
