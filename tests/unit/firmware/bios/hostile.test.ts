// Programs that call BIOS services with whatever is in their registers: nothing they ask for ends the machine's thread.

import { expect, it } from 'vitest';
import { GPR_INDEX, SEGMENT_INDEX } from '../../../../src-main/engine/x86/state/cpu-state.ts';
import { setRealSegment } from '../../../../src-main/engine/x86/state/segments.ts';
import { asm, biosMachine, bootImage, cdrom, disk, FLOPPY_BYTES, floppy } from '../../../support/bios-machine.ts';
import { elToritoImage } from '../../../support/el-torito.ts';
import { randomFrom } from '../../../support/random-workload.ts';

const PROGRAM = 0x500;
const STACK = 0x4000;
/** INT 18h and 19h boot again, and INT 5 is not the BIOS's. */
const VECTORS = [0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x1a];
const CALLS = 40;

it.each(VECTORS)('survives random calls of vector %i', (vector) => {
  const random = randomFrom(vector);
  const drives = [floppy(bootImage(asm.halt(), FLOPPY_BYTES)), disk(bootImage([], 0x10_0000)), cdrom(elToritoImage({ code: asm.halt() }))];
  const { machine } = biosMachine(drives, { firmware: { order: 'a', menu: false, strict: false }, onReset: 'stop' });
  expect(machine.runFor(40_000_000, 3e9).kind).toBe('idle');
  const cpu = machine.engine.context;
  for (let call = 0; call < CALLS && machine.ended === undefined; call++) {
    machine.ram.write(PROGRAM, Uint8Array.from([...asm.int(vector), 0xeb, 0xfe]));
    for (let index = 0; index < 8; index++) cpu.setHalves('gpr', random(2 ** 32), 0, index);
    // The number of a function more often than a random one would be.
    cpu.setHalves('gpr', (random(2) ? random(0x1b) : random(0x100)) * 0x100 + (random(2) ? random(0x20) : random(0x100)), 0, GPR_INDEX.rax);
    if (random(3) === 0) cpu.setHalves('gpr', [0, 0x80, 0xe0][random(3)]!, 0, GPR_INDEX.rdx);
    if (vector === 0x10 && random(3) === 0) cpu.setHalves('gpr', 0x4f00 + random(0x16), 0, GPR_INDEX.rax);
    cpu.setHalves('gpr', STACK, 0, GPR_INDEX.rsp);
    for (const name of ['ds', 'es'] as const) setRealSegment(cpu, SEGMENT_INDEX[name], random(2) ? 0x1000 : random(0x1_0000));
    setRealSegment(cpu, SEGMENT_INDEX.ss, 0);
    setRealSegment(cpu, SEGMENT_INDEX.cs, 0);
    cpu.setHalves('rip', PROGRAM, 0);
    cpu.writeFlags(0x202);
    cpu.updateMode();
    machine.runFor(20_000, 1e8);
  }
  expect(machine.ended === undefined || machine.ended.kind === 'power-off' || machine.ended.kind === 'triple-fault' || machine.ended.kind === 'reset').toBe(true);
});
