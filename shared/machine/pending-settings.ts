// Settings that were changed while the machine could not take them: kept beside its configuration, and part of it as soon
// as it is off.

import { z } from 'zod';
import { type MachineSettings, machineSettings } from './config.ts';

/** What nothing of a running machine depends on: changed at once. */
export const LIVE_KEYS = ['name', 'guest', 'group', 'tags', 'description'] as const;
/** The rest, except drives: their images and layers change while the machine runs. */
export const PENDING_KEYS = ['cpu', 'memoryMiB', 'boot', 'firmware', 'display', 'serial'] as const;

const { cpu, memoryMiB, boot, firmware, display, serial } = machineSettings.shape;

export const pendingSettings = z.object({ cpu, memoryMiB, boot, firmware: firmware.unwrap(), display, serial }).partial();
export type PendingSettings = z.infer<typeof pendingSettings>;

/** Plain data in the order it was read. */
export function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

export function pendingOf(before: MachineSettings, wanted: MachineSettings): PendingSettings {
  return Object.fromEntries(PENDING_KEYS.filter((key) => !isSame(before[key], wanted[key])).map((key) => [key, wanted[key]]));
}

/** The settings that can be changed only when the machine is off. */
export function heldKeys(before: MachineSettings, wanted: MachineSettings): string[] {
  const free = new Set<string>([...LIVE_KEYS, ...PENDING_KEYS]);
  return [...new Set([...Object.keys(before), ...Object.keys(wanted)])].filter((key) => !free.has(key) && !isSame(before[key], wanted[key]));
}

/** The settings with what waits. */
export function withPending(settings: MachineSettings, pending: PendingSettings | null): MachineSettings {
  return { ...settings, ...Object.fromEntries(Object.entries(pending ?? {}).filter(([, value]) => value !== undefined)) };
}
