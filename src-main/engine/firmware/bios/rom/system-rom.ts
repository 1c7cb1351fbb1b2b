// The system BIOS: the 64 KiB at F0000h. Entry points stand where the PC/AT had them, because programs jump there;
// each service is a stub that the firmware carries out (`Bios`), interrupt handlers are code.
// Reference: IBM PC/AT Technical Reference, BIOS listing (addresses); PCI BIOS 2.1, 3.3 (BIOS32); APM BIOS 1.2.

import { EBDA_MOUSE_HANDLER, EBDA_SEGMENT } from '../data-area.ts';
import { Assembler, type ServicePoint } from './assembler.ts';
import { glyphBytes, type RomFonts } from './glyphs.ts';

export const SYSTEM_ROM_BYTES = 0x1_0000;
export const SYSTEM_ROM_SEGMENT = 0xf000;
/** Below are the tables that POST writes. */
const CODE = 0x8000;
const EOI = 0x20;
const PIC_MASTER = 0x20;
const PIC_SLAVE = 0xa0;
const TICKS_PER_DAY = 0x1800b0;

export interface RomImage {
  readonly bytes: Uint8Array;
  readonly services: readonly ServicePoint[];
  offsetOf(label: string): number;
}

export function assembleSystemRom(fonts: RomFonts): RomImage {
  const a = new Assembler(SYSTEM_ROM_BYTES);
  a.org(CODE);
  protectedModeEntries(a);
  interruptHandlers(a);
  fixedEntries(a, fonts);
  const bytes = a.build();
  sumToZero(bytes, a.offsetOf('bios32Header'), 16, 10);
  return { bytes, services: a.services, offsetOf: (label) => a.offsetOf(label) };
}

/** Sets one byte so that a table's bytes sum to zero. */
function sumToZero(bytes: Uint8Array, at: number, length: number, checksum: number): void {
  const sum = bytes.subarray(at, at + length).reduce((total, byte) => total + byte, 0);
  bytes[at + checksum] = (256 - (sum & 0xff)) & 0xff;
}

/** Services that are called, not interrupted into: 32-bit code but for the first. */
function protectedModeEntries(a: Assembler): void {
  a.label('apm16').service('apm16').retf();
  a.label('apm32').service('apm32').retf();
  a.label('bios32').service('bios32').retf();
  a.label('pcibios32').service('pcibios32').retf();
  a.label('runRom');
  // An option ROM's entry point, whose address the service has left in the BIOS data area's scratch place.
  a.service('nextRom').jcc('c', 'romsDone');
  a.pushSegment('ds').movImmediate('ax', EBDA_SEGMENT).movToSegment('ds', 'ax').callFarMemory(0x70).popSegment('ds').jmpShort('runRom');
  a.label('romsDone').ret();
  a.align(16).label('bios32Header').ascii('_32_').dwLabel('bios32').dw(0x000f, 0x0100, 0, 0, 0);
}

function interruptHandlers(a: Assembler): void {
  const waiting = (name: string): Assembler => a.label(name).waitingService(name).iret();
  const plain = (name: string): Assembler => a.label(name).service(name).iret();
  waiting('int13body');
  waiting('int15body');
  waiting('int16body');
  plain('int14body');
  plain('int17body');
  plain('int1abody');
  keyboardInterrupt(a);
  timerInterrupt(a);
  mouseInterrupt(a);
  clockInterrupt(a);
  slaveInterrupts(a);
  // Nobody's interrupt: it is ended at the controller that raised it.
  a.label('irqMaster').push('ax').movAl(EOI).outAl(PIC_MASTER).pop('ax').iret();
  a.label('floppyInterrupt').service('floppyInterrupt').jmpShort('irqMaster');
  a.label('bootLoop').waitingService('boot');
  // A boot sector ran and came back, or there was none.
  a.jmpShort('bootLoop');
}

function keyboardInterrupt(a: Assembler): void {
  a.label('keyboardBody').push('ax').inAl(0x60).movAh(0x4f).stc().int(0x15).jcc('nc', 'keyDropped');
  // AL: 0 nothing more, 1 print screen, 2 break, 3 system request down, 4 up.
  a.service('keyCode').jmpShort('keyDispatch');
  a.label('keyDropped').movAl(0);
  a.label('keyDispatch').push('ax').movAl(EOI).outAl(PIC_MASTER).pop('ax').sti();
  a.testAl(0xff).jcc('z', 'keyEnd');
  a.db(0x3c, 1).jcc('nz', 'keyNotPrint').int(0x05).jmpShort('keyEnd');
  a.label('keyNotPrint').db(0x3c, 2).jcc('nz', 'keyNotBreak').int(0x1b).jmpShort('keyEnd');
  a.label('keyNotBreak').db(0x2c, 3).db(0x88, 0xc0).movAh(0x85).int(0x15);
  a.label('keyEnd').cli().pop('ax').iret();
}

