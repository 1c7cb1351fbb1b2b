// Pictures and what changes in them, for those who pass them on.

export { DirtyTiles, TILE } from './dirty-tiles.ts';
export type { FrameUpdate, Rectangle, ScreenSource, TextScreen } from './frame.ts';
