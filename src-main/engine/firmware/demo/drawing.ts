// The graphics of the demo, in mode 13h: waves of colour that move, and a canvas to paint on. Each picture is put
// together in memory, the pointer last, and then copied to the screen, all but the line of text at the bottom.
// Reference: IBM VGA Technical Reference, mode 13h and DAC; Intel 8254 datasheet (mode 3).

import type { Assembler } from '../bios/rom/assembler.ts';
import { between, cmpAl, decrement, immediate, increment, load, lodsb, orAlAl, repMovsw, repStosw, segment, set, shift, store, stosb, withVariable, xlat } from './instructions.ts';
import { BLACK, POINTER_SIZE, WHITE } from './pictures.ts';

const SCREEN = 0xa000;
const CANVAS = 0x2000;
const FRAME = 0x3000;
const WIDTH = 320;
const HEIGHT = 184;
const WORDS = (WIDTH * HEIGHT) / 2;
const BRUSH = 5;
const PALETTES = 3;
const PALETTE_BYTES = 768;
const ESCAPE = 27;
/** Counts of the timer between two pictures: 36 a second, and the BIOS's own 18. */
const FAST = 0x8000;
const USUAL = 0;

export function drawing(a: Assembler): void {
  coloursMode(a);
  paintMode(a);
  waves(a);
  painting(a);
  present(a);
  begin(a);
}

function coloursMode(a: Assembler): void {
  a.label('colours').movLabel('si', 'hint').call('begin');
  a.label('coloursNext').call('waves').call('present').hlt().call('powerButton').call('keyPressed').jcc('z', 'coloursNext');
  cmpAl(a, ESCAPE).jccNear('z', 'leave');
  load(a, 'ax', 'shade');
  immediate(a, 'add', 'ax', PALETTE_BYTES);
  immediate(a, 'cmp', 'ax', PALETTES * PALETTE_BYTES);
  a.jcc('b', 'coloursShade').xorSame('ax').label('coloursShade');
  store(a, 'shade', 'ax');
  a.call('setPalette').jmpShort('coloursNext');
}

function paintMode(a: Assembler): void {
  a.label('paint').movLabel('si', 'paintHint').call('begin');
  a.label('paintNext').call('draw').call('present').hlt().call('powerButton').call('keyPressed').jcc('z', 'paintNext');
  cmpAl(a, ESCAPE).jcc('nz', 'paintNext');
  // The call that led here does not return: the text screen begins anew.
  a.label('leave');
  timer(a, USUAL);
  a.movImmediate('sp', 0x7c00).jmp('showText');
}

/** The sum of three sines, of column, row and both, that run at speeds of their own. */
function waves(a: Assembler): void {
  a.label('waves');
  segment(a, 'es', FRAME);
  a.xorSame('di').movLabel('bx', 'sine');
  // inc word [time]
  a.db(0xff, 0x06).dwLabel('time');
  set(a, 'row', 0);
  a.label('wavesRow');
  load(a, 'ax', 'row');
  between(a, 'add', 'ax', 'ax');
  withVariable(a, 'add', 'ax', 'mouseY');
  withVariable(a, 'add', 'ax', 'time');
  xlat(a).db(0x88, 0xc6);
  load(a, 'ax', 'time');
  between(a, 'add', 'ax', 'ax');
  withVariable(a, 'add', 'ax', 'mouseX');
  // CL: where the first sine is; CH: where that of column and row is
  a.db(0x88, 0xc1);
  load(a, 'ax', 'row');
  withVariable(a, 'sub', 'ax', 'time');
  a.db(0x88, 0xc5).movImmediate('si', WIDTH);
  a.label('wavesDot').db(0x88, 0xc8);
  xlat(a).db(0x88, 0xc2, 0x88, 0xe8);
  xlat(a).db(0x00, 0xd0, 0x00, 0xf0);
  stosb(a).db(0xfe, 0xc1, 0xfe, 0xc5);
  decrement(a, 'si').jcc('nz', 'wavesDot');
  a.db(0xff, 0x06).dwLabel('row').db(0x81, 0x3e).dwLabel('row').dw(HEIGHT).jcc('b', 'wavesRow').ret();
}

