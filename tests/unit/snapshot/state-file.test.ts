// State files: what is written is read back, pages are stored once, and damage anywhere is named.

import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { STATE_PAGE, StateFileError, StateReader, type StateSource, StateWriter } from '../../../src-main/engine/snapshot/index.ts';
import { stateCodec } from '../../../src-main/host/state-files.ts';

const MACHINE = { cpuModel: 'pentium3', memoryBytes: 200 * STATE_PAGE, tailBytes: 3 * STATE_PAGE };
const PAGES = 203;
const SECTIONS = [{ id: 'cpu0', version: 1, bytes: Uint8Array.of(1, 2, 3) }, { id: 'vga', version: 2, bytes: new Uint8Array(5000).fill(7) }];

const folder = new Map<string, Uint8Array>();

function source(name: string): StateSource {
  const bytes = folder.get(name) ?? new Uint8Array();
  return { name, bytes: bytes.length, read: (offset, length) => bytes.slice(offset, offset + length), close: () => {} };
}

const files = { open: source, openBeside: (_path: string, file: string) => (folder.has(file) ? source(file) : undefined) };
const open = (name: string): StateReader => StateReader.open(files, stateCodec, name);

/** Page n is all zero for every third n, else filled with what `fill` says. */
function memoryOf(fill: (page: number) => number): Uint8Array {
  const memory = new Uint8Array(PAGES * STATE_PAGE);
  for (let page = 0; page < PAGES; page++) {
    if (page % 3 !== 0) memory.fill(fill(page), page * STATE_PAGE, (page + 1) * STATE_PAGE);
    if (page % 3 === 1) memory.set(Uint8Array.from({ length: 64 }, (_, n) => (page * 7 + n) & 0xff), page * STATE_PAGE);
  }
  return memory;
}

function write(name: string, memory: Uint8Array, parent?: string) {
  let bytes = new Uint8Array();
  const reader = parent === undefined ? undefined : open(parent);
  const writer = new StateWriter({
    codec: stateCodec, machine: MACHINE, savedMs: 5, id: randomBytes(16).toString('hex'),
    parent: reader && { file: parent!, id: reader.index.id, digest: (page) => reader.digest(page) },
    sink: {
      append: (more) => {
        const longer = new Uint8Array(bytes.length + more.length);
        longer.set(bytes);
        longer.set(more, bytes.length);
        bytes = longer;
      },
      writeHeader: (header) => bytes.set(header),
    },
  });
  for (const section of SECTIONS) writer.section(section);
  for (let page = 0; page < PAGES; page++) writer.page(memory.slice(page * STATE_PAGE, (page + 1) * STATE_PAGE));
  const written = writer.finish();
  folder.set(name, bytes);
  return written;
}

async function read(name: string): Promise<Uint8Array> {
  const memory = new Uint8Array(PAGES * STATE_PAGE);
  for (const group of open(name).groups()) await group.load(memory);
  return memory;
}

describe('a state file', () => {
  it('gives back sections and memory', async () => {
    const memory = memoryOf((page) => page & 0xff);
    const { bytes, pages } = write('a', memory);
    expect(bytes).toBe(folder.get('a')?.length);
    expect(pages).toBe(PAGES - Math.ceil(PAGES / 3));
    expect(open('a').sections().map((one) => ({ ...one, bytes: Uint8Array.from(one.bytes) }))).toEqual(SECTIONS);
    expect(Buffer.compare(await read('a'), memory)).toBe(0);
  });

  it('stores equal pages once', () => {
    const memory = new Uint8Array(PAGES * STATE_PAGE).fill(9);
    expect(write('same', memory)).toMatchObject({ pages: PAGES, ownPages: 1 });
  });

  it('holds only what differs from its parent, through any number of them', async () => {
    const first = memoryOf((page) => page & 0xff);
    write('p0', first);
    const second = first.slice();
    second.set([1, 2, 3], 50 * STATE_PAGE);
    second.fill(0, 100 * STATE_PAGE, 101 * STATE_PAGE);
    expect(write('p1', second, 'p0')).toMatchObject({ ownPages: 1 });
    const third = second.slice();
    third.set([4], 202 * STATE_PAGE);
    expect(write('p2', third, 'p1')).toMatchObject({ ownPages: 1 });
    expect(folder.get('p2')!.length).toBeLessThan(folder.get('p0')!.length);
    expect(Buffer.compare(await read('p2'), third)).toBe(0);
    expect(Buffer.compare(await read('p1'), second)).toBe(0);
  });

  it('says when its parent is gone or another one', () => {
    write('q0', memoryOf(() => 1));
    write('q1', memoryOf((page) => (page === 2 ? 1 : 2)), 'q0');
    write('q0', memoryOf(() => 3));
    expect(() => open('q1')).toThrow(/“q1” builds on the state “q0”, which is another one now/);
    folder.delete('q0');
    expect(() => open('q1')).toThrow(/which is not there/);
  });

  it('names the damage wherever a byte has changed, and never gives a wrong one', async () => {
    const memory = memoryOf((page) => page & 0xff);
    write('whole', memory);
    const whole = folder.get('whole')!;
    for (let at = 0; at < whole.length; at += at < 100 ? 1 : 41) {
      folder.set('bad', whole.map((byte, n) => (n === at ? byte ^ 0x10 : byte)));
      try {
        const reader = open('bad');
        for (const _ of reader.verify());
        // Between the header's fields there are bytes that mean nothing.
        expect(Buffer.compare(await read('bad'), memory)).toBe(0);
      } catch (error) {
        expect(error).toBeInstanceOf(StateFileError);
        expect((error as StateFileError).place.file).toBe('bad');
      }
    }
    expect(() => [...open('bad').verify()]).toThrow(StateFileError);
  });

  it('is refused when it is cut short anywhere', () => {
    write('long', memoryOf((page) => page & 0xff));
    const whole = folder.get('long')!;
    for (let length = 0; length < whole.length; length += 97) {
      folder.set('short', whole.slice(0, length));
      expect(() => open('short')).toThrow(StateFileError);
    }
  });
});
