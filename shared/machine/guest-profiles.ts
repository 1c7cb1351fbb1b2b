// Which guest system a medium holds, and why we think so. The user may always say otherwise.

import type { MachineSettings } from './config.ts';
import { GUEST_PROFILES, type GuestProfile } from './guest-profiles.table.ts';

export type { GuestProfile };
export { GUEST_PROFILES };

/** A text found on a medium and where it stood: "volume name", "disk info". */
export interface MediumText {
  readonly from: 'volume' | 'application' | 'publisher' | 'info';
  readonly text: string;
}

export interface Recognition {
  readonly profile: GuestProfile;
  /** The text that told it. */
  readonly evidence: MediumText;
}

export function recognise(texts: readonly MediumText[]): Recognition | undefined {
  for (const profile of GUEST_PROFILES)
    for (const evidence of texts)
      if (profile.media.some((pattern) => pattern.test(evidence.text))) return { profile, evidence };
  return undefined;
}

export function guestProfile(id: string | undefined): GuestProfile | undefined {
  return GUEST_PROFILES.find((profile) => profile.id === id);
}

/** The settings with what the guest system wants; disks are not among them. */
export function suitedTo<S extends Pick<MachineSettings, 'guest' | 'memoryMiB' | 'cpu' | 'firmware'>>(settings: S, profile: GuestProfile): S {
  return {
    ...settings,
    guest: profile.id,
    memoryMiB: profile.memoryMiB,
    cpu: { ...settings.cpu, model: profile.cpuModel },
    firmware: { ...settings.firmware, clock: profile.clock },
  };
}
