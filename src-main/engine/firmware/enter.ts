// Puts the processor into the state a boot loader hands over in.
// Reference: Intel SDM vol. 3A, 10.1.1 (state after reset), 3.4.3 (segment caches).

import type { CpuContext } from '../x86/helpers/cpu-context.ts';
import { CR0_ET, CR0_PE } from '../x86/state/control-bits.ts';
import { GPR_INDEX, SEGMENT_INDEX } from '../x86/state/cpu-state.ts';
import { ACCESS_DB, ACCESS_G, setSegment } from '../x86/state/segments.ts';
import type { BootEntry } from './boot-entry.ts';

const CODE_ACCESS = 0x9b | ACCESS_DB | ACCESS_G;
const DATA_ACCESS = 0x93 | ACCESS_DB | ACCESS_G;
const WHOLE = 0xffff_ffff;
/** Only the bit that is always set: interrupts off, direction up. */
const EFLAGS_AT_ENTRY = 2;
const GPR_NAMES = { eax: 'rax', ebx: 'rbx', ecx: 'rcx', edx: 'rdx', esi: 'rsi', edi: 'rdi', ebp: 'rbp', esp: 'rsp' } as const;

/** The CPU comes fresh from a reset. */
export function enterGuest(cpu: CpuContext, entry: BootEntry): void {
  cpu.setHalves('cr0', CR0_PE | CR0_ET, 0);
  setSegment(cpu, SEGMENT_INDEX.cs, entry.codeSelector, CODE_ACCESS, 0, WHOLE);
  for (const name of ['ds', 'es', 'fs', 'gs', 'ss'] as const) {
    setSegment(cpu, SEGMENT_INDEX[name], entry.dataSelector, DATA_ACCESS, 0, WHOLE);
  }
  cpu.setHalves('gdtrBase', entry.gdt.base, 0);
  cpu.set32('gdtrLimit', entry.gdt.limit);
  cpu.set32('idtrLimit', 0);
  for (const [name, gpr] of Object.entries(GPR_NAMES)) {
    cpu.setHalves('gpr', entry.registers[name as keyof typeof GPR_NAMES] ?? 0, 0, GPR_INDEX[gpr]);
  }
  cpu.writeFlags(EFLAGS_AT_ENTRY);
  cpu.setHalves('rip', entry.eip, 0);
  cpu.set32('cpl', 0);
  cpu.flushTlb('all');
  cpu.updateMode();
}
