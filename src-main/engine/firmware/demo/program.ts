// The demo's program: real-mode code that a CD starts. It shows text and facts about the machine, echoes what is typed,
// follows the mouse, draws in 256 colours, and powers off when asked. Everything it knows comes from the BIOS and chips.
// Reference: Ralf Brown's interrupt list (INT 10h, 13h, 15h, 16h, 1Ah); IBM VGA Technical Reference (DAC); ACPI 6.5, 4.8.3.1.

import { Assembler } from '../bios/rom/assembler.ts';
import { PM1_EVENT } from '../platform.ts';
import { drawing } from './drawing.ts';
import { between, cmpAh, cmpAl, immediate, increment, load, lodsb, orAlAl, repMovsw, segment, set, store, stosw, withVariable } from './instructions.ts';
import { BAR_CELLS, COLOUR, cell, palette, PLACE, pointer, sineTable, TYPED_CELLS, textScreen } from './pictures.ts';

/** Where El Torito loads it. */
const SEGMENT = 0x7c0;
const TEXT_SEGMENT = 0xb800;
const MAX_BYTES = 0x3000;
/** Behind the program: a sector of the CD. */
const DISC = 0x4000;
const NAME_CELLS = 32;
const VOLUME_DESCRIPTOR = 16;
const TYPED_ROW = 19;
const TYPED_COLUMN = 15;
const BAR_PERIOD = 12;
/** Timer ticks of 55 ms between two looks at clock and CD. */
const LOOK_TICKS = 9;

export function demoProgram(): Uint8Array {
  const a = new Assembler(MAX_BYTES);
  a.jmpFar(SEGMENT, 'start');
  textLoop(a);
  keys(a);
  facts(a);
  output(a);
  mouse(a);
  power(a);
  drawing(a);
  data(a);
  return a.build().subarray(0, Math.ceil(a.here / 512) * 512);
}

function textLoop(a: Assembler): void {
  a.label('start').db(0x0e).popSegment('ds').cld();
  store(a, 'drive', 'dx');
  a.call('mouseOn').call('processor').call('clearCanvas');
  a.label('showText').movImmediate('ax', 3).int(0x10);
  segment(a, 'es', TEXT_SEGMENT);
  a.xorSame('di').movLabel('si', 'screen').movImmediate('cx', 2000);
  repMovsw(a);
  set(a, 'typed', 0);
  set(a, 'looks', 1);
  a.call('cursor').call('fixedFacts');
  a.label('main').hlt().call('powerButton').call('keyPressed').jcc('z', 'mainTick').call('textKey').jmpShort('main');
  a.label('mainTick');
  segment(a, 'es', 0x40);
  // mov ax, es:[6Ch]: the BIOS's count of timer ticks
  a.db(0x26, 0xa1).dw(0x6c);
  withVariable(a, 'cmp', 'ax', 'tick');
  a.jcc('z', 'main');
  store(a, 'tick', 'ax');
  segment(a, 'es', TEXT_SEGMENT);
  a.call('invertCell').call('bar').call('mouseFacts');
  // dec word [looks]
  a.db(0xff, 0x0e).dwLabel('looks').jcc('nz', 'mainPointer');
  set(a, 'looks', LOOK_TICKS);
  a.call('clock').call('disc');
  a.label('mainPointer').call('newCell').call('invertCell').jmpShort('main');
}

