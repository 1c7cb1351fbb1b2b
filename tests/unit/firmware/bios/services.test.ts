// BIOS services as programs call them: real code through the vectors, results as the interface reference has them.

import { describe, expect, it } from 'vitest';
import { asm, biosMachine, bootImage, disk, FLOPPY_BYTES, floppy, kept, RESULTS, SECTOR } from '../../../support/bios-machine.ts';

const DISK_BYTES = 0x100_0000;

/** Boots a floppy with the program; a disk of 16 MiB is there too. */
function run(program: readonly number[], memoryBytes = 64 * 0x10_0000) {
  const machine = biosMachine(
    [floppy(bootImage([...program, ...asm.halt()], FLOPPY_BYTES)), disk(bootImage([], DISK_BYTES))],
    { firmware: { order: 'a', menu: false, strict: false }, memoryBytes },
  );
  expect(machine.run().kind).toBe('idle');
  return machine;
}

describe('INT 13h', () => {
  it('tells the geometry of a disk: 16 heads, 63 sectors', () => {
    const machine = run([...asm.ax(0x0800), ...asm.dx(0x0080), ...asm.int(0x13), ...asm.keep()]);
    // 32768 sectors are 32 cylinders of 1008.
    expect(kept(machine)).toMatchObject({ carry: false, cx: (31 << 8) | 63, dx: 0x0f01 });
  });

  it('tells the geometry of a floppy, with its parameter table', () => {
    const machine = run([...asm.ax(0x0800), ...asm.dx(0), ...asm.int(0x13), ...asm.keep()]);
    expect(kept(machine)).toMatchObject({ carry: false, bx: 0x0004, cx: 0x4f12, dx: 0x0101, es: 0xf000, di: 0xefc7 });
  });

  it('reads sectors by CHS and says how many', () => {
    const machine = run([...asm.ax(0x0203), ...asm.bx(0x8000), ...asm.cx(0x0002), ...asm.dx(0x0080), ...asm.int(0x13), ...asm.keep()]);
    expect(kept(machine)).toMatchObject({ carry: false, ax: 0x0003 });
    expect([1, 2, 3].map((n) => machine.bytes(0x8000 + n * SECTOR - 1, 1)[0])).toEqual([1, 2, 3]);
  });

  it('writes what it reads back', () => {
    const address = [...asm.bx(0x8000), ...asm.cx(0x0105), ...asm.dx(0x0280)];
    const machine = run([
      ...asm.poke(0x8000, 0x1234), ...address, ...asm.ax(0x0301), ...asm.int(0x13), ...asm.poke(0x8000, 0),
      ...address, ...asm.ax(0x0201), ...asm.int(0x13), ...asm.keep(),
    ]);
    expect(kept(machine).carry).toBe(false);
    expect(machine.word(0x8000)).toBe(0x1234);
  });

  it('refuses a sector beyond the end with error 04h', () => {
    const machine = run([...asm.ax(0x0201), ...asm.bx(0x8000), ...asm.cx(0xff40 | 63), ...asm.dx(0x0f80), ...asm.int(0x13), ...asm.keep()]);
    expect(kept(machine)).toMatchObject({ carry: true, ax: 0x0400 });
  });

  it('has EDD: version, packet read and parameters', () => {
    const machine = run([
      ...asm.ax(0x4100), ...asm.bx(0x55aa), ...asm.dx(0x0080), ...asm.int(0x13), ...asm.keep(),
      // Packet at 8000h: two sectors from 5 to 9000h.
      ...asm.poke(0x8000, 0x0010), ...asm.poke(0x8002, 2), ...asm.poke(0x8004, 0x9000), ...asm.poke(0x8008, 5),
      ...asm.ax(0x4200), ...asm.si(0x8000), ...asm.int(0x13), ...asm.keep(0x10),
      ...asm.poke(0x8100, 0x1e), ...asm.ax(0x4800), ...asm.si(0x8100), ...asm.int(0x13), ...asm.keep(0x20),
    ]);
    expect(kept(machine)).toMatchObject({ carry: false, bx: 0xaa55, cx: 5 });
    expect(kept(machine).ax >> 8).toBe(0x30);
    expect(kept(machine, 0x10)).toMatchObject({ carry: false });
    expect([0x9000 + SECTOR - 1, 0x9000 + 2 * SECTOR - 1].map((at) => machine.bytes(at, 1)[0])).toEqual([5, 6]);
    expect([machine.dword(0x8110), machine.word(0x8118)]).toEqual([DISK_BYTES / SECTOR, SECTOR]);
  });

  it('says that there is no such drive', () => {
    const machine = run([...asm.ax(0x0201), ...asm.bx(0x8000), ...asm.cx(1), ...asm.dx(0x0081), ...asm.int(0x13), ...asm.keep()]);
    expect(kept(machine)).toMatchObject({ carry: true, ax: 0x0101 });
  });
});

