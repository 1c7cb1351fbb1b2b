// The demo as its users meet it: a CD that boots, text, keys, mouse, pictures, and the power button.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DEMO_VOLUME, demoCd } from '../../../../src-main/engine/firmware/demo/cd.ts';
import { probeFile } from '../../../../src-main/host/file-probe.ts';
import { biosMachine, cdrom } from '../../../support/bios-machine.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const CD = demoCd();
const F1 = 0x3b;
const F2 = 0x3c;
const F10 = 0x44;
const ESCAPE = 0x01;

function demo() {
  const booted = biosMachine([cdrom(CD)]);
  const { machine } = booted;
  const go = (seconds: number): void => void machine.runFor(40_000_000, seconds * 1e9);
  const press = (...codes: number[]): void => {
    for (const code of codes) machine.command({ kind: 'keyboard', scanCodes: Uint8Array.of(code, code | 0x80) });
    go(0.5);
  };
  const move = (dx: number, dy: number, buttons = 0): void => {
    machine.command({ kind: 'mouse', dx, dy, wheel: 0, buttons });
    go(0.3);
  };
  /** Colours of mode 13h, by their numbers. */
  const dots = (): Set<number> => new Set(booted.bytes(0x3_0000, 320 * 184));
  go(1);
  return { ...booted, go, press, move, dots, text: () => booted.screen().join('\n') };
}

describe('the demo', () => {
  it('starts and tells what the machine is made of', () => {
    const { text } = demo();
    for (const part of ['Boxwright demo machine', 'Memory       8 MiB', 'Pentium III', `CD           ${DEMO_VOLUME}`]) expect(text()).toContain(part);
  });

  it('echoes what is typed and takes it back, and follows the mouse', () => {
    const { press, move, text } = demo();
    // h, i, backspace, o
    press(0x23, 0x17, 0x0e, 0x18);
    expect(text()).toMatch(/Type here: +ho$/m);
    press(0x1c);
    expect(text()).toMatch(/Type here:$/m);
    move(-20, 11, 1);
    expect(text()).toMatch(/Mouse +300,211 pressed/);
    move(-200, 0);
    move(-200, 0);
    expect(text()).toMatch(/Mouse +0,211 +│/);
  });

  it('shows waves of colour, and the text screen again', () => {
    const { press, dots, text } = demo();
    press(F1);
    expect(dots().size).toBeGreaterThan(150);
    press(ESCAPE);
    expect(text()).toContain('Boxwright demo machine');
  });

  it('paints with the left button and clears with the right one', () => {
    const { press, move, dots } = demo();
    press(F2);
    // An empty canvas and the pointer.
    expect(dots()).toEqual(new Set([254, 255]));
    move(10, 10, 1);
    expect(dots().size).toBeGreaterThan(2);
    move(0, 0, 2);
    expect(dots()).toEqual(new Set([254, 255]));
  });

  it.each([
    ['F10', (at: ReturnType<typeof demo>) => at.press(F10)],
    ['the power button', (at: ReturnType<typeof demo>) => at.machine.command({ kind: 'power-button' })],
    ['the power button in a picture', (at: ReturnType<typeof demo>) => {
      at.press(F1);
      at.machine.command({ kind: 'power-button' });
    }],
  ])('powers off by %s', (_, end) => {
    const at = demo();
    end(at);
    at.go(1);
    expect(at.events.find(({ kind }) => kind === 'stopped')).toMatchObject({ reason: { kind: 'power-off' } });
  });

  it('is recognised by its name', async () => {
    const path = join(temporaryFolder(), 'demo.iso');
    await writeFile(path, CD);
    expect(await probeFile({ path, purpose: 'cdrom' })).toMatchObject({ problem: null, guest: { profile: 'demo', text: DEMO_VOLUME } });
  });
});
