// Delivery of interrupts and exceptions, with stack switches and error codes (Intel SDM vol. 3, chapter 6).

import { describe, expect, it } from 'vitest';
import {
  CODE0, CODE3, CODE64, CODE64_USER, DATA0, DATA3, FREE, longCpu, protectedCpu, selectorOf, setDescriptor, setVector,
  STACK, STACK0, stackWords, TSS, TSS_SELECTOR, virtualCpu,
} from '../../../support/descriptor-tables.ts';
import { FakeCpu } from '../../../support/fake-cpu.ts';
import { SEGMENT_INDEX } from '../../../../src-main/engine/x86/state/cpu-state.ts';
import {
  deliverException, deliverInterrupt, makesDoubleFault,
} from '../../../../src-main/engine/x86/helpers/exception.ts';
import { softwareInterrupt } from '../../../../src-main/engine/x86/helpers/software-interrupt.ts';
import { INTERRUPT_KIND } from '../../../../src-main/engine/x86/helpers/system.table.ts';

const { cs, ss, ds, es, fs, gs } = SEGMENT_INDEX;
const INT_GATE = 14;
const TRAP_GATE = 15;
const rsp = (cpu: FakeCpu): number => cpu.low('gpr', 4);

function int(cpu: FakeCpu, vector: number, kind: number = INTERRUPT_KIND.intN): number {
  cpu.setHalves('scratch', 0x5002, 0, 2);
  return softwareInterrupt(cpu, vector, kind);
}

describe('real mode', () => {
  it('pushes FLAGS, CS and IP and goes through the vector table', () => {
    const cpu = new FakeCpu();
    cpu.view.setUint32(0x21 * 4, 0x12345678, true);
    cpu.set32('idtrLimit', 0x3ff);
    cpu.setHalves('gpr', 0x8000, 0, 4);
    cpu.writeFlags(0x303);
    cpu.setHalves('scratch', 0xfff2, 0, 2);
    expect(softwareInterrupt(cpu, 0x21, INTERRUPT_KIND.intN)).toBe(0);
    expect(stackWords(cpu, 0x7ffa, 3, 2)).toEqual([0xfff2, 0xf000, 0x303]);
    expect(cpu.low('rip')).toBe(0x5678);
    expect(selectorOf(cpu, cs)).toBe(0x1234);
    expect(cpu.low('segmentBase', cs)).toBe(0x12340);
    expect(cpu.readFlags()).toBe(3);
    expect(rsp(cpu)).toBe(0x7ffa);
  });

  it('raises #GP beyond the table and shuts down when that has no entry either', () => {
    const cpu = new FakeCpu();
    cpu.set32('idtrLimit', 0x0f);
    expect(int(cpu, 0x21)).toBe(1);
    expect(cpu.takeFault()?.vector).toBe(13);
    expect(deliverException(cpu, 13, 0)).toBe('shutdown');
  });

  it('pushes no error code', () => {
    const cpu = new FakeCpu();
    cpu.view.setUint32(13 * 4, 0x00400010, true);
    cpu.set32('idtrLimit', 0x3ff);
    cpu.setHalves('gpr', 0x8000, 0, 4);
    expect(deliverException(cpu, 13, 0)).toBe('delivered');
    expect(rsp(cpu)).toBe(0x7ffa);
  });
});