describe('INT 15h', () => {
  it('lists memory by E820h until EBX is 0', () => {
    const entry = (at: number): number[] => [...asm.eax(0xe820), ...asm.edx(0x534d4150), ...asm.ecx(20), ...asm.di(at), ...asm.int(0x15)];
    const machine = run([...asm.ebx(0), ...entry(0x8000), ...asm.keep(), ...entry(0x8014), ...entry(0x8028), ...entry(0x803c)]);
    expect(kept(machine)).toMatchObject({ carry: false, ax: 0x4150, bx: 1, cx: 20 });
    const range = (at: number) => [machine.dword(at), machine.dword(at + 8), machine.dword(at + 16)];
    expect(range(0x8000)).toEqual([0, 0x9fc00, 1]);
    expect(range(0x8014)).toEqual([0x9fc00, 0x400, 2]);
    expect(range(0x803c)).toEqual([0x10_0000, 0x3f0_0000 - 0x1_0000, 1]);
  });

  it('tells extended memory by 88h and E801h', () => {
    const machine = run([...asm.ax(0x8800), ...asm.int(0x15), ...asm.keep(), ...asm.ax(0xe801), ...asm.int(0x15), ...asm.keep(0x10)]);
    expect(kept(machine).ax).toBe(63 * 1024);
    expect(kept(machine, 0x10)).toMatchObject({ ax: 15 * 1024, bx: 48 * 16, cx: 15 * 1024, dx: 48 * 16 });
  });

  it('switches A20 and says how it stands', () => {
    const machine = run([
      ...asm.ax(0x2400), ...asm.int(0x15), ...asm.ax(0x2402), ...asm.int(0x15), ...asm.keep(),
      ...asm.ax(0x2401), ...asm.int(0x15), ...asm.ax(0x2402), ...asm.int(0x15), ...asm.keep(0x10),
    ]);
    expect([kept(machine).ax, kept(machine, 0x10).ax]).toEqual([0, 1]);
  });

  it('moves a block to extended memory by 87h', () => {
    const descriptor = (at: number, base: number): number[] => [
      ...asm.poke(at, 0xffff), ...asm.poke(at + 2, base & 0xffff), ...asm.poke(at + 4, 0x9300 | (base >> 16)),
    ];
    const machine = run([
      ...asm.poke(0x9000, 0xbeef), ...descriptor(0x8010, 0x9000), ...descriptor(0x8018, 0x20_0000),
      ...asm.ax(0x8700), ...asm.cx(1), ...asm.si(0x8000), ...asm.int(0x15), ...asm.keep(),
    ]);
    expect(kept(machine)).toMatchObject({ carry: false });
    expect(machine.word(0x20_0000)).toBe(0xbeef);
  });

  it('waits as long as 86h says', () => {
    const machine = run([...asm.ax(0x8600), ...asm.cx(1), ...asm.dx(0), ...asm.int(0x15), ...asm.keep()]);
    expect(kept(machine).carry).toBe(false);
    // 65536 microseconds at an instruction a nanosecond, HLT included.
    expect([1, 2]).toContain(machine.dword(0x46c));
  });

  it('switches the machine off by APM', () => {
    const machine = biosMachine([floppy(bootImage([
      ...asm.ax(0x5301), ...asm.bx(0), ...asm.int(0x15), ...asm.ax(0x5307), ...asm.bx(1), ...asm.cx(3), ...asm.int(0x15), ...asm.halt(),
    ], FLOPPY_BYTES))]);
    expect(machine.run()).toEqual({ kind: 'power-off' });
  });
});

