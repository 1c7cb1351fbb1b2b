// How large a guest's screen is shown, in device pixels: the canvas has exactly one for each, so nothing is blurred
// by the browser.

import type { Preferences } from '../../../shared/rpc/app-contract.ts';

export type Scaling = Preferences['consoleScaling'];

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** `room` is in device pixels too. `none` keeps a guest pixel the size of a CSS pixel, which people can see. */
export function shownSize(guest: Size, room: Size, scaling: Scaling, pixelRatio: number): Size {
  if (guest.width === 0 || guest.height === 0) return { width: 0, height: 0 };
  const fit = Math.min(room.width / guest.width, room.height / guest.height);
  const scale = scaleOf(scaling, fit, pixelRatio);
  return {
    width: Math.max(1, Math.round(guest.width * scale)),
    height: Math.max(1, Math.round(guest.height * scale)),
  };
}

function scaleOf(scaling: Scaling, fit: number, pixelRatio: number): number {
  switch (scaling) {
    case 'none':
      return Math.max(1, Math.round(pixelRatio));
    case 'integer':
      return fit >= 1 ? Math.floor(fit) : fit;
    case 'fit':
      return fit;
  }
}

/**
 * Where a picture that is centred in its room begins, in CSS pixels from the room's edge: at a device pixel, so that each
 * of its own falls on one. `edge` and `room` are in CSS pixels, `picture` in device pixels.
 */
export function startOf(edge: number, room: number, picture: number, pixelRatio: number): number {
  const free = Math.max(0, room * pixelRatio - picture);
  const start = Math.max(Math.ceil(edge * pixelRatio), Math.floor(edge * pixelRatio + free / 2));
  return start / pixelRatio - edge;
}
