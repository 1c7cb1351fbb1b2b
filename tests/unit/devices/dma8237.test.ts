// Transfers of the 8237A. Reference: Intel 8237A datasheet (231466); IBM PC/AT technical reference (page registers).

import { describe, expect, it } from 'vitest';
import { Dma8237 } from '../../../src-main/engine/devices/dma8237.ts';
import { accessor, fakeContext } from '../../support/fake-context.ts';

const SINGLE = 0x40;
const TO_MEMORY = 4;
const FROM_MEMORY = 8;
const AUTOINITIALIZE = 0x10;
const DOWNWARDS = 0x20;

function build() {
  const context = fakeContext(0, 0x4_0000);
  const device = new Dma8237({ dma: context.dma });
  const io = accessor(device);
  device.reset();
  // The cascade of the second controller.
  io.out(0xd6, 0xc0);
  io.out(0xd4, 0);
  const setUp = (mode: number, address: number, count: number): void => {
    io.out(0x0a, 4 | 2);
    io.out(0x0c, 0);
    io.out(0x0b, mode | 2);
    io.out(0x04, address & 0xff);
    io.out(0x04, (address >> 8) & 0xff);
    io.out(0x81, address >> 16);
    io.out(0x05, count & 0xff);
    io.out(0x05, count >> 8);
    io.out(0x0a, 2);
  };
  const counter = (port: number): number => {
    io.out(0x0c, 0);
    return io.in(port) | (io.in(port) << 8);
  };
  return { context, io, device, channel: device.channel(2), setUp, counter };
}

describe('a channel of bytes', () => {
  it('moves count + 1 bytes to memory, reaches terminal count and masks itself', () => {
    const { context, io, channel, setUp } = build();
    setUp(SINGLE | TO_MEMORY, 0x1_2000, 3);
    expect(channel.toMemory(Uint8Array.of(1, 2))).toEqual({ bytes: 2, terminal: false });
    expect(channel.toMemory(Uint8Array.of(3, 4, 5))).toEqual({ bytes: 2, terminal: true });
    expect([...context.memory.subarray(0x1_2000, 0x1_2005)]).toEqual([1, 2, 3, 4, 0]);
    expect(io.in(0x08) & 15).toBe(4);
    expect(io.in(0x08) & 15).toBe(0);
    expect(channel.toMemory(Uint8Array.of(6))).toEqual({ bytes: 0, terminal: false });
  });

  it('moves from memory', () => {
    const { context, channel, setUp } = build();
    context.memory.set([7, 8, 9], 0x5000);
    setUp(SINGLE | FROM_MEMORY, 0x5000, 2);
    const data = new Uint8Array(3);
    expect(channel.fromMemory(data)).toEqual({ bytes: 3, terminal: true });
    expect([...data]).toEqual([7, 8, 9]);
  });

  it('wraps within its 64 KiB', () => {
    const { context, channel, setUp } = build();
    setUp(SINGLE | TO_MEMORY, 0x1_fffe, 3);
    channel.toMemory(Uint8Array.of(1, 2, 3, 4));
    expect([context.memory[0x1_fffe], context.memory[0x1_ffff], context.memory[0x1_0000], context.memory[0x1_0001], context.memory[0x2_0000]])
      .toEqual([1, 2, 3, 4, 0]);
  });

  it('counts addresses down', () => {
    const { context, channel, setUp, counter } = build();
    setUp(SINGLE | TO_MEMORY | DOWNWARDS, 0x3001, 5);
    channel.toMemory(Uint8Array.of(1, 2, 3));
    expect([...context.memory.subarray(0x2fff, 0x3002)]).toEqual([3, 2, 1]);
    expect([counter(0x04), counter(0x05)]).toEqual([0x2ffe, 2]);
  });

  it('starts over with autoinitialization', () => {
    const { context, channel, setUp, counter } = build();
    setUp(SINGLE | TO_MEMORY | AUTOINITIALIZE, 0x3000, 1);
    expect(channel.toMemory(Uint8Array.of(1, 2)).terminal).toBe(true);
    expect([counter(0x04), counter(0x05)]).toEqual([0x3000, 1]);
    expect(channel.toMemory(Uint8Array.of(3, 4))).toEqual({ bytes: 2, terminal: true });
    expect([...context.memory.subarray(0x3000, 0x3002)]).toEqual([3, 4]);
  });

  it('verifies: counts without touching memory', () => {
    const { context, channel, setUp, counter } = build();
    setUp(SINGLE, 0x3000, 9);
    expect(channel.toMemory(Uint8Array.of(1, 2, 3))).toEqual({ bytes: 3, terminal: false });
    expect([context.memory[0x3000], counter(0x05)]).toEqual([0, 6]);
  });

  it('waits while masked, switched off or set up the other way, and says when that may have changed', () => {
    const { io, channel, setUp } = build();
    let calls = 0;
    channel.onReady(() => { calls += 1; });
    setUp(SINGLE | TO_MEMORY, 0x3000, 9);
    const before = calls;
    io.out(0x0a, 4 | 2);
    expect(channel.toMemory(Uint8Array.of(1)).bytes).toBe(0);
    io.out(0x0a, 2);
    io.out(0x08, 4);
    expect(channel.toMemory(Uint8Array.of(1)).bytes).toBe(0);
    io.out(0x08, 0);
    expect(channel.fromMemory(new Uint8Array(1)).bytes).toBe(0);
    expect(channel.toMemory(Uint8Array.of(1)).bytes).toBe(1);
    expect(calls - before).toBe(4);
  });
});

it('a channel of words counts words, in 128 KiB', () => {
  const { context, device, io } = build();
  io.out(0xd6, SINGLE | TO_MEMORY | 1);
  io.out(0xc4, 0xff);
  io.out(0xc4, 0xff);
  io.out(0x8b, 2);
  io.out(0xc6, 1);
  io.out(0xc6, 0);
  io.out(0xd4, 1);
  expect(device.channel(5).toMemory(Uint8Array.of(1, 2, 3, 4, 5))).toEqual({ bytes: 4, terminal: true });
  expect([...context.memory.subarray(0x3_fffe, 0x4_0000), ...context.memory.subarray(0x2_0000, 0x2_0002)]).toEqual([1, 2, 3, 4]);
});