describe('INT 16h', () => {
  it('waits for a key and gives scan code and character', () => {
    const machine = biosMachine([floppy(bootImage([...asm.ax(0x0000), ...asm.int(0x16), ...asm.keep(), ...asm.halt()], FLOPPY_BYTES))]);
    machine.machine.runFor(20_000_000, 3e8);
    machine.machine.command({ kind: 'keyboard', scanCodes: Uint8Array.of(0x2a, 0x1e, 0x9e, 0xaa) });
    machine.run();
    expect(kept(machine).ax).toBe(0x1e41);
  });

  it('keeps grey keys from programs that know only the old keyboard', () => {
    // Store F11 and a grey arrow, read by 00h: F11 is gone, the arrow has no E0h.
    const store = (word: number): number[] => [...asm.ax(0x0500), ...asm.cx(word), ...asm.int(0x16)];
    const machine = run([
      ...store(0x8500), ...store(0x48e0), ...store(0x48e0), ...asm.ax(0x0000), ...asm.int(0x16), ...asm.keep(),
      ...asm.ax(0x1000), ...asm.int(0x16), ...asm.keep(0x10), ...asm.ax(0x0100), ...asm.int(0x16), ...asm.keep(0x20),
    ]);
    expect([kept(machine).ax, kept(machine, 0x10).ax]).toEqual([0x4800, 0x48e0]);
    expect(kept(machine, 0x20).zero).toBe(true);
  });

  it('tells the shift state and sets the LEDs', () => {
    const wait = [...asm.ax(0x0000), ...asm.int(0x16)];
    const machine = biosMachine([floppy(bootImage([...wait, ...wait, ...asm.ax(0x0200), ...asm.int(0x16), ...asm.keep(), ...asm.halt()], FLOPPY_BYTES))]);
    machine.machine.runFor(20_000_000, 3e8);
    machine.machine.command({ kind: 'keyboard', scanCodes: Uint8Array.of(0x3a, 0xba, 0x1e, 0x9e) });
    machine.machine.runFor(100_000_000, 3e8);
    machine.machine.command({ kind: 'keyboard', scanCodes: Uint8Array.of(0x1e, 0x9e) });
    machine.run();
    expect(kept(machine).ax & 0xff).toBe(0x40);
    expect(machine.events.findLast((event) => event.kind === 'keyboard-leds')).toMatchObject({ leds: 4 });
  });
});

describe('INT 1Ah', () => {
  it('counts ticks from midnight, with date and time from the clock', () => {
    const machine = run([
      ...asm.ax(0x0000), ...asm.int(0x1a), ...asm.keep(), ...asm.ax(0x0400), ...asm.int(0x1a), ...asm.keep(0x10),
      ...asm.ax(0x0200), ...asm.int(0x1a), ...asm.keep(0x20),
    ]);
    expect(kept(machine).cx).toBe(0);
    // The host's clock stands at the beginning of 1970.
    expect(kept(machine, 0x10)).toMatchObject({ carry: false, cx: 0x1970, dx: 0x0101 });
    expect(kept(machine, 0x20)).toMatchObject({ carry: false, cx: 0 });
  });

  it('finds PCI devices and reads their registers', () => {
    const machine = run([
      ...asm.ax(0xb101), ...asm.int(0x1a), ...asm.keep(),
      ...asm.ax(0xb102), ...asm.dx(0x8086), ...asm.cx(0x7000), ...asm.si(0), ...asm.int(0x1a), ...asm.keep(0x10),
      ...asm.ax(0xb109), ...asm.di(2), ...asm.int(0x1a), ...asm.keep(0x20),
      ...asm.ax(0xb109), ...asm.di(3), ...asm.int(0x1a), ...asm.keep(0x30),
    ]);
    expect(kept(machine)).toMatchObject({ carry: false, dx: 0x4350, bx: 0x0210 });
    expect(kept(machine, 0x10)).toMatchObject({ carry: false, bx: 0x0008 });
    expect(kept(machine, 0x20)).toMatchObject({ carry: false, cx: 0x7000 });
    expect(kept(machine, 0x30)).toMatchObject({ carry: true, ax: 0x8709 });
  });

  it('gives every PCI BAR a place and each pin its interrupt', () => {
    const machine = run([]);
    const { ports } = machine.machine.board;
    const config = (fn: number, offset: number): number => {
      ports.write(0xcf8, 4, (0x8000_0000 | (fn << 8) | offset) >>> 0);
      return ports.read(0xcfc, 4);
    };
    expect(config(0x10, 0x10) & 0xffff_fff0).not.toBe(0);
    expect(config(0x10, 0x04) & 3).toBe(3);
  });
});

it('keeps its services to the place where they stand', () => {
  // A copy of INT 12h's stub elsewhere is an invalid opcode: vector 6 is called.
  const handler = 0x7d00;
  const code = [...asm.poke(6 * 4, handler), ...asm.poke(6 * 4 + 2, 0), 0x0f, 0x0b];
  const image = bootImage(code, FLOPPY_BYTES);
  image.set([...asm.poke(RESULTS, 0x6666), ...asm.halt()], handler - 0x7c00);
  const machine = biosMachine([floppy(image)]);
  machine.run();
  expect(machine.word(RESULTS)).toBe(0x6666);
});
