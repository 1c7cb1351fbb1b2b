// The services that protected mode and virtual-8086 mode reach: the BIOS32 directory, 32-bit PCI BIOS, the VBE
// protected-mode interface copied elsewhere, APM in 32 bits, and INT through a monitor's page tables.

import { describe, expect, it } from 'vitest';
import { GPR_INDEX, SEGMENT_INDEX } from '../../../../src-main/engine/x86/state/cpu-state.ts';
import { ACCESS_DB, ACCESS_G, setSegment, setVirtualSegment } from '../../../../src-main/engine/x86/state/segments.ts';
import { asm, biosMachine, bootImage, FLOPPY_BYTES, floppy } from '../../../support/bios-machine.ts';

const CODE = 0x10_0000;
const STACK = 0x9000;
/** jmp to itself */
const SPIN = [0xeb, 0xfe];

function booted(program: readonly number[] = []) {
  // cli; jmp to itself: a processor in HLT would not take the state that the tests give it.
  const machine = biosMachine([floppy(bootImage([...program, 0xfa, ...SPIN], FLOPPY_BYTES))]);
  machine.run(3_000_000);
  expect(machine.machine.engine.context.readFlags() & 0x200).toBe(0);
  return machine;
}

type Booted = ReturnType<typeof booted>;

/** Flat 32-bit code that calls `target` far (or near) and halts. */
function call32({ machine }: Booted, target: number, registers: Readonly<Record<string, number>>, kind: 'far' | 'near' = 'far') {
  const cpu = machine.engine.context;
  const gdt = [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0x9b, 0xcf, 0, 0xff, 0xff, 0, 0, 0, 0x93, 0xcf, 0];
  machine.ram.write(0x8000, Uint8Array.from(gdt));
  const dword = (value: number): number[] => [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24];
  const call = kind === 'far' ? [0x9a, ...dword(target), 8, 0] : [0xe8, ...dword(target - (CODE + 5))];
  machine.ram.write(CODE, Uint8Array.from([...call, ...SPIN]));
  cpu.setHalves('cr0', 0x11, 0);
  cpu.setHalves('gdtrBase', 0x8000, 0);
  cpu.set32('gdtrLimit', 23);
  setSegment(cpu, SEGMENT_INDEX.cs, 8, 0x9b | ACCESS_DB | ACCESS_G, 0, 0xffff_ffff);
  for (const name of ['ds', 'es', 'ss'] as const) setSegment(cpu, SEGMENT_INDEX[name], 16, 0x93 | ACCESS_DB | ACCESS_G, 0, 0xffff_ffff);
  for (const [name, value] of Object.entries({ rsp: STACK, ...registers })) cpu.setHalves('gpr', value, 0, GPR_INDEX[name as keyof typeof GPR_INDEX]);
  cpu.writeFlags(2);
  cpu.setHalves('rip', CODE, 0);
  cpu.set32('cpl', 0);
  cpu.flushTlb('all');
  cpu.updateMode();
  machine.runFor(10_000, 1e7);
  const register = (name: keyof typeof GPR_INDEX): number => cpu.low('gpr', GPR_INDEX[name]);
  expect(register('rsp')).toBe(STACK);
  return { register, carry: (cpu.readFlags() & 1) !== 0 };
}

/** Searches the BIOS area for a signature on 16-byte boundaries. */
function find(machine: Booted, signature: string): number {
  for (let at = 0xf_0000; at < 0x10_0000; at += 16) {
    if (String.fromCharCode(...machine.bytes(at, signature.length)) === signature) return at;
  }
  return -1;
}

describe('the BIOS32 directory', () => {
  it('is found by its signature, sums to zero and leads to the PCI BIOS', () => {
    const machine = booted();
    const at = find(machine, '_32_');
    expect(machine.bytes(at, 16).reduce((sum, byte) => sum + byte, 0) & 0xff).toBe(0);
    const answer = call32(machine, machine.dword(at + 4), { rax: 0x49435024, rbx: 0 });
    expect(answer.register('rax') & 0xff).toBe(0);
    const entry = answer.register('rbx') + answer.register('rdx');
    const present = call32(machine, entry, { rax: 0xb101, rdi: 0 });
    expect([present.register('rdx'), present.carry]).toEqual([0x20494350, false]);
    const found = call32(machine, entry, { rax: 0xb102, rdx: 0x8086, rcx: 0x7000, rsi: 0 });
    expect([found.register('rbx') & 0xffff, found.carry]).toEqual([0x0008, false]);
  });
});