function timerInterrupt(a: Assembler): void {
  a.label('timerBody').pushSegment('ds').push('ax').push('dx');
  a.movImmediate('ax', 0x40).movToSegment('ds', 'ax');
  // inc dword [6Ch]; cmp dword [6Ch], a day of ticks; jb
  a.db(0x66, 0xff, 0x06).dw(0x6c);
  a.db(0x66, 0x81, 0x3e).dw(0x6c).dd(TICKS_PER_DAY).jcc('b', 'timerDay');
  // mov dword [6Ch], 0; inc byte [70h]
  a.db(0x66, 0xc7, 0x06).dw(0x6c).dd(0).db(0xfe, 0x06).dw(0x70);
  // cmp byte [40h], 0; jz; dec byte [40h]; jnz: the floppy motors' time
  a.label('timerDay').db(0x80, 0x3e).dw(0x40).db(0).jcc('z', 'timerTick').db(0xfe, 0x0e).dw(0x40).jcc('nz', 'timerTick');
  a.service('motorsOff');
  a.label('timerTick').int(0x1c).cli().movAl(EOI).outAl(PIC_MASTER).pop('dx').pop('ax').popSegment('ds').iret();
}

/** IRQ 12: a whole packet goes to the handler that INT 15h C207h has set, as four words on the stack. */
function mouseInterrupt(a: Assembler): void {
  a.label('mouseInterrupt').pusha().pushSegment('ds').pushSegment('es');
  a.service('mousePacket').jcc('c', 'mouseEnd');
  a.push('ax').push('bx').push('cx').push('dx').movImmediate('ax', EBDA_SEGMENT).movToSegment('ds', 'ax');
  a.callFarMemory(EBDA_MOUSE_HANDLER).addSp(8);
  a.label('mouseEnd').cli().popSegment('es').popSegment('ds').movAl(EOI).outAl(PIC_SLAVE).outAl(PIC_MASTER).popa().iret();
}

/** IRQ 8: AL bit 0 says that the alarm has gone off. */
function clockInterrupt(a: Assembler): void {
  a.label('clockInterrupt').push('ax').service('clockTick').testAl(1).jcc('z', 'clockEnd').sti().int(0x4a).cli();
  a.label('clockEnd').movAl(EOI).outAl(PIC_SLAVE).outAl(PIC_MASTER).pop('ax').iret();
}

function slaveInterrupts(a: Assembler): void {
  a.label('floatInterrupt').push('ax').movAl(0).outAl(0xf0).movAl(EOI).outAl(PIC_SLAVE).outAl(PIC_MASTER).pop('ax').int(0x02).iret();
  a.label('diskInterrupt').pushSegment('ds').push('ax').movImmediate('ax', 0x40).movToSegment('ds', 'ax');
  a.db(0xc6, 0x06).dw(0x8e).db(0xff).movAl(EOI).outAl(PIC_SLAVE).outAl(PIC_MASTER).pop('ax').popSegment('ds').iret();
  a.label('redirected').push('ax').movAl(EOI).outAl(PIC_SLAVE).pop('ax').int(0x0a).iret();
  a.label('irqSlave').push('ax').movAl(EOI).outAl(PIC_SLAVE).outAl(PIC_MASTER).pop('ax').iret();
}

/** What the PC/AT's BIOS had at known addresses. */
function fixedEntries(a: Assembler, { glyphs8x8 }: RomFonts): void {
  a.org(0xe05b).label('post').cli().cld().xorSame('ax').movToSegment('ss', 'ax').movImmediate('sp', 0x7000).movToSegment('ds', 'ax');
  a.service('post').call('runRom').sti().jmp('bootLoop');
  a.org(0xe2c3).label('nmi').iret();
  a.org(0xe3fe).label('int13').jmp('int13body');
  a.org(0xe6f2).label('int19').jmp('bootLoop');
  a.org(0xe6f5).label('configuration').dw(8).db(0xfc, 0x00, 0x01, 0x74, 0x40, 0x00, 0x00, 0x00);
  a.org(0xe739).label('int14').jmp('int14body');
  a.org(0xe82e).label('int16').jmp('int16body');
  a.org(0xe987).label('keyboardInterrupt').jmp('keyboardBody');
  a.org(0xec59).label('int40').jmp('int13body');
  a.org(0xef57).jmp('floppyInterrupt');
  a.org(0xefc7).label('floppyTable').db(0xaf, 0x02, 0x25, 0x02, 0x12, 0x1b, 0xff, 0x6c, 0xf6, 0x0f, 0x08);
  a.org(0xefd2).label('int17').jmp('int17body');
  a.org(0xf065).label('int10').iret();
  a.org(0xf841).label('int12').service('int12').iret();
  a.org(0xf84d).label('int11').service('int11').iret();
  a.org(0xf859).label('int15').jmp('int15body');
  a.org(0xfa6e).label('font').data(glyphBytes(glyphs8x8.slice(0, 128), 8));
  a.org(0xfe6e).label('int1a').jmp('int1abody');
  a.org(0xfea5).label('timerInterrupt').jmp('timerBody');
  a.org(0xff53).label('iret').iret();
  a.label('int18').service('bootFailed').jmp('bootLoop');
  a.org(0xfff0).jmpFar(SYSTEM_ROM_SEGMENT, 'post').ascii('11/21/26').org(0xfffe).db(0xfc);
}