function keys(a: Assembler): void {
  // ZF: no key waits; else it is in AX.
  a.label('keyPressed').movAh(1).int(0x16).jcc('z', 'keyPressedEnd').movAh(0).int(0x16).db(0x80, 0xcf, 1);
  a.label('keyPressedEnd').ret();

  a.label('textKey');
  cmpAh(a, 0x3b).jccNear('z', 'colours');
  cmpAh(a, 0x3c).jccNear('z', 'paint');
  cmpAh(a, 0x44).jccNear('z', 'powerOff');
  a.push('ax');
  segment(a, 'es', TEXT_SEGMENT);
  a.pop('ax');
  load(a, 'bx', 'typed');
  cmpAl(a, 8).jcc('z', 'backspace');
  cmpAl(a, 13).jcc('z', 'newLine');
  cmpAl(a, 0x20).jcc('b', 'textKeyEnd');
  immediate(a, 'cmp', 'bx', TYPED_CELLS);
  a.jcc('b', 'typedCharacter').push('ax').call('clearTyped').pop('ax');
  a.label('typedCharacter').call('typedCell').movAh(COLOUR.value);
  stosw(a);
  increment(a, 'bx').jmpShort('typedEnd');
  a.label('backspace').db(0x09, 0xdb).jcc('z', 'textKeyEnd').db(0x4b).call('typedCell').movImmediate('ax', 0x0720);
  stosw(a).jmpShort('typedEnd');
  a.label('newLine').call('clearTyped');
  a.label('typedEnd');
  store(a, 'typed', 'bx');
  a.label('cursor').movAh(2).movImmediate('dx', (TYPED_ROW << 8) | TYPED_COLUMN);
  withVariable(a, 'add', 'dx', 'typed');
  a.movImmediate('bx', 0).int(0x10);
  a.label('textKeyEnd').ret();
  // DI: the cell of character BX.
  a.label('typedCell').movRegister('di', 'bx');
  between(a, 'add', 'di', 'bx');
  immediate(a, 'add', 'di', PLACE.typed);
  a.ret();
  a.label('clearTyped').movImmediate('di', PLACE.typed).movImmediate('cx', TYPED_CELLS).movImmediate('ax', 0x0720).db(0xf3, 0xab).xorSame('bx').ret();
}

function facts(a: Assembler): void {
  a.label('fixedFacts').movImmediate('ax', 0xe801).int(0x15);
  segmentKeeping(a);
  // KiB up to 16 MiB in AX, units of 64 KiB above in BX; the first MiB comes on top.
  a.db(0xc1, 0xe8, 10, 0xc1, 0xeb, 4);
  between(a, 'add', 'ax', 'bx');
  increment(a, 'ax').movImmediate('di', PLACE.memory).call('number').movLabel('si', 'mib').call('text');
  a.movImmediate('di', PLACE.processor).movLabel('si', 'brand').jmp('text');

  // The name by CPUID, or else the vendor.
  a.label('processor').db(0x1e, 0x07).movLabel('di', 'brand');
  cpuid(a, 0x8000_0000);
  a.db(0x66, 0x3d).dd(0x8000_0004).jcc('ae', 'processorName');
  cpuid(a, 0);
  for (const register of [3, 2, 1]) keepRegister(a, register);
  a.ret().label('processorName');
  for (const leaf of [2, 3, 4]) {
    cpuid(a, 0x8000_0000 + leaf);
    for (const register of [0, 3, 1, 2]) keepRegister(a, register);
  }
  a.ret();

  a.label('clock').movAh(2).int(0x1a).jcc('c', 'clockEnd').movImmediate('di', PLACE.clock);
  // CH, CL and DH are hours, minutes and seconds in BCD.
  a.db(0x88, 0xe8).call('bcd').movAl(0x3a).call('character').db(0x88, 0xc8).call('bcd').movAl(0x3a).call('character').db(0x88, 0xf0).call('bcd');
  a.label('clockEnd').ret();
  a.label('bcd').push('ax').db(0xc0, 0xe8, 4).call('digit').pop('ax').db(0x24, 0x0f);
  a.label('digit').db(0x04, 0x30);
  a.label('character').movAh(COLOUR.title);
  stosw(a).ret();

  a.label('disc').movLabel('si', 'packet').movAh(0x42);
  // The BIOS leaves there how many it has read.
  set(a, 'sectors', 1);
  load(a, 'dx', 'drive');
  a.int(0x13).movLabel('si', 'noDisc').jcc('c', 'discName').movLabel('si', 'namelessDisc');
  // cmp word [DISC + 1], "CD"
  a.db(0x81, 0x3e).dw(DISC + 1, 0x4443).jcc('nz', 'discName').movImmediate('si', DISC + 40);
  a.label('discName').movImmediate('di', PLACE.disc).movImmediate('cx', NAME_CELLS).movAh(COLOUR.value);
  a.label('discCharacter');
  stosw(lodsb(a)).loop('discCharacter').ret();

  a.label('bar');
  load(a, 'ax', 'phase');
  increment(a, 'ax');
  immediate(a, 'cmp', 'ax', BAR_PERIOD);
  a.jcc('b', 'barPhase').xorSame('ax').label('barPhase');
  store(a, 'phase', 'ax');
  between(a, 'add', 'ax', 'ax');
  a.movLabel('si', 'pattern');
  between(a, 'add', 'si', 'ax');
  a.movImmediate('di', PLACE.bar).movImmediate('cx', BAR_CELLS);
  repMovsw(a).ret();
}

