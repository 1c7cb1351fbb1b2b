// The machine that shows what machines are: small, without a disk, with a CD that the application makes itself.

import { defaultSettings, type MachineSettings } from './config.ts';
import { freeName } from './free-name.ts';
import { guestProfile, suitedTo } from './guest-profiles.ts';

/** Its guest profile. */
export const DEMO_GUEST = 'demo';
/** Beside `machine.json`. */
export const DEMO_CD = 'demo.iso';

export function demoSettings(name: string): MachineSettings {
  const profile = guestProfile(DEMO_GUEST);
  const settings = { ...defaultSettings(name), drives: [{ id: 'cd0', kind: 'cdrom', bus: 'ide', slot: 2, path: DEMO_CD, format: 'raw', readOnly: true }] } satisfies MachineSettings;
  return profile === undefined ? settings : suitedTo(settings, profile);
}

/** "Demo", or with the first number that no machine has. */
export function demoName(taken: readonly string[]): string {
  return freeName('Demo', taken);
}
