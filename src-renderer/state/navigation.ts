// Where the user is: a machine and one of its pages, kept in the address so that a reload comes back to it.

import { create } from 'zustand';
import { consoleOnly } from './console-window.ts';

export const PAGES = ['overview', 'console', 'settings', 'snapshots', 'activity', 'logs'] as const;
export type Page = (typeof PAGES)[number];

/** Pages that are not one machine's. */
export const AREAS = ['media', 'preferences'] as const;
export type Area = (typeof AREAS)[number];

interface Place {
  /** null: the machines, or none of them. */
  readonly area: Area | null;
  readonly machineId: string | null;
  readonly page: Page;
  /** The user has just started this machine: its console takes the keyboard when it appears. */
  readonly wantsKeys: boolean;
  /** A setting to show and to focus when its page appears. */
  readonly row: string | null;
}

export const usePlace = create<Place>(() => ({ area: null, machineId: null, page: 'overview', wantsKeys: false, row: null }));

export function goTo(machineId: string | null, page: Page = 'overview', wantsKeys = false): void {
  usePlace.setState({ area: null, machineId, page, wantsKeys, row: null });
  const hash = machineId === null ? '' : `#machine/${machineId}/${page}`;
  if (consoleOnly === null && location.hash !== hash) history.pushState(null, '', `${location.pathname}${hash}`);
}

export function goToArea(area: Area): void {
  usePlace.setState({ area, machineId: null, row: null });
  if (location.hash !== `#${area}`) history.pushState(null, '', `${location.pathname}#${area}`);
}

/** To one setting of a machine, or one preference. */
export function goToRow(machineId: string | null, row: string): void {
  if (machineId === null) goToArea('preferences');
  else goTo(machineId, 'settings');
  usePlace.setState({ row });
}

/** The setting was shown. */
export function rowShown(): void {
  usePlace.setState({ row: null });
}

/** Whether the console may take the keyboard; true once. */
export function takeKeysRequest(): boolean {
  const { wantsKeys } = usePlace.getState();
  if (wantsKeys) usePlace.setState({ wantsKeys: false });
  return wantsKeys;
}

/** From now on the address and the place are the same. */
export function followAddress(): void {
  const read = () => usePlace.setState(placeOf(location.hash));
  window.addEventListener('popstate', read);
  window.addEventListener('hashchange', read);
  read();
}

function placeOf(hash: string): Place {
  const match = /^#machine\/([a-z0-9-]{1,64})\/([a-z]+)$/.exec(hash);
  const page = PAGES.find((known) => known === match?.[2]);
  const area = AREAS.find((known) => hash === `#${known}`) ?? null;
  return { area, machineId: match?.[1] ?? null, page: page ?? 'overview', wantsKeys: false, row: null };
}
