// SYSRET changes the mode and goes on, in regions too: what it leads to is looked up for the new mode, although the same code has a
// region for the old one, which may read what user code may not.
// Reference: Intel SDM vol. 2B SYSRET; vol. 3A 4.6 (access rights), 7.7 (64-bit TSS).

import { expect, it } from 'vitest';
import { GPR_INDEX, SEGMENT_INDEX } from '../../src-main/engine/x86/state/cpu-state.ts';
import { ACCESS_P, setSegment } from '../../src-main/engine/x86/state/segments.ts';
import { DATA, FlatGuest } from '../support/flat-guest.ts';

const VECTOR_PF = 14;
/** Of the FlatGuest's page tables: where the second two megabytes are mapped. */
const SECOND_ENTRY = 0x3008;
const SUPERVISOR_PAGE = 0x83n;
const TSS = 0x7000;
const ACCESS_BUSY_TSS = 0xb00;
/** Where `DATA` is seen too, by the supervisor only. */
const SECRET = 0x22_0000;
const SECRET_VALUE = 0x5ec2e7;
const SHARED = 0x9000;

const uncommented = (code: string): string => code.replaceAll(/;.*|\s/g, '');

/** Reads the secret; back to RDI while ESI is zero. */
const SHARED_CODE = `
  8b1c2500002200     ; mov ebx, [SECRET]
  85f6 7502 ffe7 f4  ; test esi, esi; jnz +2; jmp rdi; hlt
`;

/** Has it read six times at CPL 0, and then at CPL 3, by a SYSRET that is part of a region before it is carried out. */
const KERNEL_CODE = `
  31f6 b806000000                     ; xor esi, esi; mov eax, 6
  ba00900000 bf13800000 ffe2          ; 7: mov edx, SHARED; mov edi, 8013h; jmp rdx
  ffc8 75f0                           ; 13h: dec eax; jnz 7
  be01000000 b900900000 41bb02000000  ; mov esi, 1; mov ecx, SHARED; mov r11d, 2
  ba06000000 ffca 75fc                ; mov edx, 6; dec edx; jnz -4
  480f07                              ; sysretq
`;

it.each(['interp', 'jit'] as const)('%s', (accel) => {
  const guest = new FlatGuest({ bits: 64, accel });
  const { cpu, memory, engine } = guest.machine;
  guest.view.setBigUint64(SECOND_ENTRY, SUPERVISOR_PAGE, true);
  guest.view.setBigUint64(TSS + 4, 0x1_4000n, true);
  setSegment(cpu, SEGMENT_INDEX.tr, 0x18, ACCESS_P | ACCESS_BUSY_TSS, TSS, 0x67);
  guest.view.setUint32(DATA, SECRET_VALUE, true);
  memory.set(Buffer.from(uncommented(SHARED_CODE), 'hex'), SHARED);
  cpu.setHalves('efer', cpu.low('efer') | 1, 0);
  cpu.set64('star', 0x0023_0010n << 32n);
  expect(guest.run(uncommented(KERNEL_CODE))).toBe(VECTOR_PF);
  expect(cpu.low('cr2')).toBe(SECRET);
  expect(cpu.low('gpr', GPR_INDEX.rbx)).toBe(SECRET_VALUE);
  // Of the shared code, and of the loop before SYSRET.
  if (accel === 'jit') expect(engine.inspection.jit?.installed).toBe(2);
});
