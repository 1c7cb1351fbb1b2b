// From the reset vector to the first instruction of a boot loader, and what is said when there is none.

import { describe, expect, it } from 'vitest';
import { asm, biosMachine, bootImage, cdrom, disk, FLOPPY_BYTES, floppy, kept, RESULTS, SECTOR } from '../../../support/bios-machine.ts';
import { elToritoImage } from '../../../support/el-torito.ts';

const report = [...asm.keep(), ...asm.halt()];

describe('the BIOS', () => {
  it('boots a floppy with DL=0, at 0000:7C00', () => {
    const machine = biosMachine([floppy(bootImage(report, FLOPPY_BYTES))]);
    expect(machine.run().kind).toBe('idle');
    expect(kept(machine)).toMatchObject({ ax: 0xaa55, dx: 0, es: 0 });
    const { context } = machine.machine.engine;
    expect([context.get32('segmentSelector', 1), context.low('rip')]).toEqual([0, 0x7c00 + report.length]);
  });

  it('boots a disk with DL=80h before it looks at the CD', () => {
    const machine = biosMachine([cdrom(elToritoImage({ code: asm.halt() })), disk(bootImage(report, 0x10_0000))]);
    machine.run();
    expect(kept(machine).dx).toBe(0x80);
  });

  it('follows the order it is given', () => {
    const drives = [cdrom(elToritoImage({ code: report })), disk(bootImage(asm.halt(), 0x10_0000))];
    const machine = biosMachine(drives, { firmware: { order: 'd', menu: false, strict: false } });
    machine.run();
    expect(kept(machine).dx).toBe(0xe0);
  });

  it('reaches the boot loader within a hundredth of a second of guest time', () => {
    const machine = biosMachine([disk(bootImage(report, 0x10_0000))]);
    machine.run(10_000_000);
    expect(kept(machine).dx).toBe(0x80);
  });

  it('leaves the vectors and the data area as documented', () => {
    const machine = biosMachine([floppy(bootImage(asm.halt(), FLOPPY_BYTES))]);
    machine.run();
    expect(machine.dword(4 * 0x13)).toBe(0xf000e3fe);
    expect(machine.dword(4 * 0x10) >>> 16).toBe(0xc000);
    expect(machine.word(0x400)).toBe(0x3f8);
    expect(machine.word(0x40e)).toBe(0x9fc0);
    expect(machine.word(0x410) & 0x0fff).toBe(0x0227);
    expect(machine.word(0x413)).toBe(639);
    expect(machine.bytes(0x449, 3)).toEqual([3, 80, 0]);
    expect(machine.bytes(0xffff0, 1)).toEqual([0xea]);
    expect(machine.bytes(0xffffe, 1)).toEqual([0xfc]);
    expect(machine.bytes(0xc0000, 3)).toEqual([0x55, 0xaa, 0x40]);
  });

  it('says for each device why it did not boot', () => {
    const empty = disk(new Uint8Array(0x10_0000));
    const machine = biosMachine([floppy(undefined), empty, cdrom(new Uint8Array(0x20_0000))]);
    machine.run();
    const text = machine.screen().join('\n');
    expect(text).toContain('Hard disk ide0-hd0: its first sector is no boot sector');
    expect(text).toContain('CD-ROM ide1-cd0: it is not bootable');
    expect(text).toContain('Floppy floppy0: there is no floppy in the drive.');
    expect(text).toContain('Nothing to boot from.');
  });

  it('says that nothing is connected', () => {
    const machine = biosMachine([]);
    machine.run();
    expect(machine.screen().join('\n')).toContain('No disk, CD or floppy is connected');
  });

  it('goes on to the next device after INT 18h', () => {
    const machine = biosMachine([disk(bootImage(asm.int(0x18), 0x10_0000)), floppy(bootImage(report, FLOPPY_BYTES))]);
    machine.run();
    expect(kept(machine)).toMatchObject({ ax: 0xaa55, dx: 0 });
  });

  it('shows a menu after F12 and boots what is chosen', () => {
    const drives = [disk(bootImage(asm.halt(), 0x10_0000)), floppy(bootImage(report, FLOPPY_BYTES))];
    const machine = biosMachine(drives, { firmware: { order: 'c', menu: true, strict: false } });
    machine.machine.runFor(20_000_000, 2e8);
    expect(machine.screen().join('\n')).toContain('Press F12 or Esc');
    machine.machine.command({ kind: 'keyboard', scanCodes: Uint8Array.of(0x58, 0xd8) });
    machine.machine.runFor(100_000_000, 3e8);
    expect(machine.screen().join('\n')).toContain('2. Floppy floppy0');
    machine.machine.command({ kind: 'keyboard', scanCodes: Uint8Array.of(0x03, 0x83) });
    machine.run();
    expect(kept(machine)).toMatchObject({ ax: 0xaa55, dx: 0 });
  });

  it('starts again when the guest resets the machine', () => {
    // Counts its starts in the CMOS memory, register 60h, and resets once.
    const code = [
      0xb0, 0x60, 0xe6, 0x70, 0xe4, 0x71, 0xfe, 0xc0, 0x88, 0xc3, 0xb0, 0x60, 0xe6, 0x70, 0x88, 0xd8, 0xe6, 0x71, 0x3c, 0x02, 0x74, 0x04,
      0xb0, 0xfe, 0xe6, 0x64, 0xa2, RESULTS & 0xff, RESULTS >> 8, ...asm.halt(),
    ];
    const machine = biosMachine([disk(bootImage(code, 0x10_0000))]);
    machine.run();
    expect(machine.events.filter(({ kind }) => kind === 'restarted')).toHaveLength(1);
    expect(machine.bytes(RESULTS, 1)).toEqual([2]);
  });
});

describe('El Torito', () => {
  it('loads as many sectors as the catalogue says', () => {
    const machine = biosMachine([cdrom(elToritoImage({ code: report, loadSectors: 8 }))]);
    machine.run();
    expect(kept(machine).dx).toBe(0xe0);
    expect(machine.bytes(0x7c00 + 8 * SECTOR - 1, 2)).toEqual([8, 0]);
  });

  it('emulates a floppy: DL=0 reads the image by CHS', () => {
    const code = [...asm.ax(0x0201), ...asm.bx(0x8000), ...asm.cx(0x0105), ...asm.dx(0x0100), ...asm.int(0x13), ...asm.keep(), ...asm.halt()];
    const machine = biosMachine([cdrom(elToritoImage({ code, media: 2, imageBytes: FLOPPY_BYTES }))]);
    machine.run();
    expect(kept(machine)).toMatchObject({ carry: false, ax: 0x0001 });
    // Cylinder 1, head 1, sector 5 is the 59th.
    expect(machine.bytes(0x8000 + SECTOR - 1, 1)).toEqual([(1 * 2 + 1) * 18 + 4 + 1]);
  });

  it('refuses a damaged catalogue', () => {
    const image = elToritoImage({ code: report });
    image[19 * 2048 + 2] = 1;
    const machine = biosMachine([cdrom(image)]);
    machine.run();
    expect(machine.screen().join('\n')).toContain('its boot catalogue is damaged');
  });
});