describe('protected mode, same privilege', () => {
  it('pushes EFLAGS, CS, EIP and clears IF through an interrupt gate only', () => {
    for (const [type, flagsAfter] of [[INT_GATE, 2], [TRAP_GATE, 0x202]] as const) {
      const cpu = protectedCpu();
      setVector(cpu, 0x80, { type, selector: CODE0, offset: 0x12345678 });
      cpu.writeFlags(0x4302);
      expect(int(cpu, 0x80)).toBe(0);
      expect(stackWords(cpu, STACK - 12, 3)).toEqual([0x5002, CODE0, 0x4302]);
      expect(cpu.low('rip')).toBe(0x12345678);
      expect(cpu.readFlags()).toBe(flagsAfter);
      expect(rsp(cpu)).toBe(STACK - 12);
    }
  });

  it('pushes words through a 16-bit gate', () => {
    const cpu = protectedCpu();
    setVector(cpu, 0x80, { type: 6, selector: CODE0, offset: 0x12345678 });
    expect(int(cpu, 0x80)).toBe(0);
    expect(stackWords(cpu, STACK - 6, 3, 2)).toEqual([0x5002, CODE0, 2]);
    expect(cpu.low('rip')).toBe(0x5678);
  });

  it('pushes the error code of an exception and RF with a fault', () => {
    const cpu = protectedCpu();
    setVector(cpu, 13, { type: INT_GATE, selector: CODE0, offset: 0x700 });
    expect(deliverException(cpu, 13, 0x18)).toBe('delivered');
    expect(stackWords(cpu, STACK - 16, 4)).toEqual([0x18, 0x5000, CODE0, 0x10002]);
    expect(cpu.readFlags()).toBe(2);
  });

  it('does not push RF with a debug trap or an external interrupt, and clears GD for #DB', () => {
    const cpu = protectedCpu();
    cpu.setHalves('dr', 0x2400, 0, 7);
    for (const vector of [1, 0x30]) setVector(cpu, vector, { type: INT_GATE, selector: CODE0, offset: 0x700 });
    expect(deliverException(cpu, 1, -1)).toBe('delivered');
    expect(stackWords(cpu, STACK - 12, 3)).toEqual([0x5000, CODE0, 2]);
    expect(cpu.low('dr', 7)).toBe(0x400);
    expect(deliverInterrupt(cpu, 0x30)).toBe('delivered');
    expect(stackWords(cpu, STACK - 24, 3)).toEqual([0x700, CODE0, 2]);
  });
});

describe('protected mode, inner privilege', () => {
  it('switches to the stack of the TSS', () => {
    const cpu = protectedCpu(3);
    setVector(cpu, 0x80, { type: INT_GATE, dpl: 3, selector: CODE0, offset: 0x700 });
    expect(int(cpu, 0x80)).toBe(0);
    expect(stackWords(cpu, STACK0 - 20, 5)).toEqual([0x5002, CODE3, 2, STACK, DATA3]);
    expect([selectorOf(cpu, cs), selectorOf(cpu, ss), cpu.get32('cpl')]).toEqual([CODE0, DATA0, 0]);
    expect(rsp(cpu)).toBe(STACK0 - 20);
    expect(selectorOf(cpu, ds)).toBe(DATA3);
  });

  it('stays at CPL 3 through a gate to conforming code', () => {
    const cpu = protectedCpu(3);
    setDescriptor(cpu, FREE, { access: 0xc09f });
    setVector(cpu, 0x80, { type: INT_GATE, dpl: 3, selector: FREE, offset: 0x700 });
    expect(int(cpu, 0x80)).toBe(0);
    expect([selectorOf(cpu, cs), cpu.get32('cpl'), rsp(cpu)]).toEqual([FREE | 3, 3, STACK - 12]);
  });

  it('checks the gate privilege of INT n, INT3 and INTO but not of ICEBP and interrupts', () => {
    const cpu = protectedCpu(3);
    setVector(cpu, 1, { type: INT_GATE, selector: CODE0, offset: 0x700 });
    for (const kind of [INTERRUPT_KIND.intN, INTERRUPT_KIND.int3, INTERRUPT_KIND.into]) {
      expect(int(cpu, 1, kind)).toBe(1);
      expect(cpu.takeFault()).toEqual({ vector: 13, errorCode: 1 * 8 + 2 });
    }
    expect(int(cpu, 1, INTERRUPT_KIND.icebp)).toBe(0);
    expect(deliverInterrupt(protectedWith(cpu), 1)).toBe('delivered');
  });

  function protectedWith(source: FakeCpu): FakeCpu {
    const cpu = protectedCpu(3);
    cpu.memory.set(source.memory);
    return cpu;
  }
});