it('leaves the tables that systems search for', () => {
  const machine = booted();
  for (const signature of ['RSD PTR ', '_MP_', '$PIR', '_SM_', '_32_']) expect(find(machine, signature), signature).toBeGreaterThan(0);
});

it('has a protected-mode VBE interface that works from a copy', () => {
  const machine = booted([...asm.ax(0x4f02), ...asm.bx(0x4101), ...asm.int(0x10), ...asm.ax(0x4f06), ...asm.bx(0), ...asm.cx(1024), ...asm.int(0x10),
    ...asm.ax(0x4f0a), ...asm.bx(0), ...asm.int(0x10), ...asm.keep()]);
  const [es, di, length] = [machine.word(0x60e), machine.word(0x60c), machine.word(0x606)];
  const block = Uint8Array.from(machine.bytes(es * 16 + di, length));
  const copy = 0x20_0000;
  machine.machine.ram.write(copy, block);
  const entry = (index: number): number => copy + block[2 * index]! + 256 * block[2 * index + 1]!;
  const vbe = (index: number): number => {
    machine.machine.board.ports.write(0x1ce, 2, index);
    return machine.machine.board.ports.read(0x1cf, 2);
  };
  // Dot 8 of line 3, with 1024 bytes a line, in units of four bytes.
  const start = (3 * 1024 + 8) / 4;
  call32(machine, entry(1), { rbx: 0, rcx: start & 0xffff, rdx: start >>> 16 }, 'near');
  expect([vbe(8), vbe(9)]).toEqual([8, 3]);
  call32(machine, entry(0), { rbx: 0, rdx: 2 }, 'near');
  expect(vbe(5)).toBe(2);
});

describe('virtual-8086 mode', () => {
  it('serves INT 12h and INT 10h through the page tables of a monitor', () => {
    const machine = booted();
    const { machine: pc } = machine;
    const cpu = pc.engine.context;
    // Linear 0 to 4 MiB is itself but for page 20h, which is physical 300h.
    const tables = 0x30_0000;
    const entries = new Uint32Array(1024).map((_, page) => (page * 0x1000) | 7);
    entries[0x20] = 0x30_5007;
    pc.ram.write(tables, new Uint8Array(Uint32Array.of((tables + 0x1000) | 7).buffer));
    pc.ram.write(tables + 0x1000, new Uint8Array(entries.buffer));
    // int 12h; mov [2000:0], ax; then spin.
    pc.ram.write(0x500, Uint8Array.from([0xcd, 0x12, 0xa3, 0, 0, 0xeb, 0xfe]));
    cpu.setHalves('cr0', 0x8000_0011, 0);
    cpu.setHalves('cr3', tables, 0);
    // VME with a clear redirection bitmap: INT goes through the guest's own vectors.
    cpu.setHalves('cr4', 1, 0);
    setSegment(cpu, SEGMENT_INDEX.tr, 0x28, 0x8b, 0x30_8000, 0xfff);
    pc.ram.write(0x30_8066, Uint8Array.of(0x88, 0));
    for (const name of ['cs', 'ss', 'es'] as const) setVirtualSegment(cpu, SEGMENT_INDEX[name], 0);
    setVirtualSegment(cpu, SEGMENT_INDEX.ds, 0x2000);
    cpu.setHalves('gpr', 0x4000, 0, GPR_INDEX.rsp);
    cpu.setHalves('rip', 0x500, 0);
    cpu.set32('cpl', 3);
    cpu.writeFlags(0x2_3002);
    cpu.flushTlb('all');
    cpu.updateMode();
    pc.runFor(1000, 1e6);
    expect(machine.word(0x30_5000)).toBe(639);
    expect(machine.word(0x2_0000)).not.toBe(639);
  });
});
