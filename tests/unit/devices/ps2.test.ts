// The 8042 with a keyboard and a mouse (IBM PS/2 technical reference).

import { describe, expect, it } from 'vitest';
import { Ps2Controller } from '../../../src-main/engine/devices/ps2/ps2-controller.ts';
import { accessor, FakePin, fakeContext } from '../../support/fake-context.ts';

const DATA = 0x60;
const COMMAND = 0x64;
const A = 0x1e;
const CTRL_RIGHT = 0xe01d;
const PAUSE = 0xe11d;

function board() {
  const context = fakeContext();
  const a20 = new FakePin();
  const resets: string[] = [];
  const leds: number[] = [];
  const ps2 = new Ps2Controller(context, {
    a20,
    reset: { reset: (kind) => resets.push(kind) },
    onLeds: (bits) => leds.push(bits),
  });
  const io = accessor(ps2);
  /** What a driver reads that polls status and waits; undefined when nothing comes. */
  const next = (): number | undefined => {
    for (let i = 0; i < 4; i++) {
      if (io.in(COMMAND) & 1) return io.in(DATA);
      context.clock.advance(100_000);
    }
    return undefined;
  };
  const all = (): number[] => {
    const bytes: number[] = [];
    for (let byte = next(); byte !== undefined; byte = next()) bytes.push(byte);
    return bytes;
  };
  const controller = (command: number, ...data: number[]) => {
    io.out(COMMAND, command);
    for (const byte of data) io.out(DATA, byte);
  };
  const keyboard = (...bytes: number[]) => {
    for (const byte of bytes) io.out(DATA, byte);
    return all();
  };
  const mouse = (...bytes: number[]) =>
    bytes.flatMap((byte) => {
      controller(0xd4, byte);
      return all();
    });
  return {
    ...io,
    context,
    ps2,
    a20,
    resets,
    leds,
    next,
    all,
    controller,
    keyboard,
    mouse,
    irq1: context.irq('keyboard'),
    irq12: context.irq('mouse'),
  };
}

describe('8042', () => {
  it('passes self test and interface tests', () => {
    const { controller, all } = board();
    for (const [command, answer] of [
      [0xaa, 0x55],
      [0xab, 0],
      [0xa9, 0],
      [0xa4, 0xf1],
    ] as const) {
      controller(command);
      expect(all()).toEqual([answer]);
    }
  });

  it('shows data, source and last write in its status', () => {
    const { in: read, out, controller } = board();
    expect(read(COMMAND)).toBe(0x14);
    controller(0xaa);
    expect(read(COMMAND)).toBe(0x1d);
    read(DATA);
    expect(read(COMMAND)).toBe(0x1c);
    controller(0xd3, 0x5a);
    expect(read(COMMAND)).toBe(0x35);
    expect(read(DATA)).toBe(0x5a);
    out(DATA, 0xee);
    expect(read(COMMAND) & 0x08).toBe(0);
  });

  it('reads and writes its command byte and RAM', () => {
    const { controller, all } = board();
    controller(0x60, 0x47);
    controller(0x20);
    expect(all()).toEqual([0x47]);
    controller(0x7f, 0x12);
    controller(0x3f);
    expect(all()).toEqual([0x12]);
  });

  it('closes and opens both ports, as the command byte shows', () => {
    const { controller, all } = board();
    const commandByte = () => {
      controller(0x20);
      return all()[0];
    };
    controller(0xa8);
    expect(commandByte()! & 0x20).toBe(0);
    controller(0xa7);
    expect(commandByte()! & 0x20).toBe(0x20);
    controller(0xad);
    expect(commandByte()! & 0x10).toBe(0x10);
    controller(0xae);
    expect(commandByte()! & 0x10).toBe(0);
  });

  it('drives A20 by D1h, DDh and DFh, and reads it back', () => {
    const { controller, all, a20 } = board();
    controller(0xd1, 0xdd);
    expect(a20.level).toBe(false);
    controller(0xd0);
    expect(all()[0]! & 2).toBe(0);
    controller(0xdf);
    expect(a20.level).toBe(true);
    controller(0xdd);
    expect(a20.level).toBe(false);
  });

  it('resets the processor by pulse and by output port', () => {
    const { controller, resets } = board();
    controller(0xff);
    expect(resets).toEqual([]);
    controller(0xfe);
    controller(0xd1, 0xde);
    expect(resets).toEqual(['processor', 'processor']);
  });

  it('interrupts on IRQ 1 and IRQ 12 as enabled, until the byte is read', () => {
    const { controller, in: read, irq1, irq12 } = board();
    controller(0x60, 0x47);
    controller(0xd2, 0x11);
    expect([irq1.level, irq12.level]).toEqual([true, false]);
    read(DATA);
    expect(irq1.level).toBe(false);
    controller(0xd3, 0x22);
    expect([irq1.level, irq12.level]).toEqual([false, true]);
    read(DATA);
    expect(irq12.level).toBe(false);
  });

  it('repeats the last byte while the next is on the wire', () => {
    const { ps2, in: read, next } = board();
    ps2.keyboard.key(A, true);
    ps2.keyboard.key(A, false);
    expect([read(DATA), read(DATA), read(COMMAND) & 1]).toEqual([0x1e, 0x1e, 0]);
    expect(next()).toBe(0x9e);
  });

  it('holds device bytes while a port is closed', () => {
    const { ps2, controller, all } = board();
    controller(0xad);
    ps2.keyboard.key(A, true);
    expect(all()).toEqual([]);
    controller(0xae);
    expect(all()).toEqual([0x1e]);
  });

  it('passes the probe of the Linux i8042 driver', () => {
    const { controller, all, irq12 } = board();
    controller(0x20);
    const commandByte = all()[0]!;
    controller(0x60, (commandByte | 0x30) & ~3); // both ports closed, no interrupts
    controller(0xd3, 0x5a);
    expect(all()).toEqual([0x5a]);
    controller(0xa7);
    controller(0x20);
    expect(all()[0]! & 0x20).toBe(0x20);
    controller(0xa8);
    controller(0x20);
    expect(all()[0]! & 0x20).toBe(0);
    controller(0x60, (commandByte & ~0x20) | 2);
    controller(0xd3, 0xa5); // IRQ 12 delivery test
    expect(irq12.rises).toBe(1);
    expect(all()).toEqual([0xa5]);
  });

  it('comes out of reset with A20 on, interrupts off and an empty buffer', () => {
    const { ps2, controller, in: read, a20, irq1 } = board();
    controller(0x60, 0x01);
    controller(0xdd);
    ps2.keyboard.key(A, true);
    expect(irq1.level).toBe(true);
    ps2.reset();
    expect([a20.level, irq1.level, read(COMMAND)]).toEqual([true, false, 0x14]);
  });
});