describe('error codes of gates', () => {
  const faultOf = (prepare: (cpu: FakeCpu) => void): unknown => {
    const cpu = protectedCpu(3);
    prepare(cpu);
    expect(int(cpu, 0x80)).toBe(1);
    expect([cpu.low('rip'), rsp(cpu), cpu.get32('cpl')]).toEqual([0x5000, STACK, 3]);
    return cpu.takeFault();
  };
  const gate = { type: INT_GATE, dpl: 3, selector: CODE0, offset: 0x700 };

  it('beyond the IDT, of a wrong type, not present: the vector with the IDT bit', () => {
    expect(faultOf((cpu) => cpu.set32('idtrLimit', 0x80 * 8 + 6))).toEqual({ vector: 13, errorCode: 0x402 });
    expect(faultOf((cpu) => setVector(cpu, 0x80, { ...gate, type: 12 }))).toEqual({ vector: 13, errorCode: 0x402 });
    expect(faultOf((cpu) => setVector(cpu, 0x80, { ...gate, present: false }))).toEqual({ vector: 11, errorCode: 0x402 });
  });

  it('of the code segment: null, outside, not code, less privileged, not present', () => {
    expect(faultOf((cpu) => setVector(cpu, 0x80, { ...gate, selector: 0 }))).toEqual({ vector: 13, errorCode: 0 });
    expect(faultOf((cpu) => setVector(cpu, 0x80, { ...gate, selector: 0x200 }))).toEqual({ vector: 13, errorCode: 0x200 });
    expect(faultOf((cpu) => setVector(cpu, 0x80, { ...gate, selector: DATA0 }))).toEqual({ vector: 13, errorCode: DATA0 });
    const absent = (cpu: FakeCpu): void => {
      setDescriptor(cpu, FREE, { access: 0xc01b });
      setVector(cpu, 0x80, { ...gate, selector: FREE });
    };
    expect(faultOf(absent)).toEqual({ vector: 11, errorCode: FREE });
    const cpu = protectedCpu(0);
    setVector(cpu, 0x80, { ...gate, selector: CODE3 });
    expect(int(cpu, 0x80)).toBe(1);
    expect(cpu.takeFault()).toEqual({ vector: 13, errorCode: 0x18 });
  });

  it('of the target beyond the limit', () => {
    expect(faultOf((cpu) => {
      setDescriptor(cpu, FREE, { access: 0x409b, limit: 0xfff });
      setVector(cpu, 0x80, { ...gate, selector: FREE, offset: 0x1000 });
    })).toEqual({ vector: 13, errorCode: 0 });
  });

  it('of the inner stack: TSS too short, null, wrong privilege, not present, no room', () => {
    const withStack = (selector: number, pointer = STACK0) => (cpu: FakeCpu) => {
      setVector(cpu, 0x80, gate);
      cpu.view.setUint32(TSS + 4, pointer, true);
      cpu.view.setUint32(TSS + 8, selector, true);
    };
    expect(faultOf((cpu) => {
      setVector(cpu, 0x80, gate);
      cpu.set32('segmentLimit', 8, SEGMENT_INDEX.tr);
    })).toEqual({ vector: 10, errorCode: TSS_SELECTOR });
    expect(faultOf(withStack(0))).toEqual({ vector: 10, errorCode: 0 });
    expect(faultOf(withStack(DATA3))).toEqual({ vector: 10, errorCode: 0x20 });
    expect(faultOf(withStack(CODE0))).toEqual({ vector: 10, errorCode: CODE0 });
    expect(faultOf((cpu) => {
      setDescriptor(cpu, FREE, { access: 0xc013 });
      withStack(FREE)(cpu);
    })).toEqual({ vector: 12, errorCode: FREE });
    expect(faultOf((cpu) => {
      setDescriptor(cpu, FREE, { access: 0x4093, limit: 0xfff });
      withStack(FREE, 0x10)(cpu);
    })).toEqual({ vector: 12, errorCode: FREE });
  });

  it('has EXT set for an external interrupt', () => {
    const cpu = protectedCpu();
    setVector(cpu, 0x30, { ...gate, present: false });
    setVector(cpu, 11, { ...gate });
    expect(deliverInterrupt(cpu, 0x30)).toBe('delivered');
    expect(stackWords(cpu, STACK - 16, 2)).toEqual([0x30 * 8 + 3, 0x5000]);
    expect(cpu.low('rip')).toBe(0x700);
  });
});

