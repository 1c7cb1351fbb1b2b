// Console messages: round trips, and that no bytes whatever do more than throw a ProtocolError.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeToMachine,
  decodeToWindow,
  encodeToMachine,
  encodeToWindow,
  MAX_TO_MACHINE_BYTES,
  ProtocolError,
  type ToMachine,
  type ToWindow,
} from '../../../../shared/rpc/console-protocol.ts';

const pixels = (width: number, height: number) =>
  Uint8Array.from({ length: width * height * 4 }, (_, index) => index);

const FRAME: ToWindow = {
  type: 'frame',
  sequence: 0xfedcba98,
  width: 720,
  height: 400,
  tiles: [
    { x: 0, y: 0, width: 3, height: 2, pixels: pixels(3, 2) },
    { x: 719, y: 399, width: 1, height: 1, pixels: pixels(1, 1) },
  ],
  text: { columns: 4, rows: ['ab│d', '    '], cursor: { column: 3, row: 1 } },
};

describe('messages to the window', () => {
  const messages: ToWindow[] = [
    FRAME,
    { ...FRAME, text: null, tiles: [] },
    { type: 'serialOut', port: 3, bytes: Uint8Array.of(0, 255) },
    { type: 'leds', scrollLock: false, numLock: true, capsLock: true },
    { type: 'activity', drives: [] },
    { type: 'activity', drives: [{ drive: 65, read: true, written: false }, { drive: 0, read: true, written: true }] },
  ];
  it.each(messages)('are read as they were written: $type', (message) => {
    expect(decodeToWindow(encodeToWindow(message))).toEqual(message);
  });

  it('are refused when a tile reaches outside the screen', () => {
    const tile = { x: 719, y: 0, width: 2, height: 1, pixels: pixels(2, 1) };
    expect(() => decodeToWindow(encodeToWindow({ ...FRAME, tiles: [tile] }))).toThrow(/outside the screen/);
  });

  it('are refused when cut short anywhere, or too long', () => {
    const whole = encodeToWindow(FRAME);
    for (let length = 0; length < whole.length; length++)
      expect(() => decodeToWindow(whole.subarray(0, length))).toThrow(ProtocolError);
    expect(() => decodeToWindow(Uint8Array.from([...whole, 0]))).toThrow(ProtocolError);
  });

  it('are refused in another version', () => {
    const bytes = encodeToWindow(FRAME);
    bytes[1] = 2;
    expect(() => decodeToWindow(bytes)).toThrow(/another version/);
  });

  it('give rows of the layer’s width whatever the length of their text', () => {
    const decoded = decodeToWindow(
      encodeToWindow({ ...FRAME, text: { columns: 3, rows: ['a', 'abcdef'], cursor: null } }),
    );
    expect(decoded).toMatchObject({ text: { rows: ['a  ', 'abc'], cursor: null } });
  });
});

describe('messages to the machine', () => {
  const messages: ToMachine[] = [
    { type: 'ack', sequence: 0xffffffff },
    { type: 'keyboard', scanCodes: Uint8Array.of(0xe0, 0x48) },
    { type: 'mouse', dx: -300, dy: 32767, wheel: -1, buttons: 5 },
    { type: 'serialIn', port: 0, bytes: Uint8Array.of(13) },
    { type: 'refresh' },
  ];
  it.each(messages)('are read as they were written: $type', (message) => {
    expect(decodeToMachine(encodeToMachine(message))).toEqual(message);
  });

  it('clamp movements that do not fit', () => {
    const bytes = encodeToMachine({ type: 'mouse', dx: 1e9, dy: Number.NaN, wheel: -1e9, buttons: 0xff });
    expect(decodeToMachine(bytes)).toEqual({ type: 'mouse', dx: 32767, dy: 0, wheel: -127, buttons: 7 });
  });

  it('are refused above their size', () => {
    const bytes = encodeToMachine({ type: 'serialIn', port: 0, bytes: new Uint8Array(MAX_TO_MACHINE_BYTES) });
    expect(() => decodeToMachine(bytes)).toThrow(/too long/);
  });
});

describe('arbitrary bytes', () => {
  const type = fc.constantFrom(1, 2, 3, 65, 66, 67, 68, 69, 0, 255);
  it('are a message or a ProtocolError', () => {
    fc.assert(
      fc.property(type, fc.uint8Array({ maxLength: 200 }), (first, rest) => {
        const bytes = Uint8Array.of(first, 1, ...rest);
        for (const decode of [decodeToWindow, decodeToMachine]) {
          try {
            decode(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError);
          }
        }
      }),
    );
  });
});