describe('keyboard', () => {
  it('answers reset, identification, echo and unknown commands', () => {
    const { keyboard, controller } = board();
    controller(0x60, 0x05); // no translation
    expect(keyboard(0xff)).toEqual([0xfa, 0xaa]);
    expect(keyboard(0xf2)).toEqual([0xfa, 0xab, 0x83]);
    expect(keyboard(0xee)).toEqual([0xee]);
    expect(keyboard(0x01)).toEqual([0xfe]);
    expect(keyboard(0xf2)).toEqual([0xfa, 0xab, 0x83]);
    expect(keyboard(0xfe)).toEqual([0x83]);
  });

  it('is identified as AB 41 through the translating controller', () => {
    expect(board().keyboard(0xf2)).toEqual([0xfa, 0xab, 0x41]);
  });

  it('sets LEDs', () => {
    const { keyboard, leds } = board();
    expect(keyboard(0xed, 0x05)).toEqual([0xfa, 0xfa]);
    expect(leds).toEqual([5]);
  });

  it('takes a command where a parameter should be as a command', () => {
    expect(board().keyboard(0xed, 0xf4)).toEqual([0xfa, 0xfa]);
  });

  it('sends set 2, which the controller translates to set 1', () => {
    const { ps2, controller, all } = board();
    const press = (key: number) => {
      ps2.keyboard.key(key, true);
      ps2.keyboard.key(key, false);
      return all();
    };
    expect(press(A)).toEqual([0x1e, 0x9e]);
    expect(press(CTRL_RIGHT)).toEqual([0xe0, 0x1d, 0xe0, 0x9d]);
    expect(press(PAUSE)).toEqual([0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5]);
    expect(press(0x41)).toEqual([0x41, 0xc1]);
    controller(0x60, 0x05);
    expect(press(A)).toEqual([0x1c, 0xf0, 0x1c]);
    expect(press(CTRL_RIGHT)).toEqual([0xe0, 0x14, 0xe0, 0xf0, 0x14]);
    expect(press(0x41)).toEqual([0x83, 0xf0, 0x83]);
  });

  it('gives every set 1 key back through set 2 and translation', () => {
    const { ps2, all } = board();
    const keys = [...Array.from({ length: 0x53 }, (_, i) => i + 1), 0x56, 0x57, 0x58];
    for (const key of keys) {
      ps2.keyboard.key(key, true);
      ps2.keyboard.key(key, false);
      expect(all()).toEqual([key, key | 0x80]);
    }
  });

  it('switches scan code sets', () => {
    const { ps2, controller, keyboard, all } = board();
    controller(0x60, 0x05);
    expect(keyboard(0xf0, 0)).toEqual([0xfa, 0xfa, 2]);
    expect(keyboard(0xf0, 1)).toEqual([0xfa, 0xfa]);
    ps2.keyboard.key(CTRL_RIGHT, true);
    expect(all()).toEqual([0xe0, 0x1d]);
    keyboard(0xf0, 3);
    ps2.keyboard.key(CTRL_RIGHT, false);
    expect(all()).toEqual([0xf0, 0x58]);
  });

  it('repeats the last key after the delay at the rate set by F3h', () => {
    const { ps2, keyboard, context, all, in: read } = board();
    keyboard(0xf3, 0x00); // 250 ms, 30 per second
    ps2.keyboard.key(A, true);
    all();
    context.clock.advance(240e6);
    expect(read(COMMAND) & 1).toBe(0);
    context.clock.advance(110e6);
    ps2.keyboard.key(A, false);
    const bytes = all();
    expect(bytes.slice(-1)).toEqual([0x9e]);
    expect(bytes.length).toBe(1 + 4);
    context.clock.advance(1e9);
    expect(all()).toEqual([]);
  });

  it('takes no keys while disabled and none it has no room for', () => {
    const { ps2, keyboard, all } = board();
    keyboard(0xf5);
    expect(ps2.keyboard.key(A, true)).toBe(true);
    expect(all()).toEqual([]);
    keyboard(0xf4);
    let taken = 0;
    while (ps2.keyboard.key(0x10 + taken, true)) taken++;
    expect(taken).toBe(17); // 16 in the keyboard, one in the controller
    expect(all().length).toBe(17);
  });
});