describe('double and triple faults', () => {
  it('follow table 6-5', () => {
    const contributory = [0, 10, 11, 12, 13];
    for (const first of [1, 3, 6, 7, 32, 255]) for (const second of [13, 14]) {
      expect(makesDoubleFault(first, second)).toBe(false);
    }
    for (const first of contributory) {
      for (const second of contributory) expect(makesDoubleFault(first, second)).toBe(true);
      expect(makesDoubleFault(first, 14)).toBe(false);
      expect(makesDoubleFault(14, first)).toBe(true);
    }
    expect(makesDoubleFault(14, 14)).toBe(true);
  });

  it('delivers the second of two serial exceptions with its own error code', () => {
    const cpu = protectedCpu();
    setVector(cpu, 13, { type: INT_GATE, selector: CODE0, offset: 0x700 });
    expect(deliverException(cpu, 6, -1)).toBe('delivered');
    expect(stackWords(cpu, STACK - 16, 2)).toEqual([6 * 8 + 3, 0x5000]);
  });

  it('delivers #DF with error code 0', () => {
    const cpu = protectedCpu();
    setVector(cpu, 8, { type: INT_GATE, selector: CODE0, offset: 0x800 });
    expect(deliverException(cpu, 13, 0)).toBe('delivered');
    expect(stackWords(cpu, STACK - 16, 3)).toEqual([0, 0x5000, CODE0]);
    expect(cpu.low('rip')).toBe(0x800);
  });

  it('shuts down when #DF cannot be delivered', () => {
    const cpu = protectedCpu();
    expect(deliverException(cpu, 13, 0)).toBe('shutdown');
    cpu.set32('idtrLimit', 0);
    expect(deliverException(cpu, 3, -1)).toBe('shutdown');
  });
});

describe('virtual-8086 mode', () => {
  it('enters a CPL 0 handler with all segments on its stack and null in the registers', () => {
    const cpu = virtualCpu(3);
    setVector(cpu, 0x30, { type: INT_GATE, selector: CODE0, offset: 0x700 });
    expect(deliverInterrupt(cpu, 0x30)).toBe('delivered');
    expect(stackWords(cpu, STACK0 - 36, 9)).toEqual([
      0, 0x800, 0x23002, 0x1000, 0x900, 0x700 + es, 0x700 + ds, 0x700 + fs, 0x700 + gs,
    ]);
    for (const index of [es, ds, fs, gs]) expect(selectorOf(cpu, index)).toBe(0);
    expect(cpu.readFlags() & 0x20000).toBe(0);
    expect(cpu.get32('cpl')).toBe(0);
  });

  it('refuses handlers that are not at CPL 0', () => {
    const cpu = virtualCpu(3);
    setVector(cpu, 0x80, { type: INT_GATE, dpl: 3, selector: CODE3, offset: 0x700 });
    expect(int(cpu, 0x80)).toBe(1);
    expect(cpu.takeFault()).toEqual({ vector: 13, errorCode: 0x18 });
  });

  it('traps INT n below IOPL 3, but not INT3', () => {
    const cpu = virtualCpu(0);
    for (const vector of [3, 0x80]) setVector(cpu, vector, { type: INT_GATE, dpl: 3, selector: CODE0, offset: 0x700 });
    expect(int(cpu, 0x80)).toBe(1);
    expect(cpu.takeFault()).toEqual({ vector: 13, errorCode: 0 });
    expect(int(cpu, 3, INTERRUPT_KIND.int3)).toBe(0);
  });

  it('with VME redirects INT n to the 8086 handler where the bitmap says so', () => {
    const cpu = virtualCpu(0);
    cpu.setHalves('cr4', 1, 0);
    cpu.set32('segmentLimit', 0xff, SEGMENT_INDEX.tr);
    cpu.view.setUint16(TSS + 0x66, 0x88, true);
    cpu.view.setUint8(TSS + 0x68 + 0x10, 0x02);
    cpu.view.setUint32(0x80 * 4, 0x0a000123, true);
    cpu.writeFlags(0xa0002);
    expect(int(cpu, 0x80)).toBe(0);
    expect(stackWords(cpu, 0x9000 + 0xffa, 3, 2)).toEqual([0x5002, 0x800, 0x3202]);
    expect([selectorOf(cpu, cs), cpu.low('rip')]).toEqual([0xa00, 0x123]);
    expect(cpu.readFlags()).toBe(0x20002);
    expect(int(cpu, 0x81)).toBe(1);
    expect(cpu.takeFault()).toEqual({ vector: 13, errorCode: 0 });
  });
});