/** ES to the screen, AX and BX as they were. */
function segmentKeeping(a: Assembler): void {
  a.push('ax');
  segment(a, 'es', TEXT_SEGMENT);
  a.pop('ax');
}

function cpuid(a: Assembler, leaf: number): void {
  a.db(0x66, 0xb8).dd(leaf).db(0x0f, 0xa2);
}

/** mov eax, register; stosd */
function keepRegister(a: Assembler, register: number): void {
  a.db(0x66, 0x89, 0xc0 | (register << 3), 0x66, 0xab);
}

function output(a: Assembler): void {
  // AX in decimal at ES:DI.
  a.label('number').movImmediate('bx', 10).xorSame('cx');
  a.label('numberDivide').xorSame('dx').db(0xf7, 0xf3).push('dx');
  increment(a, 'cx').db(0x09, 0xc0).jcc('nz', 'numberDivide');
  a.label('numberDigit').pop('ax').db(0x04, 0x30).movAh(COLOUR.value);
  stosw(a).loop('numberDigit').ret();
  // What SI points to, up to a zero.
  a.label('text').movAh(COLOUR.value).label('textCharacter');
  orAlAl(lodsb(a)).jcc('z', 'textEnd');
  stosw(a).jmpShort('textCharacter').label('textEnd').ret();
}

/** The BIOS calls the handler for each packet, with status, X and Y on the stack. */
function mouse(a: Assembler): void {
  a.label('mouseOn').db(0x1e, 0x07);
  a.movImmediate('ax', 0xc205).movImmediate('bx', 0x0300).int(0x15).movImmediate('ax', 0xc207).movLabel('bx', 'mousePacket').int(0x15);
  a.movImmediate('ax', 0xc200).movImmediate('bx', 0x0100).int(0x15).ret();

  a.label('mousePacket').pusha().pushSegment('ds').db(0x0e).popSegment('ds').movRegister('bp', 'sp');
  movement(a, 26, 0x10);
  withVariable(a, 'add', 'ax', 'mouseX');
  clamp(a, 639, 'mouseX');
  movement(a, 24, 0x20);
  // neg ax: Y counts upwards
  a.db(0xf7, 0xd8);
  withVariable(a, 'add', 'ax', 'mouseY');
  clamp(a, 399, 'mouseY');
  // mov ax, [bp + 28]; and ax, 3
  a.db(0x8b, 0x46, 28);
  immediate(a, 'and', 'ax', 3);
  store(a, 'buttons', 'ax');
  a.popSegment('ds').popa().retf();

  // The text cell under the mouse is shown in reverse.
  a.label('newCell');
  load(a, 'ax', 'mouseY');
  a.db(0xc1, 0xe8, 4, 0x6b, 0xc0, 80);
  load(a, 'bx', 'mouseX');
  a.db(0xc1, 0xeb, 3);
  between(a, 'add', 'ax', 'bx');
  between(a, 'add', 'ax', 'ax');
  store(a, 'cell', 'ax');
  a.ret();
  // xor byte es:[di + 1], 7Fh
  a.label('invertCell');
  load(a, 'di', 'cell');
  a.db(0x26, 0x80, 0x75, 1, 0x7f).ret();

  a.label('mouseFacts').movImmediate('di', PLACE.mouse);
  load(a, 'ax', 'mouseX');
  a.call('number').movImmediate('ax', (COLOUR.value << 8) | 0x2c);
  stosw(a);
  load(a, 'ax', 'mouseY');
  a.call('number');
  load(a, 'bx', 'buttons');
  a.movLabel('si', 'pressed').db(0x09, 0xdb).jcc('nz', 'mouseButton').movLabel('si', 'released').label('mouseButton').jmp('text');
}

