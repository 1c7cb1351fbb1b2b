// One declaration of a device's state gives storage, reset, saving and restoring.

import { describe, expect, it } from 'vitest';
import { StateError } from '../../../src-main/engine/snapshot/codec.ts';
import { defineState, migration } from '../../../src-main/engine/snapshot/define-state.ts';
import * as fields from '../../../src-main/engine/snapshot/fields.ts';

const SPEC = defineState('sample', 1, {
  a: fields.u8(7),
  b: fields.u16(),
  c: fields.u32(),
  d: fields.i32(-1),
  e: fields.u64(5n),
  f: fields.bool(true),
  g: fields.f64(Infinity),
  h: fields.bytes(3, 0xff),
  i: fields.u32s(2),
  j: fields.fifo(4),
  k: fields.nested({ x: fields.u8(), y: fields.bytes(1) }),
  l: fields.list(2, fields.u8(9)),
  m: fields.kept(fields.u8()),
});

function filled() {
  const state = SPEC.create();
  Object.assign(state, { a: 1, b: 0x1234, c: 0xffff_fffe, d: -2, e: 2n ** 64n - 1n, f: false, g: 1.5, m: 3 });
  state.h.set([1, 2, 3]);
  state.i.set([4, 0xffff_ffff]);
  state.j.push(8);
  state.j.push(9);
  state.k.x = 5;
  state.k.y[0] = 6;
  state.l[1] = 7;
  return state;
}

function codeOf(action: () => void): string {
  try {
    action();
  } catch (error) {
    if (error instanceof StateError) return error.code;
    throw error;
  }
  return 'none';
}

describe('defineState', () => {
  it('encodes little-endian in field order', () => {
    const small = defineState('small', 1, { a: fields.u8(), b: fields.u16(), c: fields.bool() });
    expect([...small.save({ a: 1, b: 0x1234, c: true })]).toEqual([1, 0x34, 0x12, 1]);
  });

  it('encodes sections larger than any first guess', () => {
    const large = defineState('large', 1, {
      a: fields.bytes(255, 1),
      b: fields.u32(2),
      c: fields.bytes(5000, 3),
      d: fields.u32s(999, 4),
    });
    const saved = large.save(large.create());
    expect(saved.length).toBe(255 + 4 + 5000 + 4 * 999);
    const state = large.create();
    state.a.fill(0);
    state.c.fill(0);
    state.d.fill(0);
    large.restore(state, 1, saved);
    expect(state).toEqual(large.create());
  });

  it('restores what it saved, in place', () => {
    const saved = SPEC.save(filled());
    const state = SPEC.create();
    const { h, j, k } = state;
    SPEC.restore(state, 1, saved);
    expect(state).toEqual(filled());
    expect([state.h === h, state.j === j, state.k === k]).toEqual([true, true, true]);
    expect(SPEC.save(state)).toEqual(saved);
  });

  it('resets everything but kept fields, in place', () => {
    const state = filled();
    const { h, l } = state;
    SPEC.reset(state);
    expect(SPEC.save(state)).toEqual(SPEC.save({ ...SPEC.create(), m: 3 }));
    expect([state.h === h, state.l === l]).toEqual([true, true]);
  });

  it('refuses impossible sections and leaves the state alone', () => {
    const saved = SPEC.save(filled());
    const state = SPEC.create();
    const queue = saved.length - 4 - 1 - 1 - 2 - 1 - 2; // the queue's length word
    const withByte = (at: number, value: number) => saved.map((byte, i) => (i === at ? value : byte));
    expect(codeOf(() => SPEC.restore(state, 1, saved.slice(0, -1)))).toBe('truncated');
    expect(codeOf(() => SPEC.restore(state, 1, Uint8Array.of(...saved, 0)))).toBe('trailing-bytes');
    expect(codeOf(() => SPEC.restore(state, 2, saved))).toBe('unknown-version');
    expect(codeOf(() => SPEC.restore(state, 0, saved))).toBe('unknown-version');
    expect(codeOf(() => SPEC.restore(state, 1, withByte(19, 2)))).toBe('bad-value');
    expect(saved[queue]).toBe(2);
    expect(codeOf(() => SPEC.restore(state, 1, withByte(queue, 200)))).toBe('bad-value');
    expect(state).toEqual(SPEC.create());
  });

  it('migrates an old section step by step', () => {
    const v1 = { count: fields.u8() };
    const v2 = { count: fields.u16(), on: fields.bool() };
    const old = defineState('m', 1, v1);
    const current = defineState(
      'm',
      3,
      { total: fields.u32(), on: fields.bool() },
      {
        migrations: {
          1: migration(v1, ({ count }) => ({ count: count * 2, on: true })),
          2: migration(v2, ({ count, on }) => ({ total: count + 1, on })),
        },
      },
    );
    const state = current.create();
    current.restore(state, 1, old.save({ count: 20 }));
    expect(state).toEqual({ total: 41, on: true });
  });

  it('insists on a migration from every old version', () => {
    expect(() =>
      defineState('gap', 3, { a: fields.u8() }, { migrations: { 2: migration({}, () => ({})) } }),
    ).toThrow(/no migration from version 1/);
  });
});