describe('long mode', () => {
  const gate = { type: INT_GATE, dpl: 3, selector: CODE64, offset: 0x80000700, offsetHigh: 0xffffffff };

  it('aligns the stack and always pushes SS:RSP', () => {
    const cpu = longCpu();
    setVector(cpu, 0x80, gate);
    cpu.setHalves('gpr', STACK - 8, 0, 4);
    expect(int(cpu, 0x80)).toBe(0);
    expect(stackWords(cpu, STACK - 16 - 40, 5, 8)).toEqual([0x5002, CODE64, 2, STACK - 8, DATA0]);
    expect(cpu.get64('rip')).toBe(0xffffffff80000700n);
    expect(selectorOf(cpu, ss)).toBe(DATA0);
  });

  it('comes from user code with a null SS on RSP0', () => {
    const cpu = longCpu(3);
    setVector(cpu, 14, gate);
    expect(deliverException(cpu, 14, 6)).toBe('delivered');
    expect(stackWords(cpu, STACK0 - 48, 6, 8)).toEqual([6, 0x5000, CODE64_USER, 0x10002, STACK, DATA3]);
    expect([selectorOf(cpu, ss), cpu.get32('cpl'), rsp(cpu)]).toEqual([0, 0, STACK0 - 48]);
  });

  it('uses an IST stack also without a change of privilege', () => {
    const cpu = longCpu();
    setVector(cpu, 8, { ...gate, ist: 2 });
    cpu.view.setUint32(TSS + 0x2c, 0xb000, true);
    expect(deliverException(cpu, 8, 0)).toBe('delivered');
    expect(stackWords(cpu, 0xb000 - 48, 6, 8)).toEqual([0, 0x5000, CODE64, 2, STACK, DATA0]);
  });

  it('works with a stack at a negative address', () => {
    const cpu = longCpu(3);
    setVector(cpu, 0x80, gate);
    cpu.view.setUint32(TSS + 4, 0x80000000 + STACK0, true);
    cpu.view.setUint32(TSS + 8, 0xffffffff, true);
    expect(int(cpu, 0x80)).toBe(0);
    expect(cpu.get64('gpr', 4)).toBe(0xffffffff80000000n + BigInt(STACK0 - 40));
    expect(stackWords(cpu, STACK0 - 40, 5, 8)).toEqual([0x5002, CODE64_USER, 2, STACK, DATA3]);
  });

  it('wants 64-bit code, 64-bit gates and canonical addresses', () => {
    const faultOf = (change: object, prepare?: (cpu: FakeCpu) => void): unknown => {
      const cpu = longCpu(3);
      setVector(cpu, 0x80, { ...gate, ...change });
      prepare?.(cpu);
      expect(int(cpu, 0x80)).toBe(1);
      return cpu.takeFault();
    };
    expect(faultOf({ selector: CODE0 })).toEqual({ vector: 13, errorCode: CODE0 });
    expect(faultOf({ type: 6 })).toEqual({ vector: 13, errorCode: 0x402 });
    expect(faultOf({ type: 5 })).toEqual({ vector: 13, errorCode: 0x402 });
    expect(faultOf({ offsetHigh: 0x8000 })).toEqual({ vector: 13, errorCode: 0 });
    expect(faultOf({}, (cpu) => cpu.view.setUint32(TSS + 8, 0x8000, true))).toEqual({ vector: 12, errorCode: 0 });
  });
});
