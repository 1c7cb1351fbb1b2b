// Small pictures of a machine's screen for lists: one look a second, sent when it shows something else than before.
// Not the console: nobody types by these.

import { THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH } from '../../shared/machine/view.ts';
import type { Frame } from './machine-runner.ts';
import { encodePng } from './png.ts';

const INTERVAL_MS = 1000;

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Rows of red, green, blue and 255. */
  readonly pixels: Uint8Array;
}

export class Thumbnails {
  readonly #look: () => Promise<Frame>;
  readonly #emit: (pngBase64: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #last: Picture | undefined;

  constructor(look: () => Promise<Frame>, emit: (pngBase64: string) => void) {
    this.#look = look;
    this.#emit = emit;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#tick(), INTERVAL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #tick(): Promise<void> {
    // A machine that has just ended never answers.
    if (this.#looking) return;
    this.#looking = true;
    const frame = await this.#look();
    this.#looking = false;
    if (this.#timer === undefined || frame.width === 0 || frame.height === 0) return;
    const picture = reduce(frame);
    if (this.#last && isSame(picture, this.#last)) return;
    this.#last = picture;
    this.#emit(Buffer.from(encodePng(picture.width, picture.height, picture.pixels)).toString('base64'));
  }
}

/** To fit the size of thumbnails; each pixel is the mean of those it stands for. */
export function reduce({ width, height, pixels }: Picture): Picture {
  const scale = Math.max(1, width / THUMBNAIL_WIDTH, height / THUMBNAIL_HEIGHT);
  const toWidth = Math.max(1, Math.floor(width / scale));
  const toHeight = Math.max(1, Math.floor(height / scale));
  const to = new Uint8Array(toWidth * toHeight * 4);
  const columns = Array.from({ length: toWidth + 1 }, (_, x) => Math.floor((x * width) / toWidth));
  const sums = new Float64Array(toWidth * 3);
  for (let y = 0; y < toHeight; y++) {
    const top = Math.floor((y * height) / toHeight);
    const bottom = Math.floor(((y + 1) * height) / toHeight);
    sums.fill(0);
    for (let row = top; row < bottom; row++) addRow(pixels, row * width * 4, columns, sums);
    for (let x = 0; x < toWidth; x++) {
      const count = (columns[x + 1]! - columns[x]!) * (bottom - top);
      const at = (y * toWidth + x) * 4;
      for (let c = 0; c < 3; c++) to[at + c] = Math.round(sums[x * 3 + c]! / count);
      to[at + 3] = 255;
    }
  }
  return { width: toWidth, height: toHeight, pixels: to };
}

function addRow(pixels: Uint8Array, row: number, columns: readonly number[], sums: Float64Array): void {
  for (let x = 0; x + 1 < columns.length; x++) {
    const end = row + columns[x + 1]! * 4;
    for (let at = row + columns[x]! * 4; at < end; at += 4)
      for (let c = 0; c < 3; c++) sums[x * 3 + c]! += pixels[at + c]!;
  }
}

function isSame(a: Picture, b: Picture): boolean {
  return a.width === b.width && a.height === b.height && Buffer.compare(a.pixels, b.pixels) === 0;
}
