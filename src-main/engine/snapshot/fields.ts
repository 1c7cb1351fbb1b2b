// The field types device state is made of. Each knows its storage, reset value and encoding. Buffers and
// nested objects keep their identity over reset and restore, so a device may hold references to them.

import { ByteFifo } from '../base/fifo.ts';
import type { ByteReader, ByteWriter } from './codec.ts';

export interface Field<T> {
  create(): T;
  /** The value after a reset; buffers are cleared in place. */
  reset(current: T): T;
  /** Takes over a restored value; buffers are filled in place. */
  assign(current: T, value: T): T;
  write(out: ByteWriter, value: T): void;
  /** A fresh value; throws `StateError` on impossible data. */
  read(input: ByteReader): T;
}

export type FieldMap = Readonly<Record<string, Field<unknown>>>;

/** The state object that a map of fields describes. */
export type StateOf<F extends FieldMap> = {
  -readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never;
};

function scalar<T>(
  initial: T,
  write: (out: ByteWriter, value: T) => void,
  read: (input: ByteReader) => T,
): Field<T> {
  return { create: () => initial, reset: () => initial, assign: (_current, value) => value, write, read };
}

export const u8 = (initial = 0): Field<number> =>
  scalar(
    initial,
    (out, value) => out.u8(value),
    (input) => input.u8(),
  );

export const u16 = (initial = 0): Field<number> =>
  scalar(
    initial,
    (out, value) => out.u16(value),
    (input) => input.u16(),
  );

export const u32 = (initial = 0): Field<number> =>
  scalar(
    initial,
    (out, value) => out.u32(value),
    (input) => input.u32(),
  );

export const i32 = (initial = 0): Field<number> =>
  scalar(
    initial,
    (out, value) => out.u32(value),
    (input) => input.u32() | 0,
  );

export const u64 = (initial = 0n): Field<bigint> =>
  scalar(
    initial,
    (out, value) => out.u64(value),
    (input) => input.u64(),
  );

/** Guest times in nanoseconds, among others; Infinity stands for "not armed". */
export const f64 = (initial = 0): Field<number> =>
  scalar(
    initial,
    (out, value) => out.f64(value),
    (input) => input.f64(),
  );

export const bool = (initial = false): Field<boolean> =>
  scalar(
    initial,
    (out, value) => out.u8(value ? 1 : 0),
    (input) => {
      const byte = input.u8();
      return byte > 1 ? input.fail(`${byte} is no truth value`) : byte === 1;
    },
  );

export const bytes = (length: number, initial = 0): Field<Uint8Array> => ({
  create: () => new Uint8Array(length).fill(initial),
  reset: (current) => current.fill(initial),
  assign(current, value) {
    current.set(value);
    return current;
  },
  write: (out, value) => out.raw(value),
  read: (input) => input.raw(length),
});

export const u32s = (length: number, initial = 0): Field<Uint32Array> => ({
  create: () => new Uint32Array(length).fill(initial),
  reset: (current) => current.fill(initial),
  assign(current, value) {
    current.set(value);
    return current;
  },
  write(out, value) {
    for (const word of value) out.u32(word);
  },
  read: (input) => Uint32Array.from({ length }, () => input.u32()),
});

export const fifo = (capacity: number): Field<ByteFifo> => ({
  create: () => new ByteFifo(capacity),
  reset(current) {
    current.clear();
    return current;
  },
  assign(current, value) {
    current.clear();
    for (let i = 0; i < value.length; i++) current.push(value.peek(i));
    return current;
  },
  write(out, value) {
    out.u32(value.length);
    for (let i = 0; i < value.length; i++) out.u8(value.peek(i));
  },
  read(input) {
    const length = input.u32();
    if (length > capacity) input.fail(`a queue of ${capacity} can't hold ${length} bytes`);
    const value = new ByteFifo(capacity);
    for (let i = 0; i < length; i++) value.push(input.u8());
    return value;
  },
});

/** Bytes of any number up to a limit; the value is replaced, not filled. */
export const blob = (limit: number): Field<Uint8Array> => ({
  create: () => new Uint8Array(0),
  reset: () => new Uint8Array(0),
  assign: (_current, value) => value,
  write(out, value) {
    out.u32(value.length);
    out.raw(value);
  },
  read(input) {
    const length = input.u32();
    return length > limit ? input.fail(`${length} bytes are more than the ${limit} that there may be`) : input.raw(length);
  },
});

/** A group of fields of its own, such as one channel of a timer chip. */
export const nested = <F extends FieldMap>(fields: F): Field<StateOf<F>> => ({
  create: () => createFields(fields),
  reset(current) {
    resetFields(fields, current);
    return current;
  },
  assign(current, value) {
    assignFields(fields, current, value);
    return current;
  },
  write: (out, value) => writeFields(fields, out, value),
  read: (input) => readFields(fields, input),
});

/** A fixed number of equal parts. */
export const list = <T>(length: number, item: Field<T>): Field<T[]> => ({
  create: () => Array.from({ length }, () => item.create()),
  reset(current) {
    for (let i = 0; i < length; i++) current[i] = item.reset(current[i]!);
    return current;
  },
  assign(current, value) {
    for (let i = 0; i < length; i++) current[i] = item.assign(current[i]!, value[i]!);
    return current;
  },
  write(out, value) {
    for (const part of value) item.write(out, part);
  },
  read: (input) => Array.from({ length }, () => item.read(input)),
});

/** A field that survives a reset, such as battery-backed memory. */
export const kept = <T>(field: Field<T>): Field<T> => ({ ...field, reset: (current) => current });

export function createFields<F extends FieldMap>(fields: F): StateOf<F> {
  const state: Record<string, unknown> = {};
  for (const name in fields) state[name] = fields[name]!.create();
  return state as StateOf<F>;
}

export function resetFields<F extends FieldMap>(fields: F, state: StateOf<F>): void {
  const values = state as Record<string, unknown>;
  for (const name in fields) values[name] = fields[name]!.reset(values[name]);
}

export function assignFields<F extends FieldMap>(fields: F, state: StateOf<F>, from: StateOf<F>): void {
  const values = state as Record<string, unknown>;
  const source = from as Record<string, unknown>;
  for (const name in fields) values[name] = fields[name]!.assign(values[name], source[name]);
}

export function writeFields<F extends FieldMap>(fields: F, out: ByteWriter, state: StateOf<F>): void {
  const values = state as Record<string, unknown>;
  for (const name in fields) fields[name]!.write(out, values[name]);
}

export function readFields<F extends FieldMap>(fields: F, input: ByteReader): StateOf<F> {
  const state: Record<string, unknown> = {};
  for (const name in fields) state[name] = fields[name]!.read(input);
  return state as StateOf<F>;
}
