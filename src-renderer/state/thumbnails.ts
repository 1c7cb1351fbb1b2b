// Small pictures of the machines' screens, as the application sends them. Apart from the machines, so that a new picture
// redraws one row and nothing else.

import { create } from 'zustand';

/** Addresses for <img>, by machine. */
export const useThumbnails = create<Readonly<Record<string, string>>>(() => ({}));

export function putThumbnail(id: string, pngBase64: string): void {
  useThumbnails.setState({ [id]: `data:image/png;base64,${pngBase64}` });
}
