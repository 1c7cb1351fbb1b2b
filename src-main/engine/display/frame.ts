// A picture of a screen and what is new in it, as display adapters give it out: plain data that crosses threads.

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A text screen as text: for reading aloud, copying and tests. */
export interface TextScreen {
  readonly columns: number;
  /** One string of `columns` UTF-16 units a row. */
  readonly rows: readonly string[];
  /** Undefined while hidden. */
  readonly cursor: { readonly column: number; readonly row: number } | undefined;
}

/** What changed on the screen. Where the pixels are, whoever passes it on says. */
export interface FrameUpdate {
  readonly width: number;
  readonly height: number;
  readonly dirty: readonly Rectangle[];
  /** Text modes only. */
  readonly text: TextScreen | undefined;
}

/** A display adapter's picture. */
export interface ScreenSource {
  /** The last picture drawn: `width` x `height` pixels of red, green, blue, 255, rows without gap. */
  readonly pixels: SharedArrayBuffer;
  /** Draws what changed since the last call; `whole` reports all of it as changed. Undefined when that is nothing. */
  refresh(whole: boolean): FrameUpdate | undefined;
}