function painting(a: Assembler): void {
  a.label('draw');
  load(a, 'ax', 'buttons');
  a.testAl(2).jcc('z', 'drawBrush').call('clearCanvas');
  a.label('drawBrush');
  load(a, 'ax', 'buttons');
  a.testAl(1).jcc('z', 'drawCopy');
  segment(a, 'es', CANVAS);
  a.call('place');
  load(a, 'ax', 'brush');
  increment(a, 'ax');
  immediate(a, 'cmp', 'ax', BLACK);
  a.jcc('b', 'drawColour').xorSame('ax').label('drawColour');
  store(a, 'brush', 'ax');
  a.movImmediate('dx', BRUSH).label('drawRow').movImmediate('cx', BRUSH).db(0xf3, 0xaa);
  immediate(a, 'add', 'di', WIDTH - BRUSH);
  decrement(a, 'dx').jcc('nz', 'drawRow');
  a.label('drawCopy');
  segment(a, 'es', FRAME);
  copyFrom(a, CANVAS);
  a.ret();
  a.label('clearCanvas');
  segment(a, 'es', CANVAS);
  a.xorSame('di').movImmediate('cx', WORDS).movImmediate('ax', BLACK * 0x101);
  repStosw(a).ret();
}

/** A whole picture to ES. */
function copyFrom(a: Assembler, from: number): void {
  a.pushSegment('ds');
  segment(a, 'ds', from);
  a.xorSame('si').xorSame('di').movImmediate('cx', WORDS);
  repMovsw(a).popSegment('ds');
}

function present(a: Assembler): void {
  a.label('present');
  segment(a, 'es', FRAME);
  a.call('place').movLabel('si', 'arrow').movImmediate('dx', POINTER_SIZE);
  a.label('arrowRow').movImmediate('cx', POINTER_SIZE);
  a.label('arrowDot');
  // mov es:[di], al
  orAlAl(lodsb(a)).jcc('z', 'arrowNext').db(0x26, 0x88, 0x05);
  a.label('arrowNext');
  increment(a, 'di').loop('arrowDot');
  immediate(a, 'add', 'di', WIDTH - POINTER_SIZE);
  decrement(a, 'dx').jcc('nz', 'arrowRow');
  segment(a, 'es', SCREEN);
  copyFrom(a, FRAME);
  a.ret();
  // DI: the dot under the mouse, so far from the edges that the pointer fits.
  a.label('place');
  load(a, 'ax', 'mouseY');
  shift(a, 'right', 'ax', 1);
  atMost(a, HEIGHT - POINTER_SIZE, 'placeRow');
  // imul di, ax, 320
  a.db(0x69, 0xf8).dw(WIDTH);
  load(a, 'ax', 'mouseX');
  shift(a, 'right', 'ax', 1);
  atMost(a, WIDTH - POINTER_SIZE, 'placeColumn');
  between(a, 'add', 'di', 'ax');
  a.ret();
}

function atMost(a: Assembler, limit: number, label: string): void {
  immediate(a, 'cmp', 'ax', limit);
  a.jcc('be', label).movImmediate('ax', limit).label(label);
}

/** Mode, timer, colours and the text that SI points to in the last line. */
function begin(a: Assembler): void {
  a.label('begin').push('si').movImmediate('ax', 0x13).int(0x10);
  timer(a, FAST);
  a.call('setPalette').movAh(2).movImmediate('bx', 0).movImmediate('dx', 24 << 8).int(0x10).pop('si');
  a.label('beginText');
  orAlAl(lodsb(a)).jcc('z', 'beginEnd').movAh(0x0e).movImmediate('bx', WHITE).int(0x10).jmpShort('beginText');
  a.label('beginEnd').ret();
  a.label('setPalette').movLabel('si', 'palettes');
  withVariable(a, 'add', 'si', 'shade');
  a.movImmediate('dx', 0x3c8).movAl(0).outDxAl();
  increment(a, 'dx').movImmediate('cx', PALETTE_BYTES).label('setColour');
  lodsb(a).outDxAl().loop('setColour').ret();
}

function timer(a: Assembler, counts: number): void {
  a.movAl(0x36).outAl(0x43).movAl(counts & 0xff).outAl(0x40).movAl(counts >> 8).outAl(0x40);
}
