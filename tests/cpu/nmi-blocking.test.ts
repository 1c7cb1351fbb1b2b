// NMIs that come while the handler of one runs: they wait for its IRET, and several are one.
// Reference: Intel SDM vol. 3A 6.7.1.

import { describe, expect, it } from 'vitest';
import { createFlatMachine } from '../../src-main/engine/execution/flat-machine.ts';
import { setRealModeRegisters } from './vectors/machines.ts';

const CODE = 0x1000;
const HANDLER = 0x2000;
const ENTERED = 0x80;
const LEAVING = 0x81;

/** Ports written by the handler, in order; the first run of it raises `more` NMIs. */
function portsOf(accel: 'interp' | 'jit', more: number, ending: readonly number[]): { ports: number[]; ax: number } {
  const ports: number[] = [];
  const machine = createFlatMachine({
    ramBytes: 1 << 20,
    model: 'pentium3',
    accel,
    hotThreshold: 1,
    environment: {
      portWrite(port) {
        ports.push(port);
        if (ports.length === 1) for (let i = 0; i < more; i++) machine.engine.nmi();
      },
    },
  });
  const { memory, cpu } = machine;
  memory.set([0x90, 0xf4], CODE);
  // OUT 80h, AL; INC AX; OUT 81h, AL; and IRET, or HLT without it.
  memory.set([0xe6, ENTERED, 0x40, 0xe6, LEAVING, ...ending], HANDLER);
  memory.set([HANDLER & 0xff, HANDLER >> 8, 0, 0], 2 * 4);
  setRealModeRegisters(cpu, { ip: CODE, sp: 0x8000, flags: 2 });
  machine.engine.nmi();
  expect(machine.runToHalt(200)).toBe('halt');
  return { ports, ax: cpu.low('gpr', 0) & 0xffff };
}

const IRET = 0xcf;
const HLT = 0xf4;

for (const accel of ['interp', 'jit'] as const) {
  describe(`NMIs in the ${accel === 'jit' ? 'JIT' : 'interpreter'}`, () => {
    it('come one after the other, and ten are one', () => {
      const { ports, ax } = portsOf(accel, 10, [IRET]);
      expect(ports).toEqual([ENTERED, LEAVING, ENTERED, LEAVING]);
      expect(ax).toBe(2);
    });
    it('do not end a HLT in the handler of another', () => {
      expect(portsOf(accel, 1, [HLT]).ports).toEqual([ENTERED, LEAVING]);
    });
  });
}
