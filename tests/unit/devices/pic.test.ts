// Two cascaded 8259A (Intel 231468): initialisation, priorities, ends of interrupt, modes.

import { describe, expect, it } from 'vitest';
import { Pic } from '../../../src-main/engine/devices/pic/pic.ts';
import { accessor, fakeContext } from '../../support/fake-context.ts';

const MASTER = 0x20;
const SLAVE = 0xa0;
const EOI = 0x20;

function board(icw4 = 0x01) {
  const context = fakeContext();
  const pic = new Pic(context);
  const io = accessor(pic);
  const initialise = (base: number, vector: number, icw3: number) => {
    io.out(base, 0x11);
    io.out(base + 1, vector);
    io.out(base + 1, icw3);
    io.out(base + 1, icw4);
  };
  initialise(MASTER, 0x08, 0x04);
  initialise(SLAVE, 0x70, 0x02);
  const lines = Array.from({ length: 16 }, (_, irq) => pic.input(irq));
  const pulse = (irq: number) => {
    lines[irq]!.set(true);
    lines[irq]!.set(false);
  };
  return { ...io, pic, lines, pulse, intr: context.irq('intr') };
}

describe('8259A pair', () => {
  it('raises INTR for an edge and gives the vector of ICW2 plus the input', () => {
    const { pic, pulse, intr } = board();
    expect(intr.level).toBe(false);
    pulse(4);
    expect([intr.level, pic.pending()]).toEqual([true, true]);
    expect(pic.acknowledge()).toBe(0x0c);
    expect(intr.level).toBe(false);
  });

  it('takes one interrupt per edge', () => {
    const { pic, lines, out } = board();
    lines[4]!.set(true);
    pic.acknowledge();
    out(MASTER, EOI);
    expect(pic.pending()).toBe(false);
    lines[4]!.set(false);
    lines[4]!.set(true);
    expect(pic.pending()).toBe(true);
  });

  it('follows the level of inputs selected in ELCR', () => {
    const { pic, lines, in: read, out } = board();
    out(0x4d0, 0xff);
    out(0x4d1, 0xff);
    expect([read(0x4d0), read(0x4d1)]).toEqual([0xf8, 0xde]);
    lines[5]!.set(true);
    expect(pic.acknowledge()).toBe(0x0d);
    out(MASTER, EOI);
    expect(pic.pending()).toBe(true);
    lines[5]!.set(false);
    expect(pic.pending()).toBe(false);
  });

  it('nests only higher priorities until EOI', () => {
    const { pic, pulse, out } = board();
    pulse(3);
    expect(pic.acknowledge()).toBe(0x0b);
    pulse(5);
    expect(pic.pending()).toBe(false);
    pulse(1);
    expect(pic.acknowledge()).toBe(0x09);
    out(MASTER, EOI);
    expect(pic.pending()).toBe(false);
    out(MASTER, EOI);
    expect(pic.acknowledge()).toBe(0x0d);
  });

  it('cascades the slave over IR2 and keeps a second slave request that came while it was in service', () => {
    const { pic, pulse, in: read, out } = board();
    pulse(12);
    expect(read(MASTER)).toBe(0x04);
    expect(pic.acknowledge()).toBe(0x74);
    pulse(8);
    out(SLAVE, EOI);
    expect(pic.pending()).toBe(false);
    out(MASTER, EOI);
    expect(pic.acknowledge()).toBe(0x70);
  });

  it('lets a slave interrupt its own level in special fully nested mode', () => {
    const { pic, pulse } = board(0x11);
    pulse(12);
    pic.acknowledge();
    pulse(8);
    expect(pic.acknowledge()).toBe(0x70);
  });

  it('masks by OCW1 and keeps the request', () => {
    const { pic, pulse, in: read, out } = board();
    out(MASTER + 1, 0x10);
    expect(read(MASTER + 1)).toBe(0x10);
    pulse(4);
    expect(pic.pending()).toBe(false);
    out(MASTER + 1, 0);
    expect(pic.pending()).toBe(true);
  });

  it('reads IRR and ISR by OCW3', () => {
    const { pic, pulse, in: read, out } = board();
    pulse(4);
    pic.acknowledge();
    pulse(6);
    expect(read(MASTER)).toBe(0x40);
    out(MASTER, 0x0b);
    expect(read(MASTER)).toBe(0x10);
    out(MASTER, 0x0a);
    expect(read(MASTER)).toBe(0x40);
  });

  it('reports IR7 without service when the request has gone', () => {
    const { pic, lines, in: read, out } = board();
    out(0x4d0, 0x20);
    lines[5]!.set(true);
    lines[5]!.set(false);
    expect(pic.acknowledge()).toBe(0x0f);
    out(MASTER, 0x0b);
    expect(read(MASTER)).toBe(0);
  });

  it('ends interrupts by itself in automatic EOI mode', () => {
    const { pic, pulse, in: read, out } = board(0x03);
    pulse(4);
    pic.acknowledge();
    out(MASTER, 0x0b);
    expect(read(MASTER)).toBe(0);
  });

  it('rotates priorities', () => {
    const { pic, pulse, out } = board();
    out(MASTER, 0xc4); // IR4 lowest, IR5 highest
    pulse(3);
    pulse(6);
    expect(pic.acknowledge()).toBe(0x0e);
    out(MASTER, 0xa0); // rotate on non-specific EOI: IR6 lowest
    pulse(6);
    expect(pic.acknowledge()).toBe(0x0b);
  });

  it('passes masked levels in special mask mode', () => {
    const { pic, pulse, out } = board();
    pulse(1);
    pic.acknowledge();
    out(MASTER + 1, 0x02);
    out(MASTER, 0x68);
    pulse(5);
    expect(pic.acknowledge()).toBe(0x0d);
  });

  it('ends exactly the named level by specific EOI', () => {
    const { pic, pulse, in: read, out } = board();
    pulse(5);
    pic.acknowledge();
    pulse(2);
    pulse(1);
    pic.acknowledge();
    out(MASTER, 0x65);
    out(MASTER, 0x0b);
    expect(read(MASTER)).toBe(0x02);
  });

  it('answers a poll once and puts the level in service', () => {
    const { pulse, in: read, out } = board();
    out(MASTER, 0x0c);
    expect(read(MASTER)).toBe(0);
    pulse(3);
    out(MASTER, 0x0c);
    expect(read(MASTER)).toBe(0x83);
    out(MASTER, 0x0b);
    expect(read(MASTER)).toBe(0x08);
  });

  it('forgets edges, masks and service on ICW1', () => {
    const { pic, pulse, in: read, out } = board();
    pulse(3);
    out(MASTER + 1, 0xff);
    out(MASTER, 0x11);
    out(MASTER + 1, 0x20);
    out(MASTER + 1, 4);
    out(MASTER + 1, 1);
    expect([read(MASTER), read(MASTER + 1), pic.pending()]).toEqual([0, 0, false]);
  });

  it('drops INTR on reset', () => {
    const { pic, pulse, intr } = board();
    pulse(3);
    pic.reset();
    expect(intr.level).toBe(false);
  });
});