describe('mouse', () => {
  it('answers reset, identification and status', () => {
    const { mouse } = board();
    expect(mouse(0xff)).toEqual([0xfa, 0xaa, 0x00]);
    expect(mouse(0xf2)).toEqual([0xfa, 0]);
    expect(mouse(0xe9)).toEqual([0xfa, 0x00, 2, 100]);
    expect(mouse(0xe8, 3, 0xf3, 40, 0xe7, 0xf4, 0xe9).slice(-4)).toEqual([0xfa, 0x30, 3, 40]);
    expect(mouse(0x00)).toEqual([0xfe]);
  });

  it('reports movement and buttons in three bytes, y upwards', () => {
    const { ps2, mouse, all } = board();
    ps2.mouse.move(1, 1, 0, 1);
    expect(all()).toEqual([]);
    mouse(0xf4);
    ps2.mouse.move(5, 3, 0, 1);
    expect(all()).toEqual([0x29, 5, 0xfd]);
    ps2.mouse.move(-2, 0, 0, 0);
    expect(all()).toEqual([0x18, 0xfe, 0]);
  });

  it('adds up what it cannot send yet and loses nothing', () => {
    const { ps2, mouse, all } = board();
    mouse(0xf4);
    for (let i = 0; i < 100; i++) ps2.mouse.move(10, 0, 0, 0);
    const bytes = all();
    let total = 0;
    for (let i = 0; i < bytes.length; i += 3) total += bytes[i + 1]!;
    expect(total).toBe(1000);
  });

  it('grows a wheel and two buttons on the knock sequences', () => {
    const { ps2, mouse, all } = board();
    mouse(0xf3, 200, 0xf3, 100, 0xf3, 80);
    expect(mouse(0xf2)).toEqual([0xfa, 3]);
    mouse(0xf4);
    ps2.mouse.move(0, 0, -1, 0);
    expect(all()).toEqual([0x08, 0, 0, 0xff]);
    mouse(0xf5, 0xf3, 200, 0xf3, 200, 0xf3, 80);
    expect(mouse(0xf2)).toEqual([0xfa, 4]);
    mouse(0xf4);
    ps2.mouse.move(0, 0, 2, 0x18);
    expect(all()).toEqual([0x08, 0, 0, 0x32]);
  });

  it('gives data on request in remote mode and echoes in wrap mode', () => {
    const { ps2, mouse, all } = board();
    mouse(0xf0);
    ps2.mouse.move(7, 0, 0, 2);
    expect(all()).toEqual([]);
    expect(mouse(0xeb)).toEqual([0xfa, 0x0a, 7, 0]);
    mouse(0xee);
    expect(mouse(0x42)).toEqual([0x42]);
    expect(mouse(0xec)).toEqual([0xfa]);
  });

  it('stays sane with absurd movements', () => {
    const { ps2, mouse, all } = board();
    mouse(0xf4);
    ps2.mouse.move(Number.NaN, Infinity, -1e300, 0xffff);
    expect(all().every((byte) => byte >= 0 && byte <= 255)).toBe(true);
  });
});
