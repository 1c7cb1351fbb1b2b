// Power management as the PIIX4 has it (Intel 290562, chapter 7): status, sleep, timer, power button.

import { describe, expect, it } from 'vitest';
import { PortSpace } from '../../../src-main/engine/bus/port-space.ts';
import { PciHost } from '../../../src-main/engine/devices/pci/pci-host.ts';
import { AcpiPm, type AcpiPmOptions, PM_TIMER_HZ } from '../../../src-main/engine/devices/piix/acpi-pm.ts';
import { fakeContext } from '../../support/fake-context.ts';

const BASE = 0x600;
const [STATUS, ENABLE, CONTROL, TIMER, GPE_STATUS, GPE_ENABLE] = [0x600, 0x602, 0x604, 0x608, 0x60c, 0x60e];

function board(options: Partial<AcpiPmOptions> = {}) {
  const context = fakeContext();
  const ports = new PortSpace();
  let poweredOff = 0;
  const power = { powerOff: () => poweredOff++ };
  const pm = new AcpiPm(context, { slot: 1, function: 3, power, ports, initialBase: BASE, ...options });
  const host = new PciHost({ functions: [pm.pci], ports, memory: { move() {} } });
  ports.attach(pm);
  host.reset();
  pm.reset();
  return { context, ports, pm, host, sci: context.irq('sci'), poweredOff: () => poweredOff };
}

describe('PIIX4 power management', () => {
  it('counts the PM timer at 3.579545 MHz in 24 bits', () => {
    const { context, ports } = board();
    context.clock.advance(1e9 + 100);
    expect(ports.read(TIMER, 4)).toBe(PM_TIMER_HZ);
    context.clock.advance(3.8e9);
    expect(ports.read(TIMER, 4)).toBe(Math.floor(4.8000001 * PM_TIMER_HZ) - 2 ** 24);
    expect(ports.read(TIMER + 1, 1)).toBe((ports.read(TIMER, 4) >>> 8) & 0xff);
  });

  it('raises SCI for the power button when enabled, until the status is cleared', () => {
    const { ports, pm, sci } = board({ acpiAtReset: true });
    pm.pressPowerButton();
    expect([ports.read(STATUS, 2), sci.level]).toEqual([0x100, false]);
    ports.write(ENABLE, 2, 0x100);
    expect(sci.level).toBe(true);
    ports.write(STATUS, 2, 0x100);
    expect([ports.read(STATUS, 2), sci.level]).toEqual([0, false]);
  });

  it('needs ACPI mode for SCI: port B2h switches it', () => {
    const { ports, pm, sci } = board();
    ports.write(ENABLE, 2, 0x100);
    pm.pressPowerButton();
    expect([sci.level, ports.read(CONTROL, 2)]).toEqual([false, 0]);
    ports.write(0xb2, 1, 0xf1);
    expect([sci.level, ports.read(CONTROL, 2)]).toEqual([true, 1]);
    ports.write(0xb2, 1, 0xf0);
    expect(sci.level).toBe(false);
    ports.write(0xb3, 1, 0x77);
    expect([ports.read(0xb2, 1), ports.read(0xb3, 1)]).toEqual([0xf0, 0x77]);
  });

  it('stays in ACPI mode where there is no other', () => {
    const { ports } = board({ acpiAtReset: true });
    ports.write(CONTROL, 2, 0);
    expect(ports.read(CONTROL, 2)).toBe(1);
  });

  it("tells of the timer's top bit, as status and as interrupt", () => {
    const { context, ports, sci } = board({ acpiAtReset: true });
    context.clock.advance(2.4e9);
    expect(ports.read(STATUS, 2)).toBe(1);
    ports.write(STATUS, 2, 1);
    ports.write(ENABLE, 2, 1);
    expect(sci.level).toBe(false);
    context.clock.advance(2.4e9);
    expect(sci.level).toBe(true);
  });

  it('powers off on SLP_EN with the type of S5 only', () => {
    const { ports, poweredOff } = board();
    ports.write(CONTROL, 2, 0x2400);
    expect(poweredOff()).toBe(0);
    ports.write(CONTROL, 2, 0x0000);
    expect(poweredOff()).toBe(0);
    ports.write(CONTROL, 2, 0x2001);
    expect([poweredOff(), ports.read(CONTROL, 2)]).toEqual([1, 1]);
  });

  it('powers off by a byte write to the upper half as well', () => {
    const { ports, poweredOff } = board();
    ports.write(CONTROL + 1, 1, 0x20);
    expect(poweredOff()).toBe(1);
  });

  it('has general-purpose events', () => {
    const { ports, pm, sci } = board({ acpiAtReset: true });
    ports.write(GPE_ENABLE, 2, 0x0008);
    pm.raiseEvent(0x18);
    expect([sci.level, ports.read(GPE_STATUS, 4)]).toEqual([true, 0x0008_0018]);
    ports.write(GPE_STATUS, 2, 0x0008);
    expect([sci.level, ports.read(GPE_STATUS, 2)]).toEqual([false, 0x10]);
  });

  it('writes status and enable together as a doubleword', () => {
    const { ports, pm } = board();
    pm.pressPowerButton();
    ports.write(STATUS, 4, 0x0020_0100);
    expect(ports.read(STATUS, 4)).toBe(0x0020_0000);
  });

  it('goes where PMBASE says', () => {
    const { ports, host } = board({ initialBase: undefined } as never);
    expect(ports.read(0x604, 2)).toBe(0xffff);
    host.writeConfig(1, 3, 0x40, 4, 0xb001);
    host.writeConfig(1, 3, 0x80, 1, 1);
    expect(ports.read(0xb004, 2)).toBe(0);
    host.writeConfig(1, 3, 0x80, 1, 0);
    expect(ports.read(0xb004, 2)).toBe(0xffff);
  });

  it('drops SCI on reset', () => {
    const { ports, pm, sci } = board({ acpiAtReset: true });
    ports.write(ENABLE, 2, 0x100);
    pm.pressPowerButton();
    pm.reset();
    expect([sci.level, ports.read(STATUS, 4)]).toEqual([false, 0]);
  });
});