/** AX: a byte of the packet at BP, whose sign is a bit of the status. */
function movement(a: Assembler, at: number, sign: number): void {
  a.db(0x8a, 0x46, at).movAh(0).db(0xf6, 0x46, 28, sign).jcc('z', `movement${at}`).movAh(0xff).label(`movement${at}`);
}

/** Keeps AX between 0 and a limit, and stores it. */
function clamp(a: Assembler, limit: number, variable: string): void {
  a.db(0x09, 0xc0).jcc('ge', `${variable}.low`).xorSame('ax').label(`${variable}.low`);
  immediate(a, 'cmp', 'ax', limit);
  a.jcc('le', `${variable}.high`).movImmediate('ax', limit).label(`${variable}.high`);
  store(a, variable, 'ax');
}

/** The power button sets bit 8 of the PM1 status register; APM switches off. */
function power(a: Assembler): void {
  a.label('powerButton').movImmediate('dx', PM1_EVENT).inAxDx().db(0xf6, 0xc4, 1).jcc('nz', 'powerOff').ret();
  a.label('powerOff').movImmediate('ax', 0x5301).xorSame('bx').int(0x15);
  a.movImmediate('ax', 0x5307).movImmediate('bx', 1).movImmediate('cx', 3).int(0x15).cli().hlt();
}

function data(a: Assembler): void {
  const fixed = (text: string): string => text.padEnd(NAME_CELLS);
  a.label('mib').ascii(' MiB').db(0);
  a.label('noDisc').ascii(fixed('(no CD in the drive)'));
  a.label('namelessDisc').ascii(fixed('(a CD without a name)'));
  a.label('pressed').ascii(' pressed   ').db(0).label('released').ascii('           ').db(0);
  a.label('hint').ascii(' Esc back   any key changes the colours').db(0);
  a.label('paintHint').ascii(' Esc back   left draws   right clears  ').db(0);
  const shades = [0x01, 0x01, 0x09, 0x09, 0x0b, 0x0b, 0x0f, 0x0b, 0x0b, 0x09, 0x09, 0x01];
  a.align(2).label('pattern');
  for (let index = 0; index < BAR_CELLS + BAR_PERIOD; index++) a.db(0xdb, shades[index % BAR_PERIOD] ?? 0);
  a.label('packet').db(16, 0).label('sectors').dw(1, DISC, SEGMENT).dd(VOLUME_DESCRIPTOR, 0);
  variables(a, { drive: 0, tick: 0, looks: 1, typed: 0, phase: 0, mouseX: 320, mouseY: 200, buttons: 0, cell: cell(12, 40) });
  variables(a, { row: 0, time: 0, shade: 0, brush: 0 });
  a.label('brand').dd(...new Array<number>(13).fill(0));
  a.label('sine').data(sineTable()).label('arrow').data(pointer());
  a.label('palettes').data(palette(0)).data(palette(85)).data(palette(170));
  a.label('screen').data(textScreen());
}

function variables(a: Assembler, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) a.label(name).dw(value);
}
