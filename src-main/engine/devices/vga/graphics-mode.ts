// Draws the VGA's graphics modes: four planes, the two-bit dots of CGA modes, and one byte a dot. Rows whose memory
// was not written are left alone. Reference: IBM PS/2 Technical Reference, "Graphics Mode Register" (shift registers).

import type { Surface } from '../../display/surface.ts';
import type { Band, Geometry } from './crtc.ts';
import type { ColorTables } from './dac.ts';
import type { VideoMemory } from './video-memory.ts';

/** How the bytes of the four planes become dots. */
export type Shift = 'planes' | 'pairs' | 'bytes';

export interface GraphicsPicture {
  readonly layout: Geometry;
  readonly shift: Shift;
  /** Memory offset that address counter and row scan stand for. */
  offsetOf(counter: number, rowScan: number): number;
}

export class GraphicsMode {
  private readonly memory: VideoMemory;
  private readonly colors: ColorTables;
  private line = new Uint32Array(0);

  constructor(memory: VideoMemory, colors: ColorTables) {
    this.memory = memory;
    this.colors = colors;
  }

  /** `whole`: rows may have changed without their memory having been written. */
  draw(surface: Surface, picture: GraphicsPicture, whole: boolean): void {
    const { layout } = picture;
    const length = (layout.columns + 1) * layout.charWidth;
    if (this.line.length !== length) this.line = new Uint32Array(length);
    for (const band of layout.bands) {
      for (let y = band.top; y < band.bottom; y++) {
        const scan = y - band.top + band.rowScan;
        const counter = band.start + Math.floor(scan / layout.rowLines) * layout.pitch;
        if (whole || this.written(picture, counter, scan % layout.rowLines))
          this.drawLine(surface, picture, band, y);
      }
    }
  }

  private written({ layout, offsetOf }: GraphicsPicture, counter: number, rowScan: number): boolean {
    const first = offsetOf(counter, rowScan);
    const last = offsetOf(counter + layout.columns, rowScan);
    return last < first || this.memory.isDirty(first * 4, last * 4 + 4);
  }

  private drawLine(
    surface: Surface,
    { layout, shift, offsetOf }: GraphicsPicture,
    band: Band,
    y: number,
  ): void {
    const scan = y - band.top + band.rowScan;
    const rowScan = scan % layout.rowLines;
    const counter = band.start + Math.floor(scan / layout.rowLines) * layout.pitch;
    const columns = layout.columns + (band.pan > 0 ? 1 : 0);
    for (let column = 0; column < columns; column++) {
      const word = this.memory.words[offsetOf(counter + column, rowScan)] ?? 0;
      const at = column * layout.charWidth;
      if (shift === 'bytes') this.putBytes(at, word, layout.charWidth);
      else if (shift === 'pairs') this.putPairs(at, word);
      else this.putPlanes(at, word);
    }
    surface.putLine(y, band.pan === 0 ? this.line : this.line.subarray(band.pan));
  }

  /** Eight dots, a bit from each plane. */
  private putPlanes(at: number, word: number): void {
    const { line } = this;
    const { of16 } = this.colors;
    for (let dot = 0; dot < 8; dot++) {
      const bits = word >>> (7 - dot);
      line[at + dot] = of16[(bits & 1) | ((bits >>> 7) & 2) | ((bits >>> 14) & 4) | ((bits >>> 21) & 8)]!;
    }
  }

  /** Four dots of two bits from plane 0, then four from plane 1; planes 2 and 3 add the upper two bits. */
  private putPairs(at: number, word: number): void {
    const { line } = this;
    const { of16 } = this.colors;
    for (let dot = 0; dot < 8; dot++) {
      const bits = word >>> ((dot & 4 ? 8 : 0) + 6 - 2 * (dot & 3));
      line[at + dot] = of16[(bits & 3) | ((bits >>> 14) & 12)]!;
    }
  }

  /** Four dots of a byte each; without the halved dot clock each is two dots wide. */
  private putBytes(at: number, word: number, dots: number): void {
    const { line } = this;
    const { of256 } = this.colors;
    const repeat = dots >>> 2;
    for (let dot = 0; dot < dots; dot++) {
      line[at + dot] = of256[(word >>> (8 * (repeat === 1 ? dot : dot >>> 1))) & 0xff]!;
    }
  }
}
